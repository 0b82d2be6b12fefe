"""`izwi export`: answers and records for analysis, as files that are whole or not there."""

import sys
from functools import partial
from pathlib import Path

import click
from sqlalchemy.engine import Connection

from app.cli.extracting import export_data
from app.cli.files import whole_file, whole_text
from app.cli.handing import OUTPUT, WITHOUT, left_out, make_records, must_be_known, written
from app.cli.root import fail, read_settings, say
from app.cli.stored import opened
from app.gateway.library import Library
from app.reports import answers as report
from app.reports import consents, lines, nested, records
from app.store import answers, surveys
from app.store import records as stored
from app.values import Doubt, RunState

_WRITERS = {"csv": lines.write_csv, "jsonl": lines.write_jsonl}
_ENDS = (RunState.COMPLETED, RunState.DECLINED, RunState.SCREENED_OUT)
_SURVEY = click.option("--survey", help="Only this survey  [default: all]")
_FORMAT = click.option("--format", "kind", type=click.Choice(list(_WRITERS)), default="csv", show_default=True)


@click.group(short_help="Write answers and records for analysis")
def export() -> None:
    """Write data for analysis. Respondents are pseudonyms; no phone number is ever in it."""


@export.command("answers")
@_FORMAT
@_SURVEY
@click.option("--language", help="Language of the labels  [default: the one each was asked in]")
@WITHOUT
@OUTPUT
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
        must_be_known(database, survey)
        library = Library(database)
        if failed := make_records(settings, database, library):
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

        written(settings, database, work, "answers", survey, output)
        if without:
            left_out(database, partial(answers.left_out, survey_name=survey, without=without))


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
@WITHOUT
@OUTPUT
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
        must_be_known(database, survey)
        if failed := make_records(settings, database, Library(database)):
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

        written(settings, database, work, "records", survey, output)
        if without:
            left_out(database, partial(stored.left_out, survey_name=survey, states=wanted, without=without))


@export.command("consents")
@_FORMAT
@_SURVEY
@OUTPUT
def export_consents(kind: str, survey: str | None, output: Path | None) -> None:
    """Write who agreed to what, in which words, when, and who took it back: the record that the law asks for.

    One line for each answer to a question for consent; where a respondent answered again, her last line counts.
    Columns: respondent, survey, version, purpose, granted, question, text_sha256, language, channel, at, withdrawn_at,
    withdrawn_by. See docs/do-no-harm.md.
    """
    settings = read_settings()
    with opened(settings) as database:
        must_be_known(database, survey)

        def work(connection: Connection) -> int:
            with whole_text(output) as out:
                return _WRITERS[kind](out, consents.COLUMNS, consents.rows(connection, survey=survey))

        written(settings, database, work, "consents", survey, output)


export.add_command(export_data)
