"""`izwi report SURVEY`: what people answered, in figures from which nobody can be singled out."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy.engine import Connection

from app.cli.allowing import trail
from app.cli.files import whole_text
from app.cli.root import read_settings, say
from app.cli.stored import loaded_keys, opened, refuse, versions_of
from app.flows.dictionary.variable import Dictionary
from app.gateway.library import Library
from app.reports.figures import drawing, plain
from app.reports.figures.asking import Asked, pages, survey_of
from app.reports.figures.axes import NoSuchDimension
from app.reports.figures.page import Page
from app.reports.missing.desk import Desk
from app.reports.missing.population import BadMargins
from app.reports.missing.refusals import Unanswerable

_FORMATS = ("table", "csv", "json", "html", "svg")


@click.command(short_help="What people answered, in figures that name nobody")
@click.argument("survey")
@click.option(
    "--by", help="What to set it beside, e.g. province,sex; also language, channel, month, mode, version, flagged"
)
@click.option("--question", help="Only this question  [default: all with choices]")
@click.option("--where", multiple=True, help="Only some people, e.g. sex=woman; may be given several times")
@click.option(
    "--weights", type=click.Choice(("none", "rake")), default="none", show_default=True,
    help="rake: weighted to the census, or to the population of --margins",
)  # fmt: skip
@click.option(
    "--margins", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another population, as a CSV file (see docs/who-is-missing.md)",
)  # fmt: skip
@click.option("--language", help="Language of the labels  [default: the form's own]")
@click.option("--format", "kind", type=click.Choice(_FORMATS), default="table", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write  [default: the screen]")
def figures(
    survey: str,
    by: str | None,
    question: str | None,
    where: tuple[str, ...],
    weights: str,
    margins: Path | None,
    language: str | None,
    kind: str,
    output: Path | None,
) -> None:
    """Show what people answered. Each respondent counts with her latest completed run.

    Numbers of few people are not shown (·), nor those from which they could be worked out; all others are rounded.
    docs/figures.md says how, and what is not in it.
    """
    settings = read_settings()
    keys = loaded_keys(settings)
    with opened(settings) as database:
        versions_of(database, survey)  # or say which there are

        library = Library(database)

        def work(connection: Connection) -> tuple[Dictionary, list[Page]]:
            known = survey_of(connection, survey, ZoneInfo(settings.zone))
            asked = Asked(question, tuple(filter(None, (by or "").split(","))), where, language)
            weighing = None
            if weights == "rake":
                desk = Desk.of(connection, settings, survey, lambda key: library.edition(key).flow, keys.figures)
                weighing = desk.weighing(connection, margins)
            return known.dictionary, pages(connection, known, keys.figures, asked, weighing)

        try:
            dictionary, found = database.read(work)
        except NoSuchDimension as error:
            refuse(str(error))
        except Unanswerable as error:
            refuse(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        except BadMargins as error:
            refuse(f"The file with the population cannot be used: {error}.")
        if kind == "svg" and len(found) != 1:
            refuse("A picture has one question: name it with --question.")
        pen, now = trail(settings), datetime.now(UTC)
        database.write(lambda connection: pen.note(connection, "report figures", survey, at=now))
    _write(kind, dictionary.title, found, output)


def _write(kind: str, title: str, found: list[Page], output: Path | None) -> None:
    with whole_text(output) as out:
        match kind:
            case "csv":
                plain.write_csv(out, found)
            case "json":
                plain.write_json(out, found)
            case "html":
                out.write(drawing.html(title, found))
            case "svg":
                out.write(drawing.svg(found[0]))
            case _:
                out.write(plain.text(found))
    if output:
        say(f"Written to {output}.", err=True)
