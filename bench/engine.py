"""What a turn costs by form: the engine alone, from the stored state to the stored state, over a whole walk through it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from statistics import median
from time import thread_time_ns
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.flows.asking.document import Document
from app.flows.asking.engine import advance
from app.flows.asking.record import write
from app.flows.asking.state import Reply, State
from app.flows.flow import Flow, Question
from app.flows.reading.compile import compile_form
from app.flows.reading.load import Form, load
from app.values import USSD_ROOM
from bench import forms
from bench.report import verdict

AT = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Africa/Harare"))
FORMS: dict[str, Callable[[], bytes]] = {
    "10 questions": lambda: forms.plain(10),
    "100 questions": lambda: forms.plain(100),
    "1,000 questions": lambda: forms.plain(1_000),
    "like a verbal autopsy": forms.autopsy,
    "a list of 2,000 rows": forms.long_list,
}
HEADING = "## What a turn costs by form"
METHOD = """\
The engine alone, CPU time of its thread: from the stored state to the stored state (`loads`, `advance`, `dumps`), for every
turn of a walk through the form, median of {walks} walks. `record` is what the worker takes afterwards to write the finished
record. `filter` is one look at the filtered list for an answer that was not given before; `compile` is from XForm XML to a flow.
"""
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
    record_us: float


def section() -> str:
    """Measure every form; returns the section of the page."""
    costs = [cost(name, make()) for name, make in FORMS.items()]
    return "\n".join([HEADING, "", METHOD.format(walks=_WALKS), *_table(costs), "", *_promises(costs)])


def _table(costs: list[Cost]) -> Iterator[str]:
    yield "| form | questions | turns | compile ms | median µs | slowest µs | last turn µs | record µs | filter µs |"
    yield "|" + " --: |" * 9
    for cost in costs:
        filtered = "" if cost.filter_us is None else f"{cost.filter_us:.0f}"
        *turns, last = cost.turns_us
        figures = (
            f"{cost.compile_ms:.0f} | {median(turns):.0f} | {max(turns):.0f} | {last:,.0f} | {cost.record_us:,.0f}"
        )
        yield f"| {cost.name} | {cost.questions:,} | {len(cost.turns_us)} | {figures} | {filtered} |"


def _promises(costs: list[Cost]) -> Iterator[str]:
    by_name = {cost.name: cost for cost in costs}
    autopsy, hundred = by_name["like a verbal autopsy"], by_name["100 questions"]
    listed = by_name["a list of 2,000 rows"].filter_us or 0.0
    most = max(hundred.turns_us)
    yield verdict(autopsy.compile_ms < 2_000, "a verbal autopsy compiles within 2 s", f"{autopsy.compile_ms:.0f} ms")
    yield verdict(max(autopsy.turns_us) < 3_000, "no turn of it takes 3 ms", f"{max(autopsy.turns_us):,.0f} µs")
    yield verdict(most < 300, "no turn of 100 questions takes 300 µs", f"{most:.0f} µs")
    yield verdict(listed < 1_000, "a list of 2,000 rows is filtered within 1 ms", f"{listed:.0f} µs")


def cost(name: str, source: bytes) -> Cost:
    form = load(source, "bench.md")
    compiled = [_compile_ms(form) for _ in range(3)]
    flow = compile_form(form)
    walks = [[each for each, _ in _walk(flow)] for _ in range(_WALKS)]
    turns = [median(turn) / 1_000 for turn in zip(*walks, strict=True)]
    asked = sum(question.kind.asked for question in flow.questions)
    return Cost(name, asked, min(compiled), turns, _filter_us(flow), _record_us(flow))


def _compile_ms(form: Form) -> float:
    start = thread_time_ns()
    compile_form(form)
    return (thread_time_ns() - start) / 1e6


def _walk(flow: Flow) -> Iterator[tuple[int, State]]:
    """Answer everything, most of it with yes; yields the nanoseconds of each turn, and what is remembered after it."""
    memory, words = State(1, flow.locale).dumps(), None
    for _ in range(_MOST_TURNS):
        start = thread_time_ns()
        step = advance(flow, State.loads(memory), Reply(words, USSD_ROOM), AT)
        memory = step.state.dumps()
        yield thread_time_ns() - start, step.state
        if step.state.ended:
            return
        words = _reply(flow.spot(step.state.open))
    raise RuntimeError("the walk does not come to an end")


def _reply(question: Question) -> str:
    if question.kind.name == "select_one":
        return "2" if question.index % 7 == 6 else "1"
    return "23/11/2026" if question.name == "died" else _SAID[question.kind.name]


def _record_us(flow: Flow) -> float:
    *_, (_, state) = _walk(flow)
    took = []
    for _ in range(_WALKS):
        start = thread_time_ns()
        write(flow, state, AT)
        took.append((thread_time_ns() - start) / 1_000)
    return median(took)


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
