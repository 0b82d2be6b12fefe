"""Respondents who are made up: the engine itself asks them, and they answer as it comes, the same at every check.

Half of them take the first choice of a list, the rest any; numbers are such as the form tells apart, so that all its
ways are gone by somebody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.flows.engine import advance
from app.flows.flow import Choice, Flow, Question
from app.flows.questions.base import NUMBERS
from app.flows.questions.range import Range
from app.flows.review.light import deciding, light
from app.flows.review.trial import Trial
from app.flows.state import Answered, Reply, State, Step
from app.values import USSD_ROOM

WALKERS = 50
_FEWEST, _MOST_TURNS = 10, 4_000
_MOST_TRIES = 12
_OFTEN_THERE = 3  # the first entries of a list that its filter may shorten
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
    replies = _Replies(trial, light(trial.flow, deciding(trial.flow)))
    turns = 0
    for number in range(1, WALKERS + 1):
        if turns > _MOST_TURNS and number > _FEWEST:
            return
        walk = replies.walk(number)
        turns += len(walk.asked)
        yield walk


class _Replies:
    """What the made-up respondents reply."""

    def __init__(self, trial: Trial, flow: Flow) -> None:
        self.flow, self.chance = flow, 1
        expressions = list(deciding(flow))
        self.numbers = {
            question.name: [value for value in told_apart if value]
            for question in flow.questions
            if question.kind.name in {"integer", "decimal"} and (told_apart := trial.domain(question, expressions))
        }

    def walk(self, number: int) -> Walk:
        """Send one respondent through the survey."""
        self.chance = number * 7_919 % _MODULUS
        step = advance(self.flow, State(number, self.flow.locale), Reply(None, USSD_ROOM), _AT)
        asked: list[tuple[str, tuple[str, ...]]] = []
        while not step.state.ended:
            asked.append((step.state.open, tuple(step.state.notes)))
            answered = self.answered(step, self.flow.by_name[step.state.open])
            if answered is None or len(asked) > _MOST_TURNS:
                return Walk(tuple(asked), (), "", stuck=step.state.open)
            step = answered
        return Walk(tuple(asked), tuple(step.state.notes), step.state.ended)

    def answered(self, step: Step, question: Question) -> Step | None:
        """Reply until something is taken."""
        for words in self.words(question):
            after = advance(self.flow, step.state, Reply(words, USSD_ROOM), _AT)
            if any(isinstance(event, Answered) for event in after.events):
                return after
        return None

    def words(self, question: Question) -> Iterator[str]:
        """Yield replies, the likeliest first; what takes none of them may be skipped."""
        if question.kind.name == "rank" and question.choices:
            for most in range(len(question.choices.choices), 0, -1):
                yield " ".join(map(str, NUMBERS[:most]))
        for _ in range(_MOST_TRIES):
            yield self.one(question)
        yield from _REPLIES.get(question.kind.name, ())
        yield "SKIP"

    def one(self, question: Question) -> str:
        """A reply as it comes."""
        kind = question.kind
        if question.sets_language:
            return self.flow.locale
        if question.choices:
            return self.choice(question.choices.choices, several=kind.name == "select_multiple")
        if isinstance(kind, Range):
            return f"{kind.start + kind.step * self.below(int((kind.end - kind.start) / kind.step) + 1):f}"
        if self.numbers.get(question.name) and self.below(2):
            return self.of(self.numbers[question.name])
        return self.of(_REPLIES.get(kind.name, _REPLIES["text"]))

    def choice(self, choices: Sequence[Choice], *, several: bool) -> str:
        """One number, or two; of a list that may be shorter by its filter, small ones are likelier."""
        most = len(choices) if self.below(2) else min(len(choices), _OFTEN_THERE)
        number = NUMBERS[self.below(most) if self.below(2) else 0]
        return f"{number} {NUMBERS[self.below(most)]}" if several and self.below(2) else str(number)

    def of(self, things: Sequence[str]) -> str:
        return things[self.below(len(things))]

    def below(self, most: int) -> int:
        self.chance = self.chance * _MULTIPLIER % _MODULUS
        return (self.chance >> 8) % most
