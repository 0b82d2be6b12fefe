"""Who is missing: respondents beside the population, category by category."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from app.reports.missing.exit import FLOOR, is_few, shown
from app.reports.missing.population import Population
from app.reports.missing.refusals import Unanswerable
from app.reports.missing.respondents import Respondents
from app.reports.missing.weights import usable


class NotTold(Unanswerable):
    """The population is not told by these dimensions together; the message says by which it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One category. What is None is hidden, or cannot be said."""

    key: tuple[str, ...]
    respondents: int | None
    share: float | None
    """Of those who said where they belong; where few did not, of all."""
    expected: float
    """Of the population."""
    ratio: float | None
    """`share` / `expected`: below 1, people are missing."""
    short: int | None
    """So many more would have to answer for a share like the population's, with as many respondents in all."""


@dataclass(frozen=True, slots=True)
class Table:
    """The categories of some dimensions, in the order of the population's file."""

    dimensions: tuple[str, ...]
    respondents: int | None
    """All of them; hidden where they are few."""
    unsaid: int | None
    """Those who did not say where they belong."""
    rows: tuple[Row, ...]


def tables(found: Respondents, population: Population, by: Sequence[Sequence[str]] = ()) -> list[Table]:
    """A table for each of these lists of dimensions, or for every margin. Raises `NotTold`."""
    wanted = by or [margin.dimensions for margin in usable(population, found.dimensions)]
    return [_table(found, population, tuple(each)) for each in wanted]


def _table(found: Respondents, population: Population, dimensions: tuple[str, ...]) -> Table:
    margin = population.margin(dimensions) if set(dimensions) <= set(found.dimensions) else None
    if margin is None:
        known = "; ".join(", ".join(each.dimensions) for each in usable(population, found.dimensions))
        wanted = " and ".join(dimensions)
        raise NotTold(
            f"the population is not told by {wanted} together. It is told by: {known or 'nothing that is asked'}"
        )
    by = found.by(dimensions)
    keys = list(margin.shares)
    counts = [by.get(key, 0) for key in keys]
    said, total = sum(counts), found.total
    if is_few(total):
        hidden = tuple(Row(key, None, None, margin.shares[key], None, None) for key in keys)
        return Table(dimensions, None, None, hidden)
    seen, unsaid = _seen(counts, total - said)
    # Where few did not say, a share of those who did would tell how few; so theirs are counted in.
    base = total if unsaid is None else said
    rows = tuple(_row(key, count, base, margin.shares[key]) for key, count in zip(keys, seen, strict=True))
    return Table(dimensions, total, unsaid, rows)


def _seen(counts: Sequence[int], unsaid: int) -> tuple[list[int | None], int | None]:
    """What may be shown of the categories, and of those who did not say."""
    if not 0 < unsaid < FLOOR:
        return shown(counts), unsaid
    *seen, silent = shown([*counts, unsaid])
    return seen, silent


def _row(key: tuple[str, ...], count: int | None, base: int, expected: float) -> Row:
    if count is None or not base:
        return Row(key, count, None, expected, None, None)
    share = count / base
    short = max(0, ceil(round(expected * base - count, 6)))
    return Row(key, count, share, expected, share / expected if expected else None, short)
