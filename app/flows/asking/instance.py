"""The form's instance with the answers in it: made element by element as expressions look at it, or whole for a record."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from math import isfinite
from typing import Any

from lxml import etree

from app.flows.asking.state import State
from app.flows.flow import Flow, Question, Repeat, key_of, place_of
from app.flows.xpath.expressions import Expression

MAX_INSTANCES = 200  # of one repeat
MOST_INSTANCES = 2_000  # of repeats inside each other: four of 200 would be more than a thousand million
_NOT_YET = "izwi-not-yet"  # what an instance is called that is there only for the others to find their way


class Instance:
    """The elements of one run. What is worked out is put into them by `Document`, which knows how.

    They are made as expressions ask for them, in repeats too: what a turn costs does not grow with the form, nor with the
    household, unless it looks at all of it. Only the instances of one repeat are made together, in their order.
    """

    __slots__ = (
        "_counts",
        "_flow",
        "_inside",
        "_looked",
        "_nodes",
        "_places",
        "_rows",
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
        self._looked: set[tuple[Expression, str]] = set()
        self._whole = False
        if flow.repeats:
            self._counts: dict[tuple[str, str], int] = {}
            self._places: dict[tuple[str, str], Sequence[str]] = {}
            self._clear()

    def value(self, expression: Expression, question: Question) -> Any:
        """Work an expression out at a question."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Take note that anything may be different."""
        self._worked.clear()
        if self._flow.repeats:
            self._counts, self._places = {}, {}
        self._clear()

    def _clear(self) -> None:
        """Forget the elements; what was worked out stays."""
        self._nodes, self._whole = {}, False
        if self._flow.repeats:
            self._inside: dict[tuple[str, str], dict[int, Any]] = {}
            self._rows: dict[tuple[str, str], list[Any]] = {}

    # -- how many there are -------------------------------------------------------------------------------------------

    def count(self, repeat: Repeat, position: str) -> int:
        """How many instances of a repeat there are, inside the instance at `position` of the one around it."""
        found = self._counts.get((repeat.name, position))
        if found is None:
            found = self._grown(repeat, position) if repeat.name in self._flow.growing else self._told(repeat, position)
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
        return [self._flow.at(question, position) for position in self._positions(question.repeats)]

    def _spots_near(self, question: Question, depth: int, position: str) -> Sequence[Question]:
        """The positions of a question that are in the same instances of so many repeats as `position` is."""
        if not question.repeats:
            return (question,)
        near, flow = shortened(position, depth), self._flow
        if depth == len(question.repeats):
            return (flow.at(question, near),)
        return [flow.at(question, each) for each in self._positions(question.repeats, near)]

    def _positions(self, within: Sequence[Repeat], near: str = "") -> Sequence[str]:
        """All positions of the innermost of some repeats, as far as they are in the instance `near`."""
        found = self._places.get((within[-1].name, near))
        if found is None:
            found = [near]
            for repeat in within[near.count(".") + 1 if near else 0 :]:
                found = [inside(each, number + 1) for each in found for number in range(self.count(repeat, each))]
            self._places[within[-1].name, near] = found
        return found

    def _told(self, repeat: Repeat, position: str) -> int:
        """Count the instances, where the count looks elsewhere."""
        key = (repeat.name, position)
        self._counts[key] = 1  # while its own condition and count are worked out
        self._counts[key] = total = self._counted(repeat, position)
        if not total:
            self._uproot(repeat, position)
        return total

    def _grown(self, repeat: Repeat, position: str) -> int:
        """Count an instance at a time, where the count looks at those that there are."""
        key, most, total = (repeat.name, position), self._most(repeat, position), 0
        self._counts[key] = 0
        self._stand_in(repeat, position)
        while total < most and total < self._counted(repeat, position):
            if total == 0:
                self._uproot(repeat, position)
            total += 1
            self._counts[key] = total
            self._outdate(repeat, position)
        if total == 0:
            self._uproot(repeat, position)
        return total

    def _stand_in(self, repeat: Repeat, position: str) -> None:
        """Put an element where the instances will be, at which it can be asked whether there is a first."""
        parent = self._element(self._flow.shape[repeat.slot][0], position)
        element = etree.SubElement(parent, _NOT_YET)
        self._rows[repeat.name, position] = [element]
        self._inside[repeat.name, inside(position, 1)] = {repeat.slot: element}

    def _counted(self, repeat: Repeat, position: str) -> int:
        """Count the instances there should be."""
        itself = self._flow.itself(repeat, inside(position, 1))
        if not all(self.value(each, itself) for each in itself.relevant):
            return 0
        most = self._most(repeat, position)
        if repeat.count is not None:
            number = self.value(repeat.count, itself)
            return min(int(number), most) if isfinite(number) and number > 0 else 0
        total = 1
        while total < most and self._says_yes(repeat, inside(position, total)):
            total += 1
        return total

    def _most(self, repeat: Repeat, position: str) -> int:
        """How many instances there may be: a phone could never ask all that repeats inside each other can make."""
        most, numbers = MOST_INSTANCES, position.split(".") if position else ()
        for depth, outer in enumerate(self._flow.within[repeat.slot][:-1]):
            most //= self.count(outer, ".".join(numbers[:depth])) or 1
        return min(most, MAX_INSTANCES)

    def _says_yes(self, repeat: Repeat, position: str) -> bool:
        return repeat.asks and self._state.answers.get(key_of(repeat.another, position)) == "yes"

    # -- what is no longer so -----------------------------------------------------------------------------------------

    def _outdate(self, repeat: Repeat, position: str) -> None:
        """A repeat has another number of instances: what was made of the number is worked out anew."""
        self._places.clear()
        self._looked.clear()
        self._truths.clear()
        if self._worked:
            self._drop(self._flow.changes[repeat.path].calculates, position)

    def _drop(self, calculates: Iterable[tuple[Question, int]], position: str) -> None:
        """Forget what calculations came to, in the instances that a change at `position` concerns."""
        worked, wide = self._worked, {}
        for question, depth in calculates:
            near = shortened(position, depth)
            if near.count(".") + bool(near) == len(question.repeats):
                worked.pop(key_of(question.name, near), None)
            else:
                wide[question.name] = near
        if wide:
            for key in list(worked):
                name, place = place_of(key)
                if name in wide and f"{place}.".startswith(f"{wide[name]}." if wide[name] else ""):
                    del worked[key]

    def _recount(self, repeats: Iterable[tuple[Repeat, int]], position: str) -> None:
        """Forget how many instances there are of repeats that a change at `position` concerns."""
        for repeat, depth in repeats:
            near = shortened(position, depth)
            for name, outer in [key for key in self._counts if key[0] == repeat.name]:
                if not near or f"{outer}.".startswith(f"{near}."):
                    del self._counts[name, outer]
                    self._uproot(repeat, outer)
                    self._whole = False  # also where there was none: there may be one now
        self._places.clear()

    def _uproot(self, repeat: Repeat, position: str) -> None:
        """Take the elements of all instances out, with what is inside them."""
        for number, element in enumerate(self._rows.pop((repeat.name, position), ()), start=1):
            element.getparent().remove(element)
            self._cut(repeat, inside(position, number))

    def _cut(self, repeat: Repeat, position: str) -> None:
        """Forget the elements of an instance."""
        self._whole = False
        self._inside.pop((repeat.name, position), None)
        for inner in self._flow.repeats:
            if repeat in self._flow.within[inner.slot][:-1]:
                for key in [each for each in self._inside if _is_in(each, inner, position)]:
                    del self._inside[key]
                for key in [each for each in self._rows if _is_in(each, inner, position)]:
                    del self._rows[key]

    # -- making it ----------------------------------------------------------------------------------------------------

    def node_of(self, question: Question) -> Any:
        """The element of a question at its position."""
        return self._element(question.slot, question.position)

    def held(self, question: Question) -> str:
        """What a question holds now: its answer, or what the form gives it."""
        return self._text_of(question) or ""

    def _text_of(self, question: Question) -> str | None:
        """What an element holds: the answer, else what was set, else what the form brings along."""
        key = question.key
        answer = self._state.answers.get(key)
        if answer is None:
            answer = self._state.given.get(key)
        return self._flow.shape[question.slot][2] if answer is None else answer

    def _leaf(self, question: Question) -> str | None:
        """What a question holds, calculations done."""
        return self._worked.get(question.key) if question.calculate else self._text_of(question)

    def _root(self) -> Any:
        return self._nodes.get(0) if 0 in self._nodes else self._at_slot(0)

    def _made(self, question: Question) -> Any:
        """The element of a question, if it was made."""
        if not question.position:
            return self._nodes.get(question.slot)
        return self._inside.get((question.repeats[-1].name, question.position), {}).get(question.slot)

    def _element(self, slot: int, position: str) -> Any:
        """The element at a place of the form and a position."""
        if not position:
            return self._at_slot(slot)
        within = self._flow.within[slot]
        repeat = within[-1]
        made = self._inside.get((repeat.name, position))
        if made is None:
            made = self._instance_at(repeat, position)
        found = made.get(slot)
        if found is None:
            parent, tag, text = self._flow.shape[slot]
            found = made[slot] = etree.SubElement(self._element(parent, position), tag)
            question = self._flow.by_slot.get(slot)
            found.text = text if question is None else self._leaf(self._flow.at(question, position))
        return found

    def _at_slot(self, slot: int) -> Any:
        found = self._nodes.get(slot)
        if found is None:
            parent, tag, text = self._flow.shape[slot]
            found = etree.SubElement(self._at_slot(parent), tag) if slot else etree.Element(tag)
            question = self._flow.by_slot.get(slot)
            found.text = text if question is None else self._leaf(question)
            self._nodes[slot] = found
        return found

    def _instance_at(self, repeat: Repeat, position: str) -> dict[int, Any]:
        """The elements of one instance; all instances beside it are made with it."""
        outer = position.rpartition(".")[0]
        row = self._rows.setdefault((repeat.name, outer), [])
        parent, tag, _ = self._flow.shape[repeat.slot]
        for number in range(len(row) + 1, self.count(repeat, outer) + 1):
            key = (repeat.name, inside(outer, number))
            if key in self._inside:
                self._cut(repeat, key[1])
            row.append(etree.SubElement(self._element(parent, outer), tag))
            self._inside[key] = {repeat.slot: row[-1]}
            self._whole = False
        # Nobody is asked in an instance that is not there, but `izwi check` draws its questions all the same.
        return self._inside.setdefault((repeat.name, position), {repeat.slot: etree.Element(tag)})

    def _make_all(self) -> None:
        """Make the whole instance in the order of the form, with as many instances of each repeat as there are now."""
        if self._whole:
            return
        if self._flow.repeats:
            self._make_with_repeats()
        else:
            nodes, by_name = list(deepcopy(self._flow.template).iter()), self._flow.by_name
            self._nodes = dict(enumerate(nodes))
            for values in (self._state.given, self._state.answers, self._worked):
                for key, value in values.items():
                    if (question := by_name.get(key)) is not None:
                        nodes[question.slot].text = value
        self._whole = True

    def _make_with_repeats(self) -> None:
        within = self._flow.within
        for repeat in self._flow.repeats:
            self._positions(within[repeat.slot])  # to count may take elements: all is counted before any is placed
        self._clear()
        for slot, element in enumerate(self._flow.template.iter()):
            for position in self._positions(within[slot]) if within[slot] else ("",):
                made = self._element(slot, position)
                if element.attrib:
                    made.attrib.update(element.attrib)


def _is_in(key: tuple[str, str], repeat: Repeat, position: str) -> bool:
    """Say whether a key is that of a repeat, and its position in another one."""
    return key[0] == repeat.name and f"{key[1]}.".startswith(f"{position}.")


def inside(position: str, number: int) -> str:
    """The position of an instance inside another one."""
    return f"{position}.{number}" if position else str(number)


def shortened(position: str, depth: int) -> str:
    """A position in the outermost repeats only, as many as `depth` says."""
    numbers = position.split(".", depth) if depth else []
    return position if len(numbers) <= depth and depth else ".".join(numbers[:depth])
