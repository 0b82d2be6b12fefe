"""Respondents who are made up: the engine itself asks them, and they answer as it comes, the same at every check.

Half of them take the first choice of a list, the rest any; numbers are such as the form tells apart, so that all its
ways are gone by somebody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.flows.asking.document import Document
from app.flows.asking.engine import advance
from app.flows.asking.finding import MOST_LISTED
from app.flows.asking.repeats import ANOTHER
from app.flows.asking.state import Reply, State, Step
from app.flows.flow import Choice, Flow, Question, place_of
from app.flows.questions.base import NUMBERS
from app.flows.questions.range import Range
from app.flows.review.trial import Trial
from app.flows.xpath.expressions import Expression
from app.values import USSD_ROOM

WALKERS = 50
_FEWEST, _MOST_TURNS = 10, 4_000
_MOST_TRIES = 12
_AT = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
_REPLIES: Mapping[str, tuple[str, ...]] = {
    "integer": ("25", "3", "1", "60", "0"), "decimal": ("2.5", "25", "0.5", "0"), "date": ("25/12/2000", "25/12/2025"),
    "time": ("14:30",), "dateTime": ("25/12/2000 14:30", "25/12/2025 14:30"), "geopoint": ("-17.83 31.05",),
    "text": ("Tariro Moyo", "Tariro", "25", "A1"),
}  # fmt: skip
_MULTIPLIER, _MODULUS = 16_807, 2_147_483_647  # the numbers of Park and Miller


@dataclass(frozen=True, slots=True)
class Walk:
    """One made-up respondent's way: what was asked, each with the notes above it, and the notes at the end."""

    asked: tuple[tuple[str, tuple[str, ...]], ...]
    ending: tuple[str, ...]
    how: str
    """The state that the run ended in."""
    stuck: str = ""
    """The question that took none of the replies tried; the walk ends there."""


def walks(trial: Trial) -> Iterator[Walk]:
    """Send respondents through a survey: 50, or fewer (10 at least) where the survey is very long."""
    replies = _Replies(trial)
    turns = 0
    for number in range(1, WALKERS + 1):
        if turns > _MOST_TURNS and number > _FEWEST:
            return
        walk = replies.walk(number)
        turns += len(walk.asked)
        yield walk


class _Replies:
    """What the made-up respondents reply."""

    def __init__(self, trial: Trial) -> None:
        self.flow, self.chance = trial.flow, 1
        expressions = list(_deciding(trial.flow))
        self.numbers = {
            question.name: [value for value in told_apart if value]
            for question in trial.flow.questions
            if question.kind.name in {"integer", "decimal"} and (told_apart := trial.domain(question, expressions))
        }

    def walk(self, number: int) -> Walk:
        """Send one respondent through the survey."""
        self.chance = number * 7_919 % _MODULUS
        step = advance(self.flow, State(number, self.flow.locale), Reply(None, USSD_ROOM), _AT)
        asked: list[tuple[str, tuple[str, ...]]] = []
        while not step.state.ended:
            question = self.flow.spot(step.state.open)
            if question.sensitive and not step.state.safe:
                step = advance(self.flow, step.state, Reply("YES", USSD_ROOM), _AT)
            asked.append((question.name, _names(step.state.notes)))
            answered = self.answered(step, question)
            if answered is None or len(asked) > _MOST_TURNS:
                return Walk(tuple(asked), (), "", stuck=question.name)
            step = answered
        return Walk(tuple(asked), _names(step.state.notes), step.state.ended)

    def answered(self, step: Step, question: Question) -> Step | None:
        """Reply until something is taken."""
        choices = Document(self.flow, step.state, _AT).choices(question)
        for words in self.words(question, choices):
            after = advance(self.flow, step.state, Reply(words, USSD_ROOM), _AT)
            if after.state.ended or after.state.open != step.state.open:
                return after
        return None

    def words(self, question: Question, choices: Sequence[Choice]) -> Iterator[str]:
        """Yield replies, the likeliest first; what takes none of them may be skipped."""
        for _ in range(_MOST_TRIES):
            yield self.one(question, choices)
        yield from _REPLIES.get(question.kind.name, ())
        yield "SKIP"

    def one(self, question: Question, choices: Sequence[Choice]) -> str:
        """A reply as it comes."""
        kind = question.kind
        if kind is ANOTHER:
            return str(1 + self.below(2))
        if question.sets_language:
            return self.flow.locale
        if kind.name == "rank":
            return " ".join(map(str, NUMBERS[: len(choices)]))
        if choices:
            return self.choice(choices, several=kind.name == "select_multiple")
        if isinstance(kind, Range):
            return f"{kind.start + kind.step * self.below(int((kind.end - kind.start) / kind.step) + 1):f}"
        if self.numbers.get(question.name) and self.below(2):
            return self.of(self.numbers[question.name])
        return self.of(_REPLIES.get(kind.name, _REPLIES["text"]))

    def choice(self, choices: Sequence[Choice], *, several: bool) -> str:
        """The first choice or any, at times with another one; of a list that is too long to be shown, its name."""
        place = self.below(len(choices)) if self.below(2) else 0
        if len(choices) > MOST_LISTED:
            return choices[place].name
        if several and self.below(2):
            return f"{NUMBERS[place]} {NUMBERS[self.below(len(choices))]}"
        return str(NUMBERS[place])

    def of(self, things: Sequence[str]) -> str:
        return things[self.below(len(things))]

    def below(self, most: int) -> int:
        self.chance = self.chance * _MULTIPLIER % _MODULUS
        return (self.chance >> 8) % most


def _names(keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(place_of(key)[0] for key in keys)


def _deciding(flow: Flow) -> Iterator[Expression]:
    """Yield what decides about the way through a survey."""
    for question in flow.questions:
        if not question.silent:
            nodeset = question.choices.nodeset if question.choices else None
            for each in (*question.relevant, question.constraint, question.required, nodeset):
                if isinstance(each, Expression):
                    yield each
