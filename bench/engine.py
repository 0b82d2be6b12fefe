"""What a turn costs by form: the engine alone, from the stored state to the stored state, over a whole walk through it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from statistics import median
from time import thread_time_ns
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.flows.compile import compile_form
from app.flows.document import Document
from app.flows.engine import advance
from app.flows.flow import Flow, Question
from app.flows.load import Form, load
from app.flows.state import Reply, State
from app.values import USSD_ROOM
from bench import forms

AT = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Africa/Harare"))
FORMS: dict[str, Callable[[], bytes]] = {
    "10 questions": lambda: forms.plain(10),
    "100 questions": lambda: forms.plain(100),
    "1,000 questions": lambda: forms.plain(1_000),
    "like a verbal autopsy": forms.autopsy,
    "a list of 2,000 rows": forms.long_list,
}
_WALKS = 7
_MOST_TURNS = 3_000
_SAID = {"integer": "5", "text": "Rudo", "date": "1/2/1960", "select_multiple": "3"}


class Cost(NamedTuple):
    """What one form costs: seconds to compile it, microseconds of each turn of a walk through it."""

    name: str
    questions: int
    compile_ms: float
    turns_us: list[float]
    filter_us: float | None


def measure() -> list[Cost]:
    """Measure every form."""
    return [_cost(name, make()) for name, make in FORMS.items()]


def _cost(name: str, source: bytes) -> Cost:
    form = load(source, "bench.md")
    compiled = [_compile_ms(form) for _ in range(3)]
    flow = compile_form(form)
    walks = [list(_walk(flow)) for _ in range(_WALKS)]
    turns = [median(turn) / 1_000 for turn in zip(*walks, strict=True)]
    asked = sum(question.kind.asked for question in flow.questions)
    return Cost(name, asked, min(compiled), turns, _filter_us(flow))


def _compile_ms(form: Form) -> float:
    start = thread_time_ns()
    compile_form(form)
    return (thread_time_ns() - start) / 1e6


def _walk(flow: Flow) -> Iterator[int]:
    """Answer everything, most of it with yes; yields the nanoseconds of each turn."""
    memory, words = State(1, flow.locale).dumps(), None
    for _ in range(_MOST_TURNS):
        start = thread_time_ns()
        step = advance(flow, State.loads(memory), Reply(words, USSD_ROOM), AT)
        memory = step.state.dumps()
        yield thread_time_ns() - start
        if step.state.ended:
            return
        words = _reply(flow.spot(step.state.open))
    raise RuntimeError("the walk does not come to an end")


def _reply(question: Question) -> str:
    if question.kind.name == "select_one":
        return "2" if question.index % 7 == 6 else "1"
    return "23/11/2026" if question.name == "died" else _SAID[question.kind.name]


def _filter_us(flow: Flow) -> float | None:
    """The microseconds that it takes to filter the form's list, for an answer that was not given before."""
    filtered = [each for each in flow.questions if each.choices and each.choices.nodeset]
    if not filtered:
        return None
    took = []
    for number in range(50):
        document = Document(flow, State(1, flow.locale, answers={"place": f"p{number}"}), AT)
        start = thread_time_ns()
        document.choices(filtered[0])
        took.append((thread_time_ns() - start) / 1_000)
    return median(took)
