"""The form's instance with the answers in it: made element by element as it is looked at, or whole, with all its repeats."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from math import isfinite
from typing import Any

from lxml import etree

from app.flows.asking.state import State
from app.flows.flow import Flow, Question, Repeat, key_of
from app.flows.xpath.expressions import Expression

MAX_INSTANCES = 200  # of one repeat
MOST_INSTANCES = 2_000  # of all repeats together: four of 200 inside each other would be more than a thousand million
_NOT_YET = "izwi-not-yet"  # what an instance is called that is there only for the others to find their way


class Instance:
    """The elements of one run. What is worked out is put into them by `Document`, which knows how.

    A form without repeats is made element by element, as expressions ask for them: what a turn costs does not grow with
    the form. With repeats the whole of it is made, with all instances.
    """

    __slots__ = (
        "_counts",
        "_flow",
        "_instances",
        "_looked",
        "_nodes",
        "_room",
        "_state",
        "_truths",
        "_whole",
        "_worked",
    )

    def __init__(self, flow: Flow, state: State) -> None:
        self._flow, self._state = flow, state
        self._truths: dict[str, dict[Expression, bool]] = {}
        self._nodes: dict[int, Any] = {}
        self._worked: dict[str, str | None] = {}
        self._looked: set[Expression] = set()
        self._whole = False
        if flow.repeats:
            self._forget()

    def _worked_out(self, expression: Expression, question: Question) -> Any:
        raise NotImplementedError

    def _forget(self) -> None:
        self._nodes, self._worked, self._looked, self._whole = {}, {}, set(), False
        self._instances: dict[tuple[str, str], list[Any]] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._room = MOST_INSTANCES

    def _stale(self) -> None:
        """Take note that what was worked out may be different by now."""
        self._worked.clear()
        self._looked.clear()
        self._truths.clear()

    def torn(self) -> None:
        """Take note that elements were taken out of the whole; what was worked out stays."""
        self._nodes, self._whole = {}, False
        if self._flow.repeats:
            self._forget()

    # -- how many there are -------------------------------------------------------------------------------------------

    def count(self, repeat: Repeat, position: str) -> int:
        """How many instances of a repeat there are, inside the instance at `position` of the one around it."""
        found = self._counts.get((repeat.name, position))
        if found is None:
            self._make_all()
            found = self._counts.get((repeat.name, position), 0)
        return found

    def exists(self, question: Question) -> bool:
        """Say whether the instances that a question's position means are there."""
        numbers = question.position.split(".") if question.position else ()
        for depth, number in enumerate(numbers):
            if int(number) > self.count(question.repeats[depth], ".".join(numbers[:depth])):
                return False
        return True

    def spots(self, question: Question) -> Sequence[Question]:
        """All positions that a question is at."""
        if not question.repeats:
            return (question,)
        self._make_all()
        name = question.repeats[-1].name
        return [self._flow.at(question, position) for each, position in self._instances if each == name]

    def node_of(self, question: Question) -> Any:
        """The element of a question at its position."""
        return self._node(question)

    def held(self, question: Question) -> str:
        """What a question holds now: its answer, or what the form gives it."""
        return self._text_of(question) or ""

    # -- making it ----------------------------------------------------------------------------------------------------

    def _root(self) -> Any:
        return self._at_slot(0)

    def _node(self, question: Question) -> Any:
        if not question.position:
            return self._at_slot(question.slot)
        self._make_all()
        repeat = question.repeats[-1]
        elements = self._instances.get((repeat.name, question.position))
        if elements is None:
            # Nobody is asked in an instance that is not there, but `izwi check` draws its questions all the same.
            elements = list(deepcopy(repeat.template).iter())
        return elements[question.slot - repeat.slot]

    def _text_of(self, question: Question) -> str | None:
        """What an element holds: the answer, else what was set, else what the form brings along."""
        key = question.key
        answer = self._state.answers.get(key)
        if answer is None:
            answer = self._state.given.get(key)
        return self._flow.shape[question.slot][2] if answer is None else answer

    def _leaf(self, question: Question) -> str | None:
        """What a question outside of repeats holds, calculations done."""
        return self._worked.get(question.key) if question.calculate else self._text_of(question)

    def _at_slot(self, slot: int) -> Any:
        found = self._nodes.get(slot)
        if found is None:
            parent, tag, text = self._flow.shape[slot]
            found = etree.SubElement(self._at_slot(parent), tag) if slot else etree.Element(tag)
            question = self._flow.by_slot.get(slot)
            found.text = text if question is None else self._leaf(question)
            self._nodes[slot] = found
        return found

    def _make_all(self) -> None:
        """Make the whole instance, with as many instances of each repeat as there are now."""
        if self._whole:
            return
        self._whole = True
        flow, by_name = self._flow, self._flow.by_name
        nodes = list(deepcopy(flow.template).iter())
        self._nodes = dict(enumerate(nodes))
        for values in (self._state.given, self._state.answers, self._worked):
            for key, value in values.items():
                if (question := by_name.get(key)) is not None:
                    nodes[question.slot].text = value
        for repeat in flow.repeats:
            if not flow.inside[repeat.path]:
                self._grow(repeat, "", nodes, 0)

    def _grow(self, repeat: Repeat, position: str, around: list[Any], base: int) -> None:
        """Make the instances of a repeat; `around` are the elements of the instance that it is in, from slot `base` on."""
        place = repeat.slot - base
        first = around[place]
        self._fill(repeat, _inside(position, 1), around[place : place + repeat.size])
        if repeat.name in self._flow.growing:
            total = self._grown(repeat, position, first)
        else:
            total, last = min(self._counted(repeat, position), self._room), first
            self._counts[repeat.name, position] = total
            for number in range(2, total + 1):
                last = self._add(repeat, _inside(position, number), last)
        self._room -= total
        if not total:
            first.getparent().remove(first)
            del self._instances[repeat.name, _inside(position, 1)]
        for number in range(1, total + 1):
            mine = _inside(position, number)
            for inner in self._flow.repeats:
                if self._flow.inside.get(inner.path) == repeat.path:
                    self._grow(inner, mine, self._instances[repeat.name, mine], repeat.slot)

    def _grown(self, repeat: Repeat, position: str, last: Any) -> int:
        """Make an instance at a time, where the count looks at those that there are; returns how many there came to be."""
        total, name = 0, last.tag
        last.tag = _NOT_YET
        while total < min(MAX_INSTANCES, self._room) and total < self._counted(repeat, position, total):
            total += 1
            if total == 1:
                last.tag = name
            else:
                last = self._add(repeat, _inside(position, total), last)
            self._stale()
        self._counts[repeat.name, position] = total
        return total

    def _add(self, repeat: Repeat, position: str, last: Any) -> Any:
        """Make one more instance after the last one."""
        more = deepcopy(repeat.template)
        last.addnext(more)
        self._fill(repeat, position, list(more.iter()))
        return more

    def _fill(self, repeat: Repeat, position: str, elements: list[Any]) -> None:
        self._instances[repeat.name, position] = elements
        for question in self._flow.in_repeat.get(repeat.name, ()):
            elements[question.slot - repeat.slot].text = self._text_of(self._flow.at(question, position))

    def _counted(self, repeat: Repeat, position: str, so_far: int = 1) -> int:
        """Count the instances there should be, and keep the count."""
        key = (repeat.name, position)
        first = _inside(position, 1)
        itself = replace(self._flow.anchors[repeat.name], position=first, key=key_of(repeat.name, first))
        self._counts[key] = so_far  # while its own condition and count are worked out
        if not all(self._worked_out(each, itself) for each in itself.relevant):
            total = 0
        elif repeat.count is not None:
            number = self._worked_out(repeat.count, itself)
            total = min(int(number), MAX_INSTANCES) if isfinite(number) and number > 0 else 0
        else:
            total = 1
            while total < MAX_INSTANCES and self._says_yes(repeat, _inside(position, total)):
                total += 1
        self._counts[key] = total
        return total

    def _says_yes(self, repeat: Repeat, position: str) -> bool:
        return repeat.asks and self._state.answers.get(key_of(repeat.another, position)) == "yes"


def _inside(position: str, number: int) -> str:
    return f"{position}.{number}" if position else str(number)
