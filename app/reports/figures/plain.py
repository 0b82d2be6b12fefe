"""Figures as text: a table with bars for the terminal, CSV and JSON."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from app.reports.figures.page import NOT_SHOWN, Page, Row
from app.reports.figures.published import Figure
from app.reports.figures.table import TOTAL

_BAR, _WIDEST = 24, 40
_EIGHTHS = " ▏▎▍▌▋▊▉"
COLUMNS = (
    "survey",
    "question",
    "where",
    "by",
    "group",
    "choice",
    "label",
    "n",
    "weighted",
    "share",
    "low",
    "high",
    "base",
)


def text(pages: Sequence[Page]) -> str:
    """The tables of some questions; what holds for all of them is said once."""
    told: list[str] = []
    for page in pages:
        told += [page.label or page.question, *([f"Of those: {page.where}."] if page.where else []), ""]
        told += [*_bars(page), *(_crossed(page) if len(page.columns) > 1 else ()), ""]
    return "\n".join([*told, *notes(pages), ""])


def notes(pages: Sequence[Page]) -> list[str]:
    """The notes of all, each once."""
    return list(dict.fromkeys(note for page in pages for note in page.notes))


def write_csv(out: IO[str], pages: Iterable[Page]) -> None:
    """One line a figure; what is not shown is empty."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for said, figures in lines(pages):
        writer.writerow([*map(_harmless, said), *figures])


def lines(pages: Iterable[Page]) -> Iterator[tuple[list[str], list[Any]]]:
    """One line a figure, under `COLUMNS`: what it is of, and the figure, None where it is not shown."""
    for page in pages:
        for row in page.rows:
            for column, figure in zip(page.columns, row.figures, strict=True):
                group = "; ".join(category for category in column.key if category != TOTAL)
                said = [page.survey, page.question, page.where, " ".join(page.by), group, row.name, row.label]
                yield said, [*_figures(figure), column.base]


def as_json(page: Page) -> dict[str, Any]:
    """What the API gives and `--format json` writes."""
    return {
        "survey": page.survey,
        "question": page.question,
        "label": page.label,
        "where": page.where,
        "by": list(page.by),
        "columns": [
            {"group": [category or None for category in each.key], "label": each.label, "base": each.base}
            for each in page.columns
        ],
        "rows": [
            {"choice": row.name, "label": row.label, "figures": [_as_json(each) for each in row.figures]}
            for row in page.rows
        ],
        "notes": list(page.notes),
    }


def write_json(out: IO[str], pages: Sequence[Page]) -> None:
    """All of them as one list."""
    json.dump([as_json(page) for page in pages], out, ensure_ascii=False, indent=1)
    out.write("\n")


def percent(share: float | None) -> str:
    """A share as people read it."""
    return "" if share is None else f"{100 * share:.0f} %"


def number(n: int | None) -> str:
    """A number, or that it is not shown."""
    return NOT_SHOWN if n is None else f"{n:,}"


def _bars(page: Page) -> Iterator[str]:
    """All together, one line a choice."""
    wide = max((len(row.label) for row in page.rows), default=0)
    for row in page.rows:
        figure = row.figures[0]
        shares = "" if figure.share is None else f"{percent(figure.share):>6}  {_bar(figure.share)}  {_between(figure)}"
        yield f"  {row.label:<{wide}}  {number(figure.n):>8}{shares}".rstrip()
    yield f"  {'Answered':<{wide}}  {number(page.columns[0].base):>8}"


def _crossed(page: Page) -> Iterator[str]:
    """Numbers with their shares: a line for each choice and a column for each group, or the other way where that is narrower."""
    yield ""
    lines = [["", *(column.label for column in page.columns)]]
    lines += [[row.label, *(_cell(row, place) for place in range(len(page.columns)))] for row in page.rows]
    lines.append(["Answered", *(number(column.base) for column in page.columns)])
    if len(page.columns) > len(lines):
        lines = [list(line) for line in zip(*lines, strict=True)]
    lines[0][0] = ", ".join(page.by)
    widths = [min(_WIDEST, max(len(line[0]) for line in lines))]
    widths += [min(22, max(len(line[place]) for line in lines)) for place in range(1, len(lines[0]))]
    for line in lines:
        first, *others = (each[:width] for each, width in zip(line, widths, strict=True))
        said = "  ".join(f"{each:>{width}}" for each, width in zip(others, widths[1:], strict=True))
        yield f"  {first:<{widths[0]}}  {said}"


def _cell(row: Row, place: int) -> str:
    figure = row.figures[place]
    return number(figure.n) if figure.share is None else f"{number(figure.n)} ({percent(figure.share)})"


def _bar(share: float) -> str:
    whole, eighth = divmod(round(share * _BAR * 8), 8)
    return ("█" * whole + _EIGHTHS[eighth].strip()).ljust(_BAR)


def _between(figure: Figure) -> str:
    return f"{percent(figure.low).removesuffix(' %')}-{percent(figure.high)}"


def _figures(figure: Figure) -> list[Any]:
    return [figure.n, figure.weighted, *(_short(each) for each in (figure.share, figure.low, figure.high))]


def _as_json(figure: Figure) -> dict[str, Any]:
    n, weighted, share, low, high = _figures(figure)
    return {"n": n, "weighted": weighted, "share": share, "low": low, "high": high}


def _short(share: float | None) -> float | None:
    return None if share is None else round(share, 3)


def _harmless(said: str) -> str:
    """A spreadsheet would run it as a formula."""
    return f"'{said}" if said[:1] in {"=", "+", "-", "@", "\t", "\r"} else said
