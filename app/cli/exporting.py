"""`izwi export`: answers for analysts, as files that are whole or not there."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from app.cli.root import fail, read_settings, say
from app.gateway.library import Library
from app.reports import answers as report
from app.store import schema, surveys
from app.store.unit import Database


@click.group(short_help="Write answers for analysis")
def export() -> None:
    """Write data for analysis. Respondents are pseudonyms; no phone number is ever in it."""


@export.command("answers")
@click.option("--format", "kind", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--survey", help="Only this survey  [default: all]")
@click.option("--language", help="Language of the labels  [default: the one each was asked in]")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write  [default: the screen]")
def export_answers(kind: str, survey: str | None, language: str | None, output: Path | None) -> None:
    """Write every answer in long form, one a line.

    Columns: respondent, survey, version, question, label, value, value_label, raw, language, channel, answered_at (UTC).
    Skipped questions have an empty value. In CSV a text that a spreadsheet would run as a formula gets an apostrophe.
    """
    settings = read_settings()
    database = Database(settings.database)
    if schema.current(database.engine) is None:
        fail("There is no database yet: `izwi serve` or `izwi migrate` makes it.")
    library = Library(database)
    library.refresh()
    if survey and library.survey_id(survey) is None:
        fail(f"There is no survey {survey!r}. There are: {', '.join(sorted(database.read(surveys.ids))) or 'none'}.")
    write = report.write_csv if kind == "csv" else report.write_jsonl

    def work(connection: Any) -> int:
        found = report.rows(connection, lambda key: library.edition(key).flow, survey=survey, language=language)
        with _destination(output) as out:
            return write(out, found)

    try:
        count = database.read(work)
    except BrokenPipeError:
        sys.exit(0)
    database.close()
    if output:
        say(f"{count} answers written to {output}.", err=True)


@contextmanager
def _destination(output: Path | None) -> Iterator[Any]:
    """The screen, or a file that appears only when it is complete."""
    if output is None:
        sys.stdout.reconfigure(newline="")  # type: ignore[union-attr]
        yield sys.stdout
        sys.stdout.flush()
        return
    with tempfile.NamedTemporaryFile("w", dir=output.parent, delete=False, encoding="utf-8", newline="") as draft:
        try:
            yield draft
        except BaseException:
            Path(draft.name).unlink()
            raise
    Path(draft.name).replace(output)
