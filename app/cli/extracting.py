"""`izwi export data` and `izwi dictionary`: a survey's data in the formats that analysts use, and what it means."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.engine import Connection

from app.cli.files import whole_file, whole_text
from app.cli.handing import OUTPUT, WITHOUT, Progress, left_out, make_records, must_be_known, written
from app.cli.root import fail, read_settings, say
from app.cli.stored import opened, refuse
from app.flows.dictionary.variable import Dictionary
from app.gateway.library import Library
from app.reports import dictionary as said
from app.reports.data.asking import Wish, how_of, usable, which_of
from app.reports.data.extract import Extract, counts_of
from app.reports.data.how import BadWish, How, Multiples
from app.reports.formats.kinds import FORMATS, Format
from app.reports.lines import write_csv
from app.store import descriptions, exports
from app.store.exports import Which
from app.store.unit import Database
from app.values import Medium, RunState

_STATES = click.Choice([*(each.value for each in RunState), "all"])
_WHICH = (
    click.option("--state", "states", type=_STATES, multiple=True, default=["completed"], show_default=True,
                 help="Runs that ended so, or are active; may be given several times"),
    click.option("--from", "since", metavar="DAY", help="Runs that ended on this day (2026-11-23) or later"),
    click.option("--to", "until", metavar="DAY", help="Runs that ended on this day or before"),
    click.option("--asked-in", metavar="LANGUAGE", help="Runs in this language, such as sn"),
    click.option("--channel", type=click.Choice([each.value for each in Medium]), help="Runs with an answer that came so"),
    click.option("--version", metavar="VERSION", help="Runs of this version of the survey"),
    click.option("--where", multiple=True, metavar="VARIABLE=VALUE",
                 help="Runs with this answer, by the choice's name; may be given several times, and all must hold"),
    WITHOUT,
)  # fmt: skip
_FORMATS = "; ".join(f"{name}: {each.about}" for name, each in FORMATS.items())


def _chosen(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_WHICH):
        command = option(command)
    return command


@click.command("data", short_help="A survey's data for Excel, SPSS, Stata, R and others")
@click.argument("survey")
@click.option("--format", "kind", type=click.Choice(list(FORMATS)), default="csv", show_default=True, help=_FORMATS)
@_chosen
@click.option("--language", help="Language of labels  [default: the survey's first]")
@click.option(
    "--labels/--names", default=False, help="Choices by their words, or by their names in the form  [default: names]"
)
@click.option(
    "--multiples", type=click.Choice([each.value for each in Multiples]), default="both", show_default=True,
    help="A question with several choices: a column of 0 and 1 for each, all in one column, or both",
)  # fmt: skip
@click.option("--long/--wide", default=False, help="A row an answer, or a row a run  [default: wide]")
@click.option("--table", default="", metavar="REPEAT", help="The rows of this repeat, of formats that hold one table")
@click.option(
    "--reasons/--empty", default=False,
    help="In csv and jsonl: not_asked and skipped where there is no answer, or nothing  [default: empty]",
)  # fmt: skip
@click.option(
    "--bom/--no-bom", default=True, help="In csv: begin with the mark by which Excel knows UTF-8  [default: bom]"
)
@click.option(
    "--formulas-neutral/--raw", "neutral", default=True,
    help="In csv: an apostrophe before what a spreadsheet would run as a formula, or words as they are  [default: neutral]",
)  # fmt: skip
@click.option("--hxl", is_flag=True, help="In csv: HXL tags in a second row")
@OUTPUT
def export_data(survey: str, output: Path | None, **asked: Any) -> None:
    """Write the runs of SURVEY with their answers: a row a run, a column a variable, all versions together.

    Repeats are tables of their own, joined by `run`. Respondents are pseudonyms. A file is whole or not there. docs/exports.md
    says what is in each format.
    """
    wish, settings = Wish(**asked), read_settings()
    if output is None and wish.kind not in {"csv", "jsonl"} and sys.stdout.isatty():
        fail(f"The format {wish.kind} is nothing for the screen: name a file with --output.", code=2)
    with opened(settings) as database:
        dictionary, library = described(database, survey)
        which, how, chosen = _read(wish, dictionary, ZoneInfo(settings.zone))
        if failed := make_records(settings, database, library):
            say(f"{failed} runs have no flags, because they cannot be judged; the log says which.", err=True)

        def work(connection: Connection) -> int:
            extract = Extract(connection, dictionary, which, how, at=datetime.now(UTC), told=Progress())
            _ = extract.table  # a repeat that is not there is told before a file is begun
            with whole_file(output) as out:
                return chosen.write(out, extract)

        try:
            written(settings, database, work, "data", survey, output, "rows")
        except BadWish as wrong:
            refuse(str(wrong))
        if wish.without:
            left_out(database, lambda connection: _left_out(connection, which))
        if dictionary.repeats and not chosen.whole and not wish.table and not wish.long:
            names = ", ".join(f"--table {each[-1]}" for each in dictionary.repeats)
            say(f"Repeats are tables of their own: {names}. The format xlsx has all of them.", err=True)


@click.command(short_help="Every variable of a survey: what it means, who was asked, what came of it")
@click.argument("survey")
@_chosen
@click.option("--language", help="Language of labels  [default: the survey's first]")
@click.option(
    "--format", "kind", type=click.Choice(["table", "csv", "xlsx", "json", "md"]), default="table", show_default=True,
    help="table: for the screen; md: a page in Markdown",
)  # fmt: skip
@OUTPUT
def dictionary(survey: str, kind: str, output: Path | None, **asked: Any) -> None:
    """Show every variable of SURVEY, in all its versions: the question in each language, the choices with their numbers, who was
    asked, and how often it was asked, answered, skipped, refused and not known.
    """
    wish, settings = Wish(**asked), read_settings()
    if kind == "xlsx" and output is None and sys.stdout.isatty():
        fail("The format xlsx is nothing for the screen: name a file with --output.", code=2)
    with opened(settings) as database:
        about, _ = described(database, survey)
        which, how, _ = _read(wish, about, ZoneInfo(settings.zone))
        counts = database.read(lambda connection: counts_of(connection, about, which))
    if kind == "xlsx":
        from app.reports.formats.workbook import write_dictionary

        with whole_file(output) as out:
            write_dictionary(out, about, counts)
        return
    with whole_text(output) as to:
        if kind == "csv":
            write_csv(to, said.head(about.languages), said.rows(about, counts))
        elif kind == "json":
            to.write(json.dumps(said.as_json(about, counts, which), ensure_ascii=False, indent=2) + "\n")
        else:
            lines = (
                said.markdown(about, counts, which, how.language)
                if kind == "md"
                else said.drawn(about, counts, how.language)
            )
            to.writelines(f"{line}\n" for line in lines)


def described(database: Database, survey: str) -> tuple[Dictionary, Library]:
    """The dictionary of a survey, or say why there is none and end."""
    must_be_known(database, survey)
    found = database.read(lambda connection: descriptions.dictionary(connection, survey))
    if found is None:
        refuse(f"No version of {survey} was ever published, so nobody was asked anything.")
    return found, Library(database)


def _read(wish: Wish, dictionary: Dictionary, zone: ZoneInfo) -> tuple[Which, How, Format]:
    try:
        return which_of(wish, dictionary, zone), how_of(wish, dictionary), usable(wish.kind)
    except BadWish as wrong:
        refuse(str(wrong))


def _left_out(connection: Connection, which: Which) -> int:
    whole = replace(which, without=frozenset())
    return exports.count(connection, whole) - exports.count(connection, which)
