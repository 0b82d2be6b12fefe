"""`izwi export`: answers and records for analysis, as files that are whole or not there."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import Connection

from app.cli.allowing import trail
from app.cli.files import whole_file, whole_text
from app.cli.root import fail, read_settings, say
from app.cli.stored import loaded_keys, opened
from app.gateway.library import Library
from app.gateway.recording import Recording
from app.reports import answers as report
from app.reports import consents, lines, nested, records
from app.settings import Settings
from app.store import answers, surveys
from app.store import records as stored
from app.store.unit import Database
from app.values import Doubt, RunState

_WRITERS = {"csv": lines.write_csv, "jsonl": lines.write_jsonl}
_ENDS = (RunState.COMPLETED, RunState.DECLINED, RunState.SCREENED_OUT)
_SURVEY = click.option("--survey", help="Only this survey  [default: all]")
_OUTPUT = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write  [default: the screen]"
)


def _doubts(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> frozenset[Doubt]:
    """Read kinds of flags, parted by commas or given one by one."""
    named = {name.strip() for each in given for name in each.split(",")} - {""}
    known = {each.value for each in Doubt}
    if wrong := sorted(named - known - {"all"}):
        raise click.BadParameter(f"There is no flag {wrong[0]!r}. There are: {', '.join(known)}, and all.")
    return frozenset(Doubt if "all" in named else map(Doubt, named))


_WITHOUT = click.option(
    "--without-flags", "without", multiple=True, callback=_doubts, metavar="KINDS",
    help="Leave out runs that have one of these flags: fast,identical … or all; see docs/do-no-harm.md",
)  # fmt: skip
_FORMAT = click.option("--format", "kind", type=click.Choice(list(_WRITERS)), default="csv", show_default=True)


@click.group(short_help="Write answers and records for analysis")
def export() -> None:
    """Write data for analysis. Respondents are pseudonyms; no phone number is ever in it."""


@export.command("answers")
@_FORMAT
@_SURVEY
@click.option("--language", help="Language of the labels  [default: the one each was asked in]")
@_WITHOUT
@_OUTPUT
def export_answers(
    kind: str, survey: str | None, language: str | None, without: frozenset[Doubt], output: Path | None
) -> None:
    """Write every answer in long form, one a line.

    Columns: respondent, survey, version, question, label, value, value_label, raw, language, channel, answered_at (UTC),
    mode, proxy, flags. Skipped questions have an empty value. In CSV a text that a spreadsheet would run as a formula gets
    an apostrophe.
    """
    settings = read_settings()
    with opened(settings) as database:
        _must_be_known(database, survey)
        library = Library(database)
        if failed := _make_records(settings, database, library):
            say(f"{failed} runs have no flags, because they cannot be judged; the log says which.", err=True)

        def work(connection: Connection) -> int:
            found = report.rows(
                connection, lambda key: library.edition(key).flow, survey=survey, language=language, without=without,
                neutral=kind == "csv",
            )  # fmt: skip
            with whole_text(output) as out:
                if kind == "csv":
                    return lines.write_csv(out, report.COLUMNS, found, neutral=False)
                return lines.write_jsonl(out, report.COLUMNS, found)

        _written(settings, database, work, "answers", survey, output)
        if without:
            _left_out(database, partial(answers.left_out, survey_name=survey, without=without))


@export.command("records")
@click.option(
    "--format", "kind", type=click.Choice(["xml", "zip", "json"]), default="json", show_default=True,
    help="json: an object a line, as ODK Central nests it; xml: one document; zip: a file for each record, and the forms",
)  # fmt: skip
@_SURVEY
@click.option(
    "--state",
    "states",
    type=click.Choice([*(each.value for each in _ENDS), "all"]),
    multiple=True,
    default=["completed"],
    show_default=True,
    help="Runs that ended so; may be given several times",
)
@_WITHOUT
@_OUTPUT
def export_records(
    kind: str, survey: str | None, states: tuple[str, ...], without: frozenset[Doubt], output: Path | None
) -> None:
    """Write finished records: what ODK Collect would have submitted.

    A record is an XML instance of its form. It lacks what was not relevant, holds repeats as often as they were answered,
    and is the same at every export. Runs that stopped or expired have none. See docs/records.md.
    """
    if kind == "zip" and output is None and sys.stdout.isatty():
        fail("A zip file is nothing for the screen: name a file with --output.", code=2)
    wanted = _ENDS if "all" in states else tuple(RunState(each) for each in states)
    settings = read_settings()
    with opened(settings) as database:
        _must_be_known(database, survey)
        if failed := _make_records(settings, database, Library(database)):
            say(
                f"{failed} runs have no record, because it cannot be made; the log says which. Please report it.",
                err=True,
            )

        def work(connection: Connection) -> int:
            found = stored.export(connection, survey_name=survey, states=wanted, without=without)
            xform = partial(surveys.xform, connection)
            if kind == "json":
                with whole_text(output) as text:
                    return nested.write_json(text, found, xform)
            with whole_file(output) as out:
                return records.write_xml(out, found) if kind == "xml" else records.write_zip(out, found, xform)

        _written(settings, database, work, "records", survey, output)
        if without:
            _left_out(database, partial(stored.left_out, survey_name=survey, states=wanted, without=without))


@export.command("consents")
@_FORMAT
@_SURVEY
@_OUTPUT
def export_consents(kind: str, survey: str | None, output: Path | None) -> None:
    """Write who agreed to what, in which words, when, and who took it back: the record that the law asks for.

    One line for each answer to a question for consent; where a respondent answered again, her last line counts.
    Columns: respondent, survey, version, purpose, granted, question, text_sha256, language, channel, at, withdrawn_at,
    withdrawn_by. See docs/do-no-harm.md.
    """
    settings = read_settings()
    with opened(settings) as database:
        _must_be_known(database, survey)

        def work(connection: Connection) -> int:
            with whole_text(output) as out:
                return _WRITERS[kind](out, consents.COLUMNS, consents.rows(connection, survey=survey))

        _written(settings, database, work, "consents", survey, output)


def _make_records(settings: Settings, database: Database, library: Library) -> int:
    """Make the records that are missing, and judge those runs; returns how many cannot be made."""
    return Recording(settings, database, library, loaded_keys(settings)).make_all(datetime.now(UTC))


def _left_out(database: Database, count: Callable[[Connection], int]) -> None:
    say(f"{database.read(count)} runs were left out for their flags.", err=True)


def _must_be_known(database: Database, survey: str | None) -> None:
    known = database.read(surveys.ids)
    if survey and survey not in known:
        fail(f"There is no survey {survey!r}. There are: {', '.join(sorted(known)) or 'none'}.")


def _written(
    settings: Settings,
    database: Database,
    work: Callable[[Connection], int],
    what: str,
    survey: str | None,
    output: Path | None,
) -> None:
    """Note it, then do the writing; somebody who reads no further, as `head` does, is no fault."""
    pen, now = trail(settings), datetime.now(UTC)
    database.write(lambda connection: pen.note(connection, f"export {what}", survey or "all", at=now))
    try:
        count: Any = database.read(work)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to be flushed goes nowhere
        sys.exit(0)
    if output:
        say(f"{count} {what} written to {output}.", err=True)
