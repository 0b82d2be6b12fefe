"""`izwi contacts`: phones that are written to; bringing in lists of them, and how many there are."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NoReturn

import click

from app.channels.operators import Operators
from app.cli.allowing import trail
from app.cli.files import whole_text
from app.cli.importing import ask, progress, show_columns, show_report
from app.cli.revealing import reveal
from app.cli.root import read_settings, say
from app.cli.stored import known_operators, loaded_keys, local, opened, refuse
from app.gateway.contacts import mapping, reading, sample
from app.gateway.contacts.importing import FileChanged, Import
from app.gateway.contacts.kinds import Kind
from app.gateway.contacts.mapping import BadMapping, Columns
from app.gateway.contacts.numbers import Numbers, UnknownRegion
from app.gateway.contacts.reading import BadFile, File
from app.gateway.contacts.report import Category, Report, Verdict
from app.gateway.contacts.rows import LONGEST_GROUP, Reader
from app.settings import Settings
from app.store import attributes as stored_attributes
from app.store import groups as stored_groups
from app.store import imports
from app.store.unit import Database
from app.values import locale_of


@click.group(short_help="Bring in lists of contacts; groups and attributes")
def contacts() -> None:
    """Bring in lists of phones to write to, and see how many there are. docs/contacts.md says how lists are read.

    Numbers are kept encrypted. Only `reveal` shows one, to whoever may see it, and notes it.
    """


contacts.add_command(reveal)


@contacts.command("import", short_help="Bring in a list, CSV or Excel")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--group", "names", multiple=True, metavar="NAME", help="Put all of them into this group too")
@click.option("--language", metavar="LANGUAGE", help="For rows that name none, if the contact has none yet")
@click.option(
    "--column",
    "wanted",
    multiple=True,
    metavar="NAME=COLUMN",
    help="What COLUMN is: phone, language, groups, or an attribute's name",
)
@click.option("--skip", "skipped", multiple=True, metavar="COLUMN", help="Leave this column out")
@click.option("--sheet", metavar="NAME", help="Sheet of an Excel file  [default: the first that is not empty]")
@click.option("--region", metavar="CC", help="Country that local numbers belong to  [default: IZWI_REGION]")
@click.option("--dry-run", is_flag=True, help="Only report")
@click.option("--yes", is_flag=True, help="Do not ask")
@click.option(
    "--report", "output", type=click.Path(dir_okay=False, path_type=Path), help="CSV file with what became of each row"
)
def import_(
    file: Path, names: tuple[str, ...], language: str | None, wanted: tuple[str, ...], skipped: tuple[str, ...],
    sheet: str | None, region: str | None, dry_run: bool, yes: bool, output: Path | None,
) -> None:  # fmt: skip
    """Bring in the contacts of FILE: CSV as Excel or others write it, or XLSX.

    First it shows how it reads the columns and what it would do with every row, and asks. Where Excel has damaged a number
    it is repaired, if there is no doubt. The same file again changes nothing; a newer one adds and changes, and an empty
    cell leaves what was. Who asked for silence is left as she is.

    Without a terminal and without --yes it only reports, and ends with status 3.
    """
    settings = read_settings(region=region)
    locale, shipped = _locale(language), known_operators(settings)
    numbers = _numbers(settings, shipped)
    with opened(settings) as database:
        source, columns = _source(file, sheet, numbers, _pairs(wanted), skipped)
        known = {name: Kind(kind) for name, kind in database.read(stored_attributes.kinds).items()}
        reader = Reader(source, columns, numbers, known, _group_names(names))
        show_columns(source, columns, known)
        job = Import(database, loaded_keys(settings), shipped, source, columns, reader)
        report = _look(job, output, locale)
        show_report(report)
        _say_before(database, report, settings)
        if not report.to_write:
            say("\nNothing is to be done: all contacts are as this file says." if report.rows else "\nIt has no rows.")
            return
        if dry_run:
            say("\nNothing was imported: --dry-run only reports.")
            return
        if not yes:
            ask(report)
        pen, now = trail(settings), datetime.now(UTC)
        database.write(lambda connection: pen.note(connection, "contacts import", f"sha256 {report.digest}", at=now))
        counts = _write(job, report)
    changed = counts[Category.CHANGED]
    say(f"\nDone: {counts[Category.NEW]:,} contacts are new, {changed:,} changed. The same file again changes nothing.")


def _numbers(settings: Settings, known: Operators) -> Numbers:
    try:
        return Numbers(settings.region, known)
    except UnknownRegion:
        refuse(f"{settings.region} is no country; write its two letters, e.g. ZW")


def _source(
    file: Path, sheet: str | None, numbers: Numbers, wanted: Sequence[tuple[str, str]], skipped: Sequence[str]
) -> tuple[File, Columns]:
    try:
        source = reading.read(file, sheet)
        return source, mapping.guess(source, numbers, wanted, skipped)
    except (BadFile, BadMapping) as error:
        _refuse_file(file, error)


def _look(job: Import, output: Path | None, locale: str | None) -> Report:
    """The first way through the file, with a line of the report for every row."""
    place: AbstractContextManager[IO[str] | None] = whole_text(output) if output else nullcontext()
    try:
        with place as out:
            tell = _telling(out) if out else _nobody
            with progress("read") as step:
                report = job.look(tell, step, locale=locale)
    except (BadFile, BadMapping) as error:
        refuse(f"{error}\nNothing was imported.")
    if output:
        say(f"What becomes of each row is in {output}.\n")
    return report


def _telling(out: IO[str]) -> Callable[[Verdict], None]:
    writer = csv.writer(out)
    writer.writerow(("row", "category", "reason", "number"))
    return lambda each: writer.writerow((each.row, each.category, each.reason, each.masked))


def _nobody(_: Verdict) -> None:
    """No report file is wanted."""


def _write(job: Import, report: Report) -> Counter[Category]:
    try:
        with progress("written", report.to_write) as step:
            return job.write(report, step, at=datetime.now(UTC))
    except FileChanged:
        refuse("The file has changed since it was read for the report. Nothing was imported.")
    except KeyboardInterrupt:
        refuse("Interrupted. What is written stays; import the file again to bring in the rest.")


def _say_before(database: Database, report: Report, settings: Settings) -> None:
    at = database.read(lambda connection: imports.before(connection, report.digest))
    if at is not None:
        say(f"\nThis very file was imported on {local(at, settings)}.")


def _locale(language: str | None) -> str | None:
    found = locale_of(language) if language else None
    if language and found is None:
        refuse(f"{language} is no language that is known; write its code, e.g. sn")
    return found


def _pairs(wanted: Sequence[str]) -> list[tuple[str, str]]:
    """The name before the =, the column after it."""
    for each in wanted:
        name, sign, column = each.partition("=")
        if not (name.strip() and sign and column.strip()):
            refuse(f'--column {each}: write NAME=COLUMN, for example phone="Cell No"')
    return [(name.strip(), column.strip()) for name, _, column in (each.partition("=") for each in wanted)]


def _group_names(names: Sequence[str]) -> list[str]:
    found = [" ".join(name.split()) for name in names]
    if any(not name or len(name) > LONGEST_GROUP for name in found):
        refuse(f"--group: a name has between 1 and {LONGEST_GROUP} characters")
    return found


def _refuse_file(file: Path, error: Exception) -> NoReturn:
    refuse(f"{file.name}: {error}\nNothing was imported.")


# -- what there is --------------------------------------------------------------------------------------------------


@contacts.command("count", short_help="How many there are")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def count_(as_json: bool) -> None:
    """Say how many contacts there are, by language and operator, and how many asked for silence."""
    with opened(read_settings()) as database:
        found = database.read(imports.counts)
    total = sum(found["state"].values())
    if as_json:
        say(json.dumps({"contacts": total, **found}, indent=2))
        return
    say(f"contacts   {total:,}" + (f", {found['state']['stopped']:,} stopped" if "stopped" in found["state"] else ""))
    for what in ("language", "operator"):
        listed = ", ".join(f"{count:,} {name or 'unknown'}" for name, count in found[what].items())
        say(f"{what + 's':10} {listed or 'none'}")


@contacts.command("groups", short_help="All groups")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def groups_(as_json: bool) -> None:
    """List the groups and how many contacts are in each."""
    with opened(read_settings()) as database:
        found = database.read(stored_groups.every)
    _list("groups", found, as_json, "No group is there yet; `izwi contacts import FILE --group NAME` makes one.")


@contacts.command("attributes", short_help="What is known of contacts")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def attributes_(as_json: bool) -> None:
    """List the attributes that contacts have, their kinds, and how many contacts have a value."""
    with opened(read_settings()) as database:
        found = database.read(stored_attributes.every)
    _list("attributes", found, as_json, "No attribute is there yet; columns of an imported file become attributes.")


@contacts.command("sample", short_help="A list to try an import with")
@click.option("--count", type=click.IntRange(1, sample.MOST), default=sample.MOST, show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write  [default: the screen]")
def sample_(count: int, output: Path | None) -> None:
    """Write a list of contacts as CSV, with all the faults that spreadsheets make. Its numbers are nobody's."""
    with whole_text(output) as out:
        sample.write(out, count)


def _list(what: str, found: Sequence[Any], as_json: bool, none: str) -> None:
    if as_json:
        say(json.dumps({what: [each._asdict() for each in found]}, indent=2, ensure_ascii=False))
        return
    if not found:
        say(none)
    width = max((len(each.name) for each in found), default=0)
    for each in found:
        kind = f"{each.kind:8}  " if hasattr(each, "kind") else ""
        say(f"{each.name:{width}}  {kind}{each.contacts:,}")
