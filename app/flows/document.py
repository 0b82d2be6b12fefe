"""The form's instance with the answers in it, made only when an expression has to be worked out."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from types import MappingProxyType
from typing import Any

from app.flows.expressions import Expression, Moment
from app.flows.flow import Choice, ChoiceList, Flow, Question, Text
from app.flows.functions.chance import seed_of
from app.flows.shuffle import shuffled

_MEMO_LIMIT = 512


class Document:
    """One turn's view of a run: texts, relevance, choices and values at a moment, in a language."""

    __slots__ = (
        "_answers",
        "_at",
        "_choices",
        "_facts",
        "_flow",
        "_instance",
        "_kept",
        "_locale",
        "_moment",
        "_nodes",
        "_properties",
        "_seed",
    )

    def __init__(
        self,
        flow: Flow,
        answers: Mapping[str, str],
        *,
        locale: str,
        seed: int,
        at: datetime,
        facts: Mapping[str, str] = MappingProxyType({}),
        instance: str = "",
        properties: Mapping[str, str] = MappingProxyType({}),
        kept: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`kept` are the values that `kept()` gave at the end of the turn before."""
        self._flow, self._answers, self._seed, self._facts, self._kept = flow, answers, seed, facts, kept
        self._locale, self._at, self._instance, self._properties = locale, at, instance, properties
        self._moment: Moment | None = None
        self._nodes: list[Any] | None = None
        self._choices: dict[int, Sequence[Choice]] = {}

    @property
    def locale(self) -> str:
        """The language that the run is in."""
        return self._locale

    @locale.setter
    def locale(self, locale: str) -> None:
        self._locale, self._moment = locale, None

    def changed(self, question: Question) -> None:
        """Take note that the answer to a question is another, or none."""
        self._choices.clear()
        if self._flow.calculates:
            self._nodes = None
        elif self._nodes is not None:
            self._nodes[question.slot].text = self._answers.get(question.name)

    def noted(self, facts: Mapping[str, str]) -> None:
        """Take note of what the form is told of the run itself."""
        self._facts, self._nodes = facts, None

    def nodes(self) -> list[Any]:
        """Return the elements of the instance in document order, the root first, calculations done."""
        if self._nodes is None:
            self._nodes = nodes = list(deepcopy(self._flow.template).iter())
            by_name = self._flow.by_name
            for name, value in self._facts.items():
                nodes[by_name[name].slot].text = value
            for name, value in self._answers.items():
                nodes[by_name[name].slot].text = value
            for question in self._flow.calculates:
                if question.calculate and self.relevant(question):
                    nodes[question.slot].text = self._kept.get(question.name)
                    nodes[question.slot].text = self.value(question.calculate, question)
        return self._nodes

    def value(self, expression: Expression, question: Question) -> Any:
        """Work an expression out at a question."""
        if expression.memo is None:
            return self._worked_out(expression, question)
        key = tuple(map(self._answers.get, expression.reads))
        value = expression.memo.get(key)
        if value is None:
            value = self._worked_out(expression, question)
            if len(expression.memo) < _MEMO_LIMIT and sum(map(len, filter(None, key))) < _MEMO_LIMIT:
                expression.memo[key] = value
        return value

    def _worked_out(self, expression: Expression, question: Question) -> Any:
        nodes = self.nodes()
        if self._moment is None:  # most turns need none, and to write the time with its zone is slow
            at = self._at.isoformat(timespec="milliseconds")
            self._moment = Moment(at, self._locale, self._seed, self._instance, self._properties)
        return expression(nodes[0], nodes[question.slot], self._moment)

    def relevant(self, question: Question) -> bool:
        """Say whether a question applies, with all the groups that it is in."""
        return all(self.value(condition, question) for condition in question.relevant)

    def holds(self, question: Question, value: str) -> bool:
        """Say whether the constraint allows this value."""
        if question.constraint is None:
            return True
        nodes = self.nodes()
        before, nodes[question.slot].text = nodes[question.slot].text, value
        allowed = bool(self._worked_out(question.constraint, question))
        nodes[question.slot].text = before
        return allowed

    def required(self, question: Question) -> bool:
        """Say whether a question may not be skipped."""
        return question.required if isinstance(question.required, bool) else self.value(question.required, question)

    def choices(self, question: Question) -> Sequence[Choice]:
        """Return the choices that are left by the filter, in the order this run shows them."""
        listed = question.choices
        if listed is None:
            return ()
        if not listed.randomize and listed.nodeset is None:
            return listed.choices
        choices = self._choices.get(question.index)
        if choices is None:
            choices = self._filtered(question, listed)
            if listed.randomize:
                # The whole list is shuffled, then filtered: what is left keeps the order she saw before.
                left = set(choices)
                whole = shuffled(listed.choices, self._seed_of(question, listed))
                choices = whole if len(left) == len(whole) else [choice for choice in whole if choice in left]
            self._choices[question.index] = choices
        return choices

    def _seed_of(self, question: Question, listed: ChoiceList) -> int:
        """The seed that the form names, else the run's own: the same order for the same list all through a run."""
        if listed.seed is None:
            return self._seed
        seed = self.value(listed.seed, question)
        return self._seed if seed in {"", "NaN"} else seed_of(seed)

    def _filtered(self, question: Question, listed: ChoiceList) -> Sequence[Choice]:
        if listed.nodeset is None:
            return listed.choices
        return [listed.choices[int(place)] for place in self.value(listed.nodeset, question)]

    def text(self, texts: Mapping[str, Text], question: Question) -> str:
        """Write a text in the run's language, or in the form's first language where it has none."""
        text = texts.get(self._locale) or texts.get(self._flow.locale) or next(iter(texts.values()), ())
        if len(text) == 1 and isinstance(text[0], str):
            return text[0]
        return "".join(piece if isinstance(piece, str) else self.value(piece, question) for piece in text)

    def calculated(self) -> dict[str, str]:
        """Return the form's own values: those worked out, and those it keeps as far as they apply."""
        flow = self._flow
        nodes = self.nodes() if flow.calculates or flow.kept else []
        values = {question.name: nodes[question.slot].text or "" for question in flow.calculates}
        kept = (question for question in flow.kept if self.relevant(question))
        return values | {question.name: nodes[question.slot].text or "" for question in kept}

    def kept(self) -> dict[str, str]:
        """Return the values of calculations that are worked out only once in a run (`once()`)."""
        once = [each for each in self._flow.calculates if each.calculate and each.calculate.reads_itself]
        nodes = self.nodes() if once else []
        return {question.name: nodes[question.slot].text or "" for question in once}
