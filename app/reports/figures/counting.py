"""From the database to what may be shown: counts a survey's respondents, and lets the figures out by `publish` alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from app.flows.dictionary.variable import Measure, Variable
from app.reports.figures.axes import CHOSEN, NoSuchDimension, Survey, Way
from app.reports.figures.publish import publish
from app.reports.figures.published import HIDDEN, Figure, Published
from app.reports.figures.table import NO_ANSWER, TOTAL, Cell, Dimension, Key, Table, mark
from app.reports.figures.weighing import Weighing
from app.store import figures as store

MOST_CELLS = 20_000
MOST_DIMENSIONS = 4


@dataclass(frozen=True)
class Answered:
    """The figures of one question: by category, then by one category each of what it was asked to be set beside."""

    variable: Variable
    by: tuple[Dimension, ...]
    rows: tuple[str, ...]
    figures: Mapping[tuple[str, Key], Figure]
    bases: Mapping[Key, Figure]
    """Who answered it."""
    several: bool
    """Whether she could choose several."""
    smallest: int
    at_risk: int
    closed: bool
    weighing: Weighing | None = None
    silent: Figure | None = None
    """Who said nothing that counts, of all together; None where that is nobody."""


def table(connection: Connection, survey: Survey, names: Sequence[str], weighing: Weighing | None = None) -> Table:
    """Count by these names. The result may not be shown."""
    ways = [survey.axis(name) for name in names]
    _must_be_small(ways)
    return tally(connection, survey, ways, weighing)


def tally(connection: Connection, survey: Survey, ways: Sequence[Way], weighing: Weighing | None = None) -> Table:
    """The same by these ways, however many cells there are."""
    profile = [store.Axis(store.Kind.ANSWER, each) for each in weighing.questions] if weighing else []
    cells: dict[Key, Cell] = {}
    for count in store.count(connection, survey.id, [*(way.axis for way in ways), *profile]):
        said, answers = count.values[: len(ways)], count.values[len(ways) :]
        key = tuple(way.category(value) for way, value in zip(ways, said, strict=True))
        weighted = count.n * weighing.of(answers) if weighing else None
        cell = Cell(count.n, mark(*count.who), weighted)
        cells[key] = cells[key] + cell if key in cells else cell
    found = [{key[place] for key in cells} for place in range(len(ways))]
    return Table(tuple(way.dimension(there) for way, there in zip(ways, found, strict=True)), cells)


def answered(
    connection: Connection,
    survey: Survey,
    key: bytes,
    question: str,
    by: Sequence[str],
    where: Mapping[str, str],
    weighing: Weighing | None = None,
) -> Answered:
    """The figures of a question, set beside others, of those for whom `where` holds."""
    variable = survey.dictionary.variable(question)
    several = variable is not None and variable.measure is Measure.MANY
    wanted = [f"{question}/{each.name}" for each in variable.categories] if variable and several else [question]
    if variable is None or not wanted:
        raise NoSuchDimension(f"There is no question {question} with choices in {survey.dictionary.survey}.")
    _must_differ([question, *by, *where])
    parts = []
    for name in wanted:
        counted = table(connection, survey, [name, *by, *where], weighing)
        _must_be_there(counted, where)
        effect = weighing.design_effect if weighing else 1.0
        parts.append(publish(counted, survey.rules, key).slice(where).shares_of(name, effect))
    return _put_together(variable, parts, weighing, several=several)


def _put_together(
    variable: Variable, parts: Sequence[Published], weighing: Weighing | None, *, several: bool
) -> Answered:
    first = parts[0]
    figures: dict[tuple[str, Key], Figure] = {}
    names = [each.name for each in variable.categories] if several else first.dimensions[0].categories
    for place, name in enumerate(names):
        part, category = (parts[place], CHOSEN) if several else (first, name)
        figures |= {(name, key[1:]): figure for key, figure in part.figures.items() if key[0] == category}
    return Answered(
        variable=variable,
        by=first.dimensions[1:],
        rows=tuple(names),
        figures=figures,
        bases={key[1:]: first.base(key, 0) for key in first.figures if key[0] == TOTAL},
        several=several,
        smallest=first.smallest,
        at_risk=first.at_risk,
        closed=any(each.closed for each in parts),
        weighing=weighing,
        silent=_silent(parts),
    )


def _silent(parts: Sequence[Published]) -> Figure | None:
    """The same people in all parts; they are shown where every part shows them."""
    key = (NO_ANSWER, *(TOTAL for _ in parts[0].dimensions[1:]))
    found = [each.figures[key] for each in parts if key in each.figures]
    if not found:
        return None
    return HIDDEN if any(each.n is None for each in found) else found[0]


def _must_differ(names: Sequence[str]) -> None:
    plain = [name.partition("/")[0] for name in names]
    for name in plain:
        if plain.count(name) > 1:
            raise NoSuchDimension(f"{name} is asked for twice.")
    if len(names) > MOST_DIMENSIONS:
        raise NoSuchDimension(f"At most {MOST_DIMENSIONS} things can be set beside each other, filters among them.")


def _must_be_there(counted: Table, where: Mapping[str, str]) -> None:
    known = {each.name: each.categories for each in counted.dimensions}
    for name, category in where.items():
        if category not in known[name]:
            there = ", ".join(each for each in known[name] if each != NO_ANSWER)
            raise NoSuchDimension(f"{name} is never {category}. It is: {there}.")


def _must_be_small(ways: Sequence[Way]) -> None:
    cells = 1
    for way in ways:
        cells *= len(way.categories) + 1
    if cells > MOST_CELLS:
        raise NoSuchDimension(f"That are {cells:,} cells; at most {MOST_CELLS:,} can be counted at once.")
