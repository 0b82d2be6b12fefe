"""Tries conditions out on sets of answers, without a run: the one place of the review that works expressions out.

A condition that reads a clock, chance, the language or what a smartphone fills in says nothing about answers, and
neither does one that uses answers in a way that `domains` cannot follow: it is taken to come true at times.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import product
from math import prod
from typing import Any

from app.flows.flow import Flow, Question
from app.flows.review import domains
from app.flows.xpath.expressions import Expression, Moment

MOST_COMBINATIONS = 2_000
_MOST_KEPT = 300_000
_MOMENT = Moment("2026-01-15T12:00:00", "", 1)
Answers = Mapping[str, str]


class Trial:
    """A form to try things out on."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.by_path = {question.path: question for question in flow.questions if not question.repeats}
        """The questions that are asked once; of those in repeats nothing is certain, for each instance has its own."""
        actions = (*flow.at_start, *(each for group in flow.on_change.values() for each in group))
        self.set_by_form = {each.target for each in actions}
        self._nodes: list[Any] = list(deepcopy(flow.template).iter())
        self._reads: dict[int, tuple[tuple[Question, ...], tuple[Question, ...]] | None] = {}
        self._values: dict[tuple[int, int, tuple[str, ...]], Any] = {}
        self._alone: dict[tuple[int, int], bool] = {}
        self._domains: dict[tuple[str, frozenset[int]], list[str] | None] = {}

    def reads(self, expression: Expression) -> Sequence[Question] | None:
        """Return the questions whose answers decide about an expression; None if anything else does."""
        known = self._read(expression)
        return None if known is None else known[0]

    def domain(self, question: Question, conditions: Sequence[Expression]) -> list[str] | None:
        """Return answers to a question that stand for all that these conditions tell apart."""
        reading = [
            each for condition in conditions for each in self._chain(condition)
            if question.path in each.paths
        ]  # fmt: skip
        key = question.name, frozenset(map(id, reading))
        if key not in self._domains:
            self._domains[key] = domains.answers(question, reading)
        return self._domains[key]

    def combinations(self, conditions: Sequence[Expression], most: int = MOST_COMBINATIONS) -> list[Answers] | None:
        """Return all answers that decide about some conditions; None if that cannot be said, or if they are too many."""
        read: dict[str, Question] = {}
        for condition in conditions:
            found = self.reads(condition)
            if found is None:
                return None
            read |= {question.name: question for question in found}
        values = [self.domain(question, conditions) for question in read.values()]
        known = [each for each in values if each is not None]
        if len(known) < len(values) or prod(map(len, known)) > most:
            return None
        return [dict(zip(read, each, strict=True)) for each in product(*known)]

    def is_followed(self, condition: Expression) -> bool:
        """Say whether all answers that decide about a condition can be tried."""
        read = self.reads(condition)
        values = None if read is None else [self.domain(each, [condition]) for each in read]
        return values is not None and all(values) and prod(len(each or ()) for each in values) <= MOST_COMBINATIONS

    def may_be_true(self, condition: Expression, question: Question) -> bool:
        """Say whether a condition comes true for some answers, or may do so for all that is known."""
        key = id(condition), _site(condition, question)
        if key not in self._alone:
            tried = self.combinations([condition])
            self._alone[key] = tried is None or any(self.value(condition, question, each) for each in tried)
        return self._alone[key]

    def value(self, expression: Expression, question: Question, answers: Answers) -> Any:
        """Work an expression out that `reads` nothing but answers."""
        read, calculates = self._read(expression) or ((), ())
        key = id(expression), _site(expression, question), tuple(answers.get(each.name, "") for each in read)
        if key in self._values:
            return self._values[key]
        value = self._worked_out(expression, question, read, calculates, answers)
        if len(self._values) < _MOST_KEPT:
            self._values[key] = value
        return value

    def _worked_out(
        self, expression: Expression, question: Question, read: Iterable[Question], calculates: Iterable[Question],
        answers: Answers,
    ) -> Any:  # fmt: skip
        nodes, changed = self._nodes, []
        for each in read:
            changed.append((nodes[each.slot], nodes[each.slot].text))
            nodes[each.slot].text = answers.get(each.name) or None
        for each in calculates:
            changed.append((nodes[each.slot], nodes[each.slot].text))
            if each.calculate and all(condition(nodes[0], nodes[each.slot], _MOMENT) for condition in each.relevant):
                nodes[each.slot].text = each.calculate(nodes[0], nodes[each.slot], _MOMENT)
        value = expression(nodes[0], nodes[question.slot], _MOMENT)
        for node, text in reversed(changed):
            node.text = text
        return value

    def _read(self, expression: Expression) -> tuple[tuple[Question, ...], tuple[Question, ...]] | None:
        """The questions that decide about an expression, and the calculations on the way, each after those it reads."""
        if id(expression) not in self._reads:
            self._reads[id(expression)] = self._found(expression)
        return self._reads[id(expression)]

    def _found(self, expression: Expression) -> tuple[tuple[Question, ...], tuple[Question, ...]] | None:
        asked: dict[str, Question] = {}
        calculates: set[int] = set()
        for each in self._chain(expression):
            if not each.timeless:
                return None
            for path in each.paths:
                question = self.by_path.get(path)
                if question is None or question.kind.name == "metadata" or question.name in self.set_by_form:
                    return None
                if question.kind.asked:
                    asked[question.name] = question
                elif question.calculate:
                    calculates.add(question.index)
        in_order = tuple(each for each in self.flow.calculates if each.index in calculates)
        return tuple(asked.values()), in_order

    def _chain(self, expression: Expression) -> Iterator[Expression]:
        """Yield an expression and all that work out what it reads."""
        waiting, seen = [expression], set[int]()
        while waiting:
            each = waiting.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            yield each
            for path in each.paths:
                read = self.by_path.get(path)
                if read is not None and read.calculate:
                    waiting += [read.calculate, *read.relevant]


def _site(expression: Expression, question: Question) -> int:
    """Where an expression is worked out, if that may matter to it."""
    return question.slot if "." in expression.source else 0
