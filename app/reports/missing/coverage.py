"""Who is missing: respondents beside the population, category by category."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from app.reports.figures.publish import Exit
from app.reports.figures.published import Published
from app.reports.missing.population import Margin, Population
from app.reports.missing.raking import NOT_SAID, Profile
from app.reports.missing.refusals import Unanswerable
from app.reports.missing.respondents import Places, Respondents
from app.reports.missing.weights import usable

_MOST = 0.5
"""So much of a population has to be in categories that are shown, else its dimensions are shown one by one."""


class NotTold(Unanswerable):
    """The population is not told by these dimensions together; the message says by which it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One category, or several together. What is None is hidden, or cannot be said."""

    key: Profile
    respondents: int | None
    share: float | None
    """Of those who said where they belong; where it is not shown how many did not, of all."""
    expected: float
    """Of the population."""
    ratio: float | None
    """`share` / `expected`: below 1, people are missing."""
    short: int | None
    """So many more would have to answer for a share like the population's, with as many respondents in all."""


@dataclass(frozen=True, slots=True)
class Table:
    """The categories of some dimensions, in the order of the population's file."""

    margin: Margin
    respondents: int | None
    """All of them; hidden where they are few."""
    unsaid: int | None
    """Those who did not say where they belong."""
    rows: tuple[Row, ...]
    others: Row | None
    """All categories together that are not shown; None where there is none, or too few people in them."""

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What they are told apart by."""
        return self.margin.dimensions

    @property
    def hidden(self) -> frozenset[Profile]:
        """The categories that are not shown."""
        return frozenset(each.key for each in self.rows if each.respondents is None)


def tables(found: Respondents, population: Population, way_out: Exit, by: Sequence[Sequence[str]] = ()) -> list[Table]:
    """A table for each of these lists of dimensions, or for every margin. Raises `NotTold`."""
    if by:
        return [table(found, _margin(found, population, tuple(dict.fromkeys(each))), way_out) for each in by]
    made: list[Table] = []
    for margin in usable(population, found.dimensions):
        whole = table(found, margin, way_out)
        told = sum(each.expected for each in whole.rows if each.respondents is not None)
        parts = (
            [whole] if told >= _MOST else [table(found, margin.over((each,)), way_out) for each in margin.dimensions]
        )
        made += [each for each in parts if each.dimensions not in {known.dimensions for known in made}]
    return made


def table(found: Respondents, margin: Margin, way_out: Exit) -> Table:
    """The table of a margin, of what may be shown."""
    published = way_out.table(found.along(margin.dimensions))
    seen, unsaid = _seen(published, found.places, margin)
    total = published.at(("",) * len(margin.dimensions)).n
    return compared(seen, unsaid, total, margin, way_out.rules.smallest)


def strange(found: Respondents, way_out: Exit) -> tuple[str, ...]:
    """Dimensions of which people gave an answer that the population has no category for; it counts as none."""
    return tuple(
        dimension
        for dimension in found.dimensions
        if any(
            figure.n is not None and key[0] and found.places.strange(dimension, key[0])
            for key, figure in way_out.table(found.along((dimension,))).figures.items()
        )
    )


def compared(
    seen: Mapping[Profile, int | None], unsaid: int | None, total: int | None, margin: Margin, smallest: int
) -> Table:
    """Set what is shown of each category beside its share of the population."""
    # Where it is not shown how many did not say, shares are of all: theirs are counted in.
    base = None if total is None else total - (unsaid or 0)
    rows = tuple(_row(key, seen.get(key), base, share) for key, share in margin.shares.items())
    hidden = [each for each in rows if each.respondents is None]
    others = None
    if base is not None and hidden:
        left = base - sum(each.respondents or 0 for each in rows)
        if left >= smallest:
            others = _row((), left, base, sum(each.expected for each in hidden))
    return Table(margin, total, unsaid, rows, others)


def _seen(published: Published, places: Places, margin: Margin) -> tuple[dict[Profile, int | None], int | None]:
    """What is shown of the categories of the population, and of those who did not say; all of it sums of figures."""
    seen, unsaid = dict[Profile, int | None](), [0]
    silent = False
    for key, figure in published.figures.items():
        if "" in key:
            continue
        profile = places.profile(margin.dimensions, key)
        if NOT_SAID in profile:
            silent = silent or figure.n is None
            unsaid.append(figure.n or 0)
        else:
            before = seen.get(profile, 0)
            seen[profile] = None if before is None or figure.n is None else before + figure.n
    return seen, None if silent else sum(unsaid)


def _margin(found: Respondents, population: Population, dimensions: tuple[str, ...]) -> Margin:
    margin = population.margin(dimensions) if set(dimensions) <= set(found.dimensions) else None
    if margin is None:
        known = "; ".join(", ".join(each.dimensions) for each in usable(population, found.dimensions))
        wanted = " and ".join(dimensions)
        raise NotTold(
            f"the population is not told by {wanted} together. It is told by: {known or 'nothing that is asked'}"
        )
    return margin


def _row(key: Profile, count: int | None, base: int | None, expected: float) -> Row:
    if count is None or not base:
        return Row(key, count, None, expected, None, None)
    share = min(1.0, count / base)
    short = max(0, ceil(round(expected * base - count, 6)))
    return Row(key, count, share, expected, share / expected if expected else None, short)
