"""Reads what a form says about figures. A form can ask for more care than the floor, never for less."""

from collections.abc import Iterable

from app.flows.flow import Question
from app.flows.guard import LEVELS, Guard
from app.flows.reading.faults import Fault, FaultOf, Place
from app.flows.reading.model import Model
from app.values import SMALLEST_FLOOR

_BANDED = {"integer", "range", "calculate"}


def read(model: Model, questions: Iterable[Question], fault: FaultOf, faults: list[Fault]) -> Guard:
    """Read the marks; what is wrong with one is a fault of its row."""
    asked = list(questions)
    smallest, wrong = _smallest(model.settings.get("smallest", "").strip())
    faults.extend(_bad("smallest", *each) for each in wrong)
    listed = frozenset(filter(None, (each.strip() for each in model.settings.get("high_risk", "").split("|"))))
    there = {choice.name for each in asked if each.choices is not None for choice in each.choices.choices}
    for name in sorted(listed - there):
        faults.append(_bad("high_risk", f"it names {name}, which is no choice", "Write names of choices: LGB | REF."))
    return Guard(smallest, listed, _areas(model, asked, fault), _bands(model, asked, fault))


def _smallest(said: str) -> tuple[int, list[tuple[str, str]]]:
    if not said:
        return SMALLEST_FLOOR, []
    if not said.isdecimal() or not said.isascii() or len(said) > 6:
        return SMALLEST_FLOOR, [(f"it is {said!r}", f"Write a number, {SMALLEST_FLOOR} or more.")]
    if int(said) < SMALLEST_FLOOR:
        cure = f"Write {SMALLEST_FLOOR} or more: figures about fewer people can name them."
        return SMALLEST_FLOOR, [(f"it is {said}, which is below the floor", cure)]
    return int(said), []


def _areas(model: Model, questions: Iterable[Question], fault: FaultOf) -> dict[str, str]:
    areas = {}
    for question in questions:
        if word := model.mark(question.path, "area"):
            areas[question.name] = word
            if word not in LEVELS:
                fault(question.name, f"izwi:area is {word!r}", f"Write one of: {', '.join(LEVELS)}.")
    return areas


def _bands(model: Model, questions: Iterable[Question], fault: FaultOf) -> dict[str, tuple[int, ...]]:
    bands = {}
    for question in questions:
        word = model.mark(question.path, "bands")
        if not word:
            continue
        starts = [int(each) for each in word.split() if each.isascii() and each.lstrip("-").isdecimal()]
        if question.kind.name not in _BANDED:
            fault(
                question.name, f"izwi:bands is at a {question.kind.name}", "Put it at an integer, range or calculate."
            )
        elif len(starts) != len(word.split()) or starts != sorted(set(starts)):
            cure = "Write where each band begins, the lowest first: 18 25 35 makes under 18, 18-24, 25-34, 35 and over."
            fault(question.name, f"izwi:bands is {word!r}", cure)
        bands[question.name] = tuple(starts)
    return bands


def _bad(name: str, problem: str, cure: str) -> Fault:
    return Fault(Place("settings", 2), f"izwi:{name}", problem, cure)
