"""What respondents of a survey can be told apart by: its questions, and how and when they answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from app.flows.dictionary.variable import Dictionary, Measure, Missing, Variable
from app.flows.guard import LEVELS, Guard
from app.reports.figures.rules import Rules
from app.reports.figures.table import NO_ANSWER, Dimension
from app.store.figures import Axis, Kind
from app.values import AT_RISK_FLOOR, Medium, Mode

CHOSEN, NOT_CHOSEN = "yes", "no"
ABOUT_RUNS = ("language", "channel", "mode", "version", "month", "flagged")
"""What is known of every respondent without asking."""
_NUMBERS = {Measure.WHOLE, Measure.NUMBER}


class NoSuchDimension(ValueError):
    """Nothing can be counted by that; the message says why, and by what."""


@dataclass(frozen=True)
class Survey:
    """What has to be known of a survey to count its respondents."""

    id: int
    dictionary: Dictionary
    guard: Guard
    zone: ZoneInfo
    span: tuple[datetime, datetime] | None
    calculated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Calculations that stand for a margin of the population, with the categories that they may give."""

    @property
    def rules(self) -> Rules:
        """What may be shown of it."""
        risky = {
            name: found
            for each in self.dictionary.variables
            for name, found in _risks(each, self.guard.high_risk).items()
        }
        fine = frozenset(name for name, level in self.guard.areas.items() if level != LEVELS[0])
        return Rules(self.guard.smallest, max(AT_RISK_FLOOR, self.guard.smallest), risky, fine)

    def axis(self, name: str) -> "Way":
        """How to tell respondents apart by something of this name; `question/choice` is one choice of several."""
        if name in ABOUT_RUNS:  # also where the form has a question of this name
            return self._about_runs(name)
        variable = self.dictionary.variable(name)
        if variable is None and "/" in name:
            return self._chosen(name)
        if variable is None:
            raise NoSuchDimension(
                f"There is no {name} in {self.dictionary.survey}. There are: {', '.join(self.known)}."
            )
        _must_be_outside(variable)
        if variable.measure is Measure.ONE:
            said = (each.name for each in variable.categories if each.missing is not Missing.REFUSED)
            return Way(name, Axis(Kind.ANSWER, name), tuple(said))
        if variable.measure is Measure.MANY:
            first = variable.categories[0].name if variable.categories else "…"
            raise NoSuchDimension(f"Several choices of {name} may hold at once: name one, such as {name}/{first}.")
        if name in self.guard.bands:
            return Way(name, Axis(Kind.ANSWER, name), _named(self.guard.bands[name]), self.guard.bands[name])
        if name in self.calculated:
            return Way(name, Axis(Kind.ANSWER, name), self.calculated[name])
        if variable.measure in _NUMBERS:
            raise NoSuchDimension(f"{name} is a number: give it bands in the form, such as izwi:bands = 18 25 35.")
        raise NoSuchDimension(f"{name} has no choices that could be counted.")

    @property
    def known(self) -> list[str]:
        """The names that can be asked for."""
        every = (each for each in self.dictionary.variables if not each.repeats)
        banded = self.guard.bands
        ones = [each.name for each in every if each.measure is Measure.ONE or each.name in banded]
        return [*ones, *(each for each in ABOUT_RUNS if each not in ones)]

    def _chosen(self, name: str) -> "Way":
        question, _, choice = name.partition("/")
        variable = self.dictionary.variable(question)
        if variable is None or variable.measure is not Measure.MANY or variable.category(choice) is None:
            raise NoSuchDimension(f"There is no {name}: it is read as a choice of a question with several.")
        _must_be_outside(variable)
        return Way(name, Axis(Kind.CHOSEN, question, choice), (CHOSEN, NOT_CHOSEN))

    def _about_runs(self, name: str) -> "Way":
        starts: tuple[datetime, ...] = ()
        categories: Mapping[str, Sequence[str]] = {
            "language": tuple(self.dictionary.languages),
            "channel": tuple(Medium),
            "mode": tuple(Mode),
            "version": self.dictionary.versions,
            "flagged": (CHOSEN, NOT_CHOSEN),
        }
        if name == "month":
            months = _months(self.span, self.zone)
            starts = tuple(months[1:])
            return Way(name, Axis(Kind.MONTH, starts=starts), tuple(f"{each:%Y-%m}" for each in months))
        return Way(name, Axis(Kind(name)), tuple(str(each) for each in categories[name]))


@dataclass(frozen=True)
class Way:
    """One way to tell respondents apart: how it is counted, and which categories come of it."""

    name: str
    axis: Axis
    categories: tuple[str, ...]
    starts: tuple[int, ...] = ()
    """Where each band but the first begins."""

    def category(self, value: str | int | None) -> str:
        """The category of a counted value."""
        if value is None:
            return NO_ANSWER
        if self.axis.kind is Kind.MONTH:
            return self.categories[int(value)]
        if self.starts:
            return self._band(str(value))
        return str(value) if str(value) in self.categories else NO_ANSWER

    def dimension(self, found: set[str]) -> Dimension:
        """The axis of a table. That nobody at all used a channel is no secret; that nobody chose an answer is one."""
        there = self.categories
        if self.axis.kind not in {Kind.ANSWER, Kind.CHOSEN}:
            there = tuple(each for each in there if each in found)
        return Dimension(self.name, (*there, NO_ANSWER) if NO_ANSWER in found else there)

    def _band(self, value: str) -> str:
        try:
            number = float(value)
        except ValueError:
            return NO_ANSWER
        return self.categories[sum(number >= start for start in self.starts)]


def _risks(variable: Variable, high_risk: frozenset[str]) -> Mapping[str, frozenset[str]]:
    listed = frozenset(each.name for each in variable.categories) & high_risk
    if variable.measure is Measure.MANY:
        return {f"{variable.name}/{each}": frozenset((CHOSEN,)) for each in listed}
    return {variable.name: listed} if listed else {}


def _must_be_outside(variable: Variable) -> None:
    if variable.repeats:
        raise NoSuchDimension(
            f"{variable.name} is asked several times of one respondent, so she is in no one category."
        )


def _named(starts: tuple[int, ...]) -> tuple[str, ...]:
    between = [f"{one}-{other - 1}" if other - 1 > one else f"{one}" for one, other in pairwise(starts)]
    return f"<{starts[0]}", *between, f"{starts[-1]}+"


def _months(span: tuple[datetime, datetime] | None, zone: ZoneInfo) -> list[datetime]:
    """The beginnings of all months from the first to the last, where the survey is asked."""
    if span is None:
        return [datetime(1970, 1, 1, tzinfo=zone)]
    first, last = (each.astimezone(zone) for each in span)
    count = (last.year - first.year) * 12 + last.month - first.month
    months = [first.year * 12 + first.month - 1 + each for each in range(count + 1)]
    return [datetime(each // 12, each % 12 + 1, 1, tzinfo=zone) for each in months]
