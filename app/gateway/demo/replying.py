"""What a simulated respondent types at a screen: mostly what is asked for, sometimes nothing useful."""

from collections.abc import Callable
from datetime import datetime

from app.flows.asking.document import Document
from app.flows.asking.finding import MOST_LISTED, matches
from app.flows.asking.repeats import ANOTHER
from app.flows.asking.state import State
from app.flows.flow import Flow, Question
from app.flows.phrases import fold
from app.flows.questions.base import NUMBERS
from app.flows.questions.range import Range
from app.gateway.demo.persona import Persona
from app.values import Medium

_SKIPS, _SLIPS, _AGAIN = 0.05, 0.03, 0.4
_TEXTS = (
    "We walk far for water", "Old people wait long at the clinic", "No work here", "School fees are too high",
    "The road is bad when it rains", "Nobody asks us", "People without papers get nothing", "There is no ramp at the office",
)  # fmt: skip


def reply(flow: Flow, state: State, persona: Persona, medium: str, at: datetime) -> str:
    """What she types at the question that is open."""
    question, chance = flow.spot(state.open), persona.chance
    if question.sensitive and medium == Medium.SMS:
        return "SKIP"  # goes on without what is asked on a dialled menu only
    if question.sensitive and not state.safe:
        return "1"  # she is alone
    if question.kind is ANOTHER:
        return "1" if chance.random() < _AGAIN else "2"
    luck = chance.random()
    if luck < _SLIPS and not state.tries:
        return chance.choice(["77", "yes please", "hesi"])
    if luck > 1 - _SKIPS and question.required is False:
        return "SKIP"
    if question.choices is not None:
        return _chosen(flow, state, question, persona, at)
    return _written(question, persona, at)


def _chosen(flow: Flow, state: State, question: Question, persona: Persona, at: datetime) -> str:
    choices = Document(flow, state, at).choices(question)
    names = [each.name for each in choices]
    if not names:
        return "SKIP"
    if len(choices) > MOST_LISTED and not state.find:
        return choices[names.index(persona.picks(question.name, names)[0])].spoken[0]
    if len(choices) > MOST_LISTED:
        names = [each.name for each in matches(choices, fold(state.find))] or names[:1]
    count = 1
    if question.kind.name == "select_multiple":
        count = persona.chance.choices([1, 2, 3], [5, 3, 2])[0]
    elif question.kind.name == "rank":
        count = len(names)
    return " ".join(str(NUMBERS[names.index(each)]) for each in persona.picks(question.name, names, count))


def _written(question: Question, persona: Persona, at: datetime) -> str:
    chance, kind = persona.chance, question.kind
    if isinstance(kind, Range):
        steps = int((kind.end - kind.start) / kind.step)
        return f"{kind.start + kind.step * chance.randint(0, min(steps, 1000)):f}"
    day, minute = f"{chance.randint(1, 28)}/{chance.randint(1, 12)}", chance.randint(10, 59)
    year = at.year - 1
    by_type: dict[str, Callable[[], str]] = {
        "integer": lambda: str(chance.choice([1, 2, 2, 3, 3, 4, 5, 7, 12, 18, 20, 30])),
        "decimal": lambda: f"{chance.lognormvariate(1.5, 0.8):.1f}",
        "date": lambda: f"{day}/{chance.randint(year - 9, year)}",
        "time": lambda: f"{chance.randint(6, 21)}:{minute}",
        "dateTime": lambda: f"{day}/{year} {chance.randint(6, 21)}:{minute}",
        "geopoint": lambda: f"-{chance.uniform(16, 21):.3f} {chance.uniform(27, 32):.3f}",
        "acknowledge": lambda: "1",
    }
    return by_type[kind.name]() if kind.name in by_type else chance.choice(_TEXTS)
