"""An attacker who has figures, coverage, weights, funnels and response tables of one survey, and puts them all together."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
import pytest

from app.flows.reading.margins import MARGINS
from app.reports.figures.publish import Exit
from app.reports.figures.rules import STEP, Rules
from app.reports.figures.table import NO_ANSWER, NOBODY, TOTAL, Cell, Dimension, Key, Table, mark
from app.reports.missing import coverage, funnel, response
from app.reports.missing.dispositions import BROKE_OFF, COMPLETED, PARTLY, REFUSED, SCREENED_OUT, Disposition
from app.reports.missing.funnel import UNDER_WAY, Cause
from app.reports.missing.population import Margin, Population
from app.reports.missing.respondents import Places, Respondents
from tests.reports.figures.attacker import Bounds, Solver
from tests.reports.figures.people import SECRET

SIDES = {"province": ("A", "B", "C", NO_ANSWER), "sex": ("woman", "man"), "language": ("en", "sn", "nd")}
QUESTIONS = ("consent", "adult", "one", "two", "three", "four")
ENDS = (Cause.REFUSED, Cause.STOPPED, Cause.EXPIRED, Cause.DROPPED, UNDER_WAY)
SHARES = {
    ("A", "woman"): 0.3,
    ("A", "man"): 0.2,
    ("B", "woman"): 0.1,
    ("B", "man"): 0.2,
    ("C", "woman"): 0.1,
    ("C", "man"): 0.1,
}
POPULATION = Population("somewhere", (Margin(("province", "sex"), SHARES),))
WAY_OUT = Exit(Rules(), SECRET)


class Person(NamedTuple):
    """Who completed has answers; who did not stands at a question."""

    province: str = ""
    sex: str = ""
    language: str = ""
    question: str = ""
    end: str = ""


Which = Callable[[Person], bool]
KINDS = [
    *(Person(*each) for each in product(*SIDES.values())),
    *(
        Person(language=language, question=question, end=end)
        for language, question, end in product(SIDES["language"], QUESTIONS, ENDS)
        if (end == Cause.REFUSED) == (question == "consent" and end == Cause.REFUSED)  # she can refuse there only
    ),
]


class Told(NamedTuple):
    """A number that stands in a report, or a `·` in its place: of whom it is, and whether it is shown."""

    what: str
    which: Which
    shown: bool


@dataclass
class World:
    """People, and all that is published of them."""

    people: list[Person]

    def cells(self, which: Which, key: Callable[[Person], Key]) -> dict[Key, Cell]:
        found = dict[Key, Cell]()
        for number, person in enumerate(self.people, start=1):
            if which(person):
                found[key(person)] = found.get(key(person), NOBODY) + Cell(1, mark(number, number * number))
        return found

    @cached_property
    def answers(self) -> Table:
        dimensions = tuple(Dimension(*each) for each in SIDES.items())
        return Table(dimensions, self.cells(completed, lambda each: each[:3]))

    def figures(self) -> Iterator[Told]:
        names = list(SIDES)
        for size in (1, 2, 3):
            for some in combinations(names, size):
                for key, figure in WAY_OUT.table(self.answers.along(some)).figures.items():
                    where = dict(zip(some, key, strict=True))
                    yield Told(f"figure {where}", having(where), figure.n is not None)

    def coverage(self) -> Iterator[Told]:
        found = self.respondents()
        for dimensions in (("province", "sex"), ("province",), ("sex",)):
            (table,) = coverage.tables(found, POPULATION, WAY_OUT, [dimensions])
            keys = [dict(zip(dimensions, row.key, strict=True)) for row in table.rows]
            for where, row in zip(keys, table.rows, strict=True):
                yield Told(f"coverage {where}", having(where), row.respondents is not None)
            if table.unsaid is not None:
                yield Told(f"silent {dimensions}", silent(dimensions), True)
            if table.others and table.unsaid is not None:
                hidden = [having(where) for where, row in zip(keys, table.rows, strict=True) if row.respondents is None]
                yield Told(f"others {dimensions}", any_of(hidden), True)

    def weights(self) -> Iterator[Told]:
        found = self.respondents()
        for name in found.dimensions:
            (table,) = coverage.tables(found, POPULATION, WAY_OUT, [[name]])
            yield Told(f"not weighted by {name}", silent([name]), table.unsaid is not None)
        yield Told("weighted", completed, WAY_OUT.alone(found.table.total).n is not None)

    def funnels(self) -> Iterator[Told]:
        for by, name in (("", lambda _: ""), ("language", lambda each: each.language)):
            done = {key[0]: cell for key, cell in self.cells(completed, lambda each, name=name: (name(each),)).items()}
            stood = self.cells(lambda each: not completed(each), lambda each, name=name: (name(each), *each[3:]))
            for side in funnel.shown(done, stood, QUESTIONS, by, WAY_OUT):  # type: ignore[arg-type]
                where = {"language": side.name} if by else {}
                yield Told(f"completed {where}", having(where), side.completed is not None)
                yield Told(f"waiting {where}", standing(where, QUESTIONS, [UNDER_WAY]), side.under_way is not None)
                yield from funnel_rows(side, where)

    def response(self) -> Iterator[Told]:
        found = dict[Disposition, Cell]()
        for key, cell in self.cells(lambda _: True, lambda each: each).items():
            what = disposition(Person(*key))
            found[what] = found.get(what, NOBODY) + cell
        state = {
            key[0]: cell for key, cell in self.cells(lambda _: True, lambda each: (str(each.end == UNDER_WAY),)).items()
        }
        counted = response.Counted(found, state.get("True", NOBODY), state["False"])
        section = response.section(counted, "voices", (), WAY_OUT)
        for what, people in section.dispositions:
            yield Told(
                f"disposition {what.code}", lambda each, what=what: disposition(each) == what, people is not None
            )
        for group, people in section.groups.items():
            yield Told(f"group {group}", lambda each, group=group: disposition(each).group == group, people is not None)
        yield Told("under way", lambda each: each.end == UNDER_WAY, section.under_way is not None)

    def respondents(self) -> Respondents:
        table = self.answers.along(("province", "sex"))
        return Respondents(Named({name: name for name in MARGINS[:2]}, (), POPULATION), table)

    def solver(self, told: Iterable[Told], *, rounded: bool) -> Solver:
        shown = [each for each in told if each.shown]
        return Solver(
            np.array([row(each.which) for each in shown]), [self.bounds(each, rounded=rounded) for each in shown]
        )

    def bounds(self, told: Told, *, rounded: bool) -> Bounds:
        n = sum(map(told.which, self.people))
        lower = n // STEP * STEP
        return (max(0, lower - STEP + 1), lower + STEP - 1) if rounded else (n, n)


class Named(Places):
    """Questions that are called as the population calls them."""

    def category(self, dimension: str, answer: str) -> str:
        return "" if answer == NO_ANSWER else answer


def funnel_rows(side: funnel.Side, where: Mapping[str, str]) -> Iterator[Told]:
    for row_ in side.rows:
        part = QUESTIONS[QUESTIONS.index(row_.first) : QUESTIONS.index(row_.last) + 1]
        later = QUESTIONS[QUESTIONS.index(row_.first) :]
        gone, ever = standing(where, part, list(Cause)), standing(where, later, list(Cause))
        yield Told(f"left {where} {part}", gone, row_.left is not None)
        if row_.reached is not None:
            yield Told(f"reached {where} {part}", any_of([having(where), ever]), True)
        for cause, n in row_.causes.items():
            yield Told(f"{cause} at {part}", standing(where, part, [cause]), n is not None)


def completed(person: Person) -> bool:
    return not person.end


def having(where: Mapping[str, str]) -> Which:
    return lambda each: completed(each) and all(value in {TOTAL, getattr(each, name)} for name, value in where.items())


def silent(dimensions: Iterable[str]) -> Which:
    return lambda each: completed(each) and any(getattr(each, name) == NO_ANSWER for name in dimensions)


def standing(where: Mapping[str, str], questions: Iterable[str], ends: Iterable[str]) -> Which:
    questions, ends = set(questions), set(ends)
    return lambda each: (
        each.end in ends
        and each.question in questions
        and all(getattr(each, name) == value for name, value in where.items())
    )


def any_of(several: Iterable[Which]) -> Which:
    several = list(several)
    return lambda each: any(which(each) for which in several)


def disposition(person: Person) -> Disposition:
    if not person.end:
        return COMPLETED
    if person.end == Cause.REFUSED:
        return REFUSED
    early, late = person.question in QUESTIONS[:2], person.question in QUESTIONS[4:]
    if person.end == Cause.STOPPED:
        return REFUSED if early else BROKE_OFF
    if person.end == Cause.DROPPED and early:
        return SCREENED_OUT
    return PARTLY if late else BROKE_OFF


def row(which: Which) -> np.ndarray:
    return np.array([float(which(each)) for each in KINDS])


def world(seed: int, count: int) -> World:
    """People who are spread unevenly over all kinds."""
    chance = random.Random(seed)
    likely = [chance.random() ** 4 + 0.002 for _ in KINDS]
    return World(chance.choices(KINDS, likely, k=count))


CASES = [(seed, count) for seed in range(3) for count in (150, 600, 2500)]


@pytest.mark.parametrize(("seed", "count"), CASES)
def test_figures_coverage_weights_and_funnels_together_give_no_hidden_number_away(seed: int, count: int) -> None:
    """Though she is told all that is shown exactly, not rounded, and that a refusal is at the question of consent."""
    found = world(seed, count)
    told = [*found.figures(), *found.coverage(), *found.weights(), *found.funnels()]
    hidden = [each for each in told if not each.shown]
    solver = found.solver(told, rounded=False)

    assert hidden
    assert [hidden[place].what for place in solver.solved([row(each.which) for each in hidden])] == []
    for each in hidden[::5]:
        low, high = solver.range(row(each.which))
        assert high - low > 0.99, each.what


@pytest.mark.parametrize(("seed", "count"), CASES)
def test_a_response_table_gives_no_hidden_number_away(seed: int, count: int) -> None:
    found = world(seed, count)
    told = [*found.response()]
    hidden = [each for each in told if not each.shown]

    solver = found.solver(told, rounded=False)

    assert [hidden[place].what for place in solver.solved([row(each.which) for each in hidden])] == []


@pytest.mark.parametrize(("seed", "count"), CASES)
def test_all_reports_together_leave_room_around_every_hidden_number(seed: int, count: int) -> None:
    """Response tables are of the same people as funnels, cut otherwise: there it is rounding that guards."""
    found = world(seed, count)
    told = [*found.figures(), *found.coverage(), *found.weights(), *found.funnels(), *found.response()]
    solver = found.solver(told, rounded=True)

    for each in [each for each in told if not each.shown][::4]:
        low, high = solver.range(row(each.which))
        assert low - 0.01 < sum(map(each.which, found.people)) < high + 0.01  # her own reckoning is right
        assert high - low > 0.99, each.what


def test_counts_that_are_hidden_each_for_itself_would_give_hidden_numbers_away() -> None:
    won = 0
    for seed, count in CASES:
        found = world(seed, count)
        every = [*found.figures(), *found.coverage(), *found.funnels()]
        told = [each._replace(shown=sum(map(each.which, found.people)) >= 10) for each in every]
        hidden = [each for each in told if not each.shown]
        won += len(found.solver(told, rounded=False).solved([row(each.which) for each in hidden]))
    assert won > 5
