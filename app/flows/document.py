"""The form's instance with the answers in it, made only as far as an expression has to look at it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from math import isfinite
from typing import Any

from lxml import etree

from app.flows.expressions import Expression, Moment
from app.flows.flow import Choice, ChoiceList, Flow, Question, Repeat, Text, key_of
from app.flows.functions.chance import seed_of
from app.flows.shuffle import shuffled
from app.flows.state import State

MAX_INSTANCES = 200
_MEMO_LIMIT = 512
_NOT_YET = "izwi-not-yet"  # what an instance is called that is there only for the others to find their way


class Document:
    """One turn's view of a run: texts, relevance, choices and values at a moment, in the run's language.

    A form without repeats is made element by element, as expressions ask for them: what a turn costs does not grow with
    the form. With repeats the whole of it is made, with all instances.
    """

    __slots__ = (
        "_at", "_choices", "_counts", "_flow", "_instances", "_looked", "_moment", "_nodes", "_state", "_truths",
        "_whole", "_worked",
    )  # fmt: skip

    def __init__(self, flow: Flow, state: State, at: datetime) -> None:
        self._flow, self._state, self._at = flow, state, at
        self._moment: Moment | None = None
        self._choices: dict[str, Sequence[Choice]] = {}
        self._truths: dict[tuple[Expression, str], bool] = {}
        self._nodes: dict[int, Any] = {}
        self._worked: dict[str, str | None] = {}
        self._looked: set[Expression] = set()
        self._whole = False
        if flow.repeats:
            self._forget()

    def _forget(self) -> None:
        self._nodes, self._worked, self._looked, self._whole = {}, {}, set(), False
        self._instances: dict[tuple[str, str], list[Any]] = {}
        self._counts: dict[tuple[str, str], int] = {}

    # -- what the engine asks -----------------------------------------------------------------------------------------

    def changed(self, question: Question | None) -> None:
        """Take note that the answer to a question is another, or none; None: that anything may be different."""
        self._choices.clear()
        self._truths.clear()
        self._moment = None
        if question is None or self._flow.repeats:
            self._forget()
            return
        self._worked.clear()
        self._looked.clear()
        if question.slot in self._nodes:
            self._nodes[question.slot].text = self._text_of(question)

    def relevant(self, question: Question) -> bool:
        """Say whether a question applies, with all the groups that it is in."""
        return all(self._true(condition, question) for condition in question.relevant)

    def holds(self, question: Question, value: str) -> bool:
        """Say whether the constraint allows this value."""
        if question.constraint is None:
            return True
        self._look_at(question.constraint)
        node = self._node(question)
        before, node.text = node.text, value
        allowed = bool(question.constraint(self._root(), node, self._now()))
        node.text = before
        return allowed

    def required(self, question: Question) -> bool:
        """Say whether a question may not be skipped."""
        return question.required if isinstance(question.required, bool) else self.value(question.required, question)

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

    def choices(self, question: Question) -> Sequence[Choice]:
        """Return the choices that are left by the filter, in the order this run shows them."""
        listed = question.choices
        if listed is None:
            return ()
        if not listed.randomize and listed.nodeset is None:
            return listed.choices
        choices = self._choices.get(question.key)
        if choices is None:
            choices = self._filtered(question, listed)
            if listed.randomize:
                # The whole list is shuffled, then filtered: what is left keeps the order she saw before.
                left = set(choices)
                whole = shuffled(listed.choices, self._seed_of(question, listed))
                choices = whole if len(left) == len(whole) else [choice for choice in whole if choice in left]
            self._choices[question.key] = choices
        return choices

    def text(self, texts: Mapping[str, Text], question: Question) -> str:
        """Write a text in the run's language, or in the form's first language where it has none."""
        text = texts.get(self._state.locale) or texts.get(self._flow.locale) or next(iter(texts.values()), ())
        if len(text) == 1 and isinstance(text[0], str):
            return text[0]
        return "".join(piece if isinstance(piece, str) else self.value(piece, question) for piece in text)

    def settle(self) -> None:
        """Work out, while it is time, what keeps the value it first has (`once()`)."""
        self._calculate_all(self._flow.once)

    def calculated(self) -> dict[str, str]:
        """Return the form's own values: those worked out, and those it keeps as far as they apply."""
        self._calculate_all(self._flow.calculates)
        values = {spot.key: self._worked[spot.key] or "" for each in self._flow.calculates for spot in self.spots(each)}
        kept = (spot for each in self._flow.kept for spot in self.spots(each) if self.relevant(spot))
        return values | {spot.key: self.held(spot) for spot in kept}

    def _calculate_all(self, calculates: Iterable[Question]) -> None:
        for question in calculates:
            if question.calculate:
                self._calculate_for(question.calculate)
            for spot in self.spots(question):
                self._calculate(spot)

    def spots(self, question: Question) -> Iterator[Question]:
        """All positions that a question is at."""
        if not question.repeats:
            yield question
            return
        self._make_all()
        for name, position in list(self._instances):
            if name == question.repeats[-1].name:
                yield self._flow.at(question, position)

    def whole(self) -> Any:
        """The whole instance with everything worked out, to be kept as a record: its root."""
        if not self._whole:
            self._forget()
            self._make_all()
        self.calculated()
        return self._nodes[0]

    def node_of(self, question: Question) -> Any:
        """The element of a question at its position."""
        return self._node(question)

    # -- working out ----------------------------------------------------------------------------------------------------

    def value(self, expression: Expression, question: Question) -> Any:
        """Work an expression out at a question."""
        if expression.memo is None:
            return self._worked_out(expression, question)
        if expression.leaves is not None and expression not in self._looked:
            self._calculate_for(expression)
        return self._remembered(expression, expression.memo, question)

    def _remembered(self, expression: Expression, memo: dict[Any, Any], question: Question) -> Any:
        """The value of an expression, from memory if it was worked out of the same answers before."""
        if expression.leaves is None:
            key = tuple(map(self._state.answers.get, expression.reads))
        else:
            key = tuple(map(self._leaf, expression.leaves))
        value = memo.get(key)
        if value is None:
            self._make(expression)
            value = expression(self._root(), self._node(question), self._now())
            if len(memo) < _MEMO_LIMIT and sum(map(len, filter(None, key))) < _MEMO_LIMIT:
                memo[key] = value
        return value

    def _true(self, condition: Expression, question: Question) -> bool:
        """A condition of a group is asked for each question in it: once a turn is enough."""
        key = (condition, question.position)
        truth = self._truths.get(key)
        if truth is None:
            truth = self._truths[key] = bool(self.value(condition, question))
        return truth

    def _worked_out(self, expression: Expression, question: Question) -> Any:
        self._look_at(expression)
        return expression(self._root(), self._node(question), self._now())

    def _look_at(self, expression: Expression) -> None:
        """Make what an expression looks at, calculations done."""
        if expression not in self._looked:
            self._calculate_for(expression)
        self._make(expression)

    def _make(self, expression: Expression) -> None:
        """Make the elements that an expression looks at."""
        if expression.slots is None or self._flow.repeats:
            self._make_all()
            return
        for slot in expression.slots:
            if slot not in self._nodes:
                self._at_slot(slot)

    def _calculate_for(self, expression: Expression) -> None:
        """Work out the calculations that an expression reads; each comes after those that it reads itself."""
        for needed in expression.needs:
            if needed.key in self._worked:
                continue
            if needed.repeats:
                for spot in self.spots(needed):
                    self._calculate(spot)
            else:
                self._calculate(needed)
        self._looked.add(expression)

    def _calculate(self, question: Question) -> None:
        """Work a calculation out; those it reads are done. It is empty where it does not apply."""
        key, expression = question.key, question.calculate
        if key in self._worked or expression is None:
            return
        self._worked[key] = None
        if expression.reads_itself:
            self._node(question).text = self._state.given.get(key)
        value = None
        if self.relevant(question):
            if expression.memo is None:
                self._make(expression)
                value = expression(self._root(), self._node(question), self._now())
            else:
                value = self._remembered(expression, expression.memo, question)
        self._worked[key] = value
        if self._whole or question.slot in self._nodes:
            self._node(question).text = value
        if expression.reads_itself and value:
            self._state.given[key] = value

    def _now(self) -> Moment:
        if self._moment is None:  # most turns need none, and to write the time with its zone is slow
            state, at = self._state, self._at.isoformat(timespec="milliseconds")
            device = {"deviceid": f"izwi:{state.who}", "username": state.who} if state.who else {}
            self._moment = Moment(at, state.locale, state.seed, state.uid, device)
        return self._moment

    def _seed_of(self, question: Question, listed: ChoiceList) -> int:
        """The seed that the form names, else the run's own: the same order for the same list all through a run."""
        if listed.seed is None:
            return self._state.seed
        seed = self.value(listed.seed, question)
        return self._state.seed if seed in {"", "NaN"} else seed_of(seed)

    def _filtered(self, question: Question, listed: ChoiceList) -> Sequence[Choice]:
        if listed.nodeset is None:
            return listed.choices
        if listed.by is not None:
            return listed.groups.get(self.value(listed.by, question), ())
        return [listed.choices[int(place)] for place in self.value(listed.nodeset, question)]

    # -- making the instance ------------------------------------------------------------------------------------------

    def _root(self) -> Any:
        return self._at_slot(0)

    def _node(self, question: Question) -> Any:
        if not question.position:
            return self._at_slot(question.slot)
        self._make_all()
        repeat = question.repeats[-1]
        return self._instances[repeat.name, question.position][question.slot - repeat.slot]

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
            total, last = self._counted(repeat, position), first
            for number in range(2, total + 1):
                last = self._add(repeat, _inside(position, number), last)
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
        while total < MAX_INSTANCES and total < self._counted(repeat, position, total):
            total += 1
            if total == 1:
                last.tag = name
            else:
                last = self._add(repeat, _inside(position, total), last)
            self._worked.clear()
            self._looked.clear()
            self._truths.clear()
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
