"""`izwi coverage`, `weights`, `response` and `funnel`: who is missing from a survey, and where people leave it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import Connection

from app.cli import measures
from app.cli.files import whole_text
from app.cli.root import read_settings
from app.cli.stored import loaded_keys, opened, refuse
from app.gateway.library import Library
from app.reports.lines import write_csv
from app.reports.missing.desk import Desk, Document
from app.reports.missing.population import BadMargins
from app.reports.missing.refusals import Unanswerable
from app.store.funnels import By

_SURVEY = click.argument("survey")
_FORMAT = click.option(
    "--format", "kind", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
_OUTPUT = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write  [default: the screen]"
)
_MARGINS = click.option(
    "--margins", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV file with the population  [default: IZWI_MARGINS, or Zimbabwe's census of 2022]",
)  # fmt: skip


@click.command(short_help="Respondents beside the population: who is missing")
@_SURVEY
@click.option("--by", multiple=True, metavar="MARGINS", help="e.g. province,sex; several times for several tables")
@_MARGINS
@_FORMAT
@_OUTPUT
def coverage(survey: str, by: tuple[str, ...], margins: Path | None, kind: str, output: Path | None) -> None:
    """Compare those who completed a survey with the census: their share, the share expected, and how many are short.

    Figures of few people are hidden (`·`), all others rounded, as in `izwi report`. The survey says by bind::izwi:margin
    which question is which margin. See docs/who-is-missing.md.
    """
    wanted = [[name.strip() for name in each.split(",") if name.strip()] for each in by]
    _answer(
        survey, kind, output, measures.COVERAGE, lambda desk, connection: desk.coverage(connection, wanted, margins)
    )


@click.command(short_help="How respondents are weighted to the population, and what that costs")
@_SURVEY
@_MARGINS
@click.option(
    "--limit", type=click.FloatRange(1.5, 100), default=5, show_default=True, help="Largest weight, in medians"
)
@_FORMAT
@_OUTPUT
def weights(survey: str, margins: Path | None, limit: float, kind: str, output: Path | None) -> None:
    """Rake respondents to the margins of the census, and tell the design effect and the effective number of respondents.

    Names the categories in which too few people are: they are weighted as one. See docs/who-is-missing.md.
    """
    _answer(survey, kind, output, measures.WEIGHTS, lambda desk, connection: desk.weights(connection, margins, limit))


@click.command(short_help="How many of those who were asked answered")
@_SURVEY
@click.option(
    "--broadcast", metavar="NAME", help="Only this broadcast  [default: all, and those who came by themselves]"
)
@_FORMAT
@_OUTPUT
def response(survey: str, broadcast: str | None, kind: str, output: Path | None) -> None:
    """Show what became of everybody who was asked, and response, cooperation, refusal and contact rates (AAPOR).

    Of people who came by themselves there is no response rate, and none is shown. See docs/who-is-missing.md.
    """
    _answer(survey, kind, output, measures.RESPONSE, lambda desk, connection: desk.response(connection, broadcast))


@click.command(short_help="At which question people leave, and why")
@_SURVEY
@click.option("--by", type=click.Choice([each.value for each in By]), help="One funnel for each")
@_FORMAT
@_OUTPUT
def funnel(survey: str, by: str | None, kind: str, output: Path | None) -> None:
    """Show for each question how many got there, and how many left or still wait there, and why they left.

    Questions at which few people left are taken together. See docs/who-is-missing.md.
    """
    side = By(by) if by else None
    _answer(survey, kind, output, measures.FUNNEL, lambda desk, connection: desk.funnel(connection, side))


def _answer(
    survey: str,
    kind: str,
    output: Path | None,
    measure: measures.Measure,
    ask: Callable[[Desk, Connection], Document],
) -> None:
    settings = read_settings()
    keys = loaded_keys(settings)
    with opened(settings) as database:
        library = Library(database)

        def work(connection: Connection) -> Document:
            desk = Desk.of(connection, settings, survey, lambda key: library.edition(key).flow, keys.figures)
            return ask(desk, connection)

        try:
            found = database.read(work)
        except BadMargins as error:
            refuse(f"The file with the population cannot be used: {error}.")
        except Unanswerable as error:
            refuse(_sentence(str(error)))
    _write(found, kind, output, measure)


def _write(found: dict[str, Any], kind: str, output: Path | None, measure: measures.Measure) -> None:
    with whole_text(output) as out:
        if kind == "json":
            out.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        elif kind == "csv":
            columns = measure.columns(found)
            write_csv(out, columns, ([row[name] for name in columns] for row in measure.rows(found)))
        else:
            out.write("\n".join(measure.lines(found)) + "\n")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
