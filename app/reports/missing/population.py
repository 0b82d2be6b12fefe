"""The population that respondents are compared with: its margins, as a CSV file tells them (`docs/who-is-missing.md`)."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import StringIO
from pathlib import Path

from app.flows.reading.margins import MARGINS
from app.reports.missing.refusals import Unanswerable

Key = tuple[str, ...]
_LAST = "population"
_COLUMNS = (*MARGINS, _LAST)
_MOST_ROWS = 5_000


class BadMargins(Unanswerable):
    """The file of margins cannot be used; the message says where it is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How the population is spread over the categories of some dimensions, e.g. of province and sex."""

    dimensions: tuple[str, ...]
    shares: Mapping[Key, float]
    """The share of each category; together they are 1."""

    def over(self, dimensions: Sequence[str]) -> "Margin":
        """The same for some of its dimensions only."""
        places = [self.dimensions.index(each) for each in dimensions]
        found = dict[Key, float]()
        for key, share in self.shares.items():
            less = tuple(key[place] for place in places)
            found[less] = found.get(less, 0.0) + share
        return Margin(tuple(dimensions), found)


@dataclass(frozen=True, slots=True)
class Population:
    """All margins of a file, in its order."""

    name: str
    margins: tuple[Margin, ...]

    def margin(self, dimensions: Sequence[str]) -> Margin | None:
        """How it is spread over these dimensions together; None where the file does not say."""
        wanted = set(dimensions)
        holding = [each for each in self.margins if wanted <= set(each.dimensions)]
        return min(holding, key=lambda each: len(each.dimensions)).over(dimensions) if holding else None

    def categories(self, dimension: str) -> tuple[str, ...]:
        """The categories of a dimension, in the order of the file; none where it has not that dimension."""
        return tuple(
            dict.fromkeys(
                key[each.dimensions.index(dimension)]
                for each in self.margins
                if dimension in each.dimensions
                for key in each.shares
            )
        )


@cache
def read(file: Path | None) -> Population:
    """Read a file of margins, or the one that ships. Raises `BadMargins`."""
    source = file or resources.files("app.reports.missing").joinpath("zimbabwe_2022.csv")
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise BadMargins("it cannot be read as a text file in UTF-8") from None
    figures = dict[tuple[str, ...], dict[Key, float]]()
    for number, row in _rows(text):
        dimensions = tuple(name for name in MARGINS if row[name])
        key = tuple(row[name] for name in dimensions)
        if not dimensions:
            raise BadMargins(f"line {number}: no category; fill at least one of {', '.join(MARGINS)}")
        margin = figures.setdefault(dimensions, {})
        if key in margin:
            raise BadMargins(f"line {number}: {' '.join(key)} is there twice; write each category once")
        margin[key] = _figure(row[_LAST], number)
    if not figures:
        raise BadMargins("there are no rows; write one for each category")
    return Population(source.name.removesuffix(".csv"), tuple(_margin(*each) for each in figures.items()))


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows, with the number of each line as an editor counts it."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line[:1] not in {"", "#"}]
    if len(lines) > _MOST_ROWS:
        raise BadMargins(f"it has more than {_MOST_ROWS} rows")
    heads = next(csv.reader(StringIO(lines[0][1])), []) if lines else []
    if sorted(heads) != sorted(_COLUMNS):
        raise BadMargins(f"the columns are {', '.join(_COLUMNS)}")
    for number, line in lines[1:]:
        cells = [cell.strip() for cell in next(csv.reader(StringIO(line)), [])]
        if len(cells) != len(heads):
            raise BadMargins(f"line {number}: it has {len(cells)} cells; write {len(heads)}, empty ones too")
        yield number, dict(zip(heads, cells, strict=True))


def _figure(text: str, number: int) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise BadMargins(f"line {number}: {text!r} is no figure; write how many people, or per cent, without blanks")
    return found


def _margin(dimensions: tuple[str, ...], figures: Mapping[Key, float]) -> Margin:
    total = sum(figures.values())
    if not total:
        raise BadMargins(f"{' by '.join(dimensions)}: nobody is in it")
    return Margin(dimensions, {key: figure / total for key, figure in figures.items()})
