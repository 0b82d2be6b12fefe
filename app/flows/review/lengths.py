"""How long a survey is: the longest way that its conditions allow, and a typical one, in every language."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.flows.asking.finding import MOST_LISTED
from app.flows.asking.previews import Preview
from app.flows.flow import Flow
from app.flows.review import longest
from app.flows.review.tariff import Usage
from app.flows.review.trial import Trial
from app.flows.review.walks import Walk, walks
from app.values import Medium, RunState

_MEASURES = 4


@dataclass(frozen=True, slots=True)
class Way:
    """What one way through a survey takes, from the first screen to the last."""

    questions: int
    pages: int
    """Pages of a dialled menu."""
    messages: int
    parts: int
    """SMS parts that these messages are billed as."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long a survey is in one language: at most, and for half of its respondents."""

    locale: str
    longest: Way
    typical: Way


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long a survey is."""

    languages: tuple[Length, ...]
    walkers: int
    """How many made-up respondents the typical way was found with."""
    stuck: tuple[str, ...]
    """Questions that took none of their replies; what comes after is not in the typical way of these."""
    repeats: tuple[str, ...] = ()
    """What may be asked any number of times; it was counted as often as a made-up respondent was asked it at most."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast people are, and how long a network lets them."""

    screen_seconds: float
    session_seconds: float

    def seconds(self, way: Way) -> float:
        """How long a way takes on a dialled menu."""
        return way.pages * self.screen_seconds

    def sessions(self, way: Way) -> int:
        """In how many sessions that is; each resumes where the one before was cut."""
        return math.ceil(self.seconds(way) / self.session_seconds)

    def usage(self, way: Way, medium: Medium) -> Usage:
        """What a way uses of a channel. By SMS every message is asked for: the first one with a keyword."""
        if medium is Medium.SMS:
            return Usage(medium, parts=way.parts, replies=way.messages)
        return Usage(medium, sessions=self.sessions(way), seconds=self.seconds(way))


def lengths(trial: Trial, screens: Sequence[Preview]) -> Lengths:
    """Measure a survey whose screens are known."""
    flow = trial.flow
    sizes, gone = _Sizes(flow, screens), list(walks(trial))
    often = _times(flow, gone)
    weights = {
        name: tuple(often.get(name, 1) * each for each in sizes.of_question(name)) for name in _within_reach(flow)
    }
    at_most = tuple(map(int.__add__, longest.most(trial, weights), sizes.of_the_longest_ending()))
    to_the_end = [walk for walk in gone if walk.how == RunState.COMPLETED] or gone
    measured = [sizes.of_walk(walk) for walk in to_the_end]
    typical = tuple(sorted(each)[len(each) // 2] for each in zip(*measured, strict=True))
    return Lengths(
        tuple(
            Length(locale, Way(*at_most[place : place + _MEASURES]), Way(*typical[place : place + _MEASURES]))
            for place, locale in zip(range(0, len(at_most), _MEASURES), flow.locales, strict=True)
        ),
        walkers=len(gone),
        stuck=tuple(dict.fromkeys(walk.stuck for walk in gone if walk.stuck)),
        repeats=tuple(repeat.name for repeat in flow.repeats),
    )


def _times(flow: Flow, gone: Iterable[Walk]) -> Mapping[str, int]:
    """How often a question of a repeat was asked of somebody at most: conditions set no bound to that."""
    most: dict[str, int] = {}
    for walk in gone:
        counts = Counter(name for name, _ in walk.asked if flow.by_name[name].repeats)
        most |= {name: max(count, most.get(name, 1)) for name, count in counts.items()}
    return most


def _within_reach(flow: Flow) -> Iterable[str]:
    """The questions before a note that ends the survey for everybody."""
    for question in flow.questions:
        if question.end and not question.relevant:
            return
        if question.kind.asked:
            yield question.name


class _Sizes:
    """What each question takes, in all languages one after the other: 1, its pages, messages and parts."""

    def __init__(self, flow: Flow, screens: Iterable[Preview]) -> None:
        self.flow = flow
        self.exact: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        self.largest: dict[str, list[int]] = {}
        self.endings: dict[tuple[str, ...], list[int]] = {}
        place = {locale: _MEASURES * number for number, locale in enumerate(flow.locales)}
        for screen in screens:
            if screen.question is None:
                sizes = self.endings.setdefault(screen.notes, self.blank(0))
            else:
                sizes = self.exact.setdefault((screen.name, screen.notes), self.blank(1))
            _write(sizes, place[screen.locale], screen)
        for (name, _), sizes in self.exact.items():
            self.largest[name] = list(map(max, self.largest.get(name, sizes), sizes))

    def blank(self, questions: int) -> list[int]:
        return [questions, 0, 0, 0] * len(self.flow.locales)

    def of_question(self, name: str) -> tuple[int, ...]:
        """What a question takes at most, with the notes that may stand above it."""
        return tuple(self.largest.get(name, self.blank(1)))

    def of_the_longest_ending(self) -> tuple[int, ...]:
        return tuple(map(max, *self.endings.values(), self.blank(0), self.blank(0)))

    def of_walk(self, walk: Walk) -> tuple[int, ...]:
        """What a walk takes."""
        total = list(self.endings.get(walk.ending, self.of_the_longest_ending()))
        for name, notes in walk.asked:
            total = list(map(int.__add__, total, self.exact.get((name, notes)) or self.of_question(name)))
        return tuple(total)


def _write(sizes: list[int], place: int, screen: Preview) -> None:
    """Note what a screen takes; of a list that is too long to be shown, what was found by its letters is another one."""
    choices = screen.question.choices.choices if screen.question and screen.question.choices else ()
    found = int(len(choices) > MOST_LISTED)
    if screen.medium is Medium.USSD:
        sizes[place + 1] = len(screen.pages) + found
    else:
        sizes[place + 2] = len(screen.pages) + found
        sizes[place + 3] = sum(page.parts for page in screen.pages) + found
