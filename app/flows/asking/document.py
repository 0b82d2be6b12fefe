"""One turn's view of a run: what its expressions come to, with its answers and at its moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.flows.asking.instance import Instance, shortened
from app.flows.asking.repeats import ANOTHER
from app.flows.asking.shuffle import shuffled
from app.flows.asking.state import State
from app.flows.flow import Choice, ChoiceList, Flow, Question, Repeat, Text, answer_as_choice
from app.flows.xpath.expressions import Expression, Moment
from app.flows.xpath.functions.chance import seed_of, shuffled_places

_MEMO_LIMIT = 512


class Document(Instance):
    """Texts, relevance, choices and values of a run at a moment, in the run's language."""

    __slots__ = ("_at", "_choices", "_moment")

    def __init__(self, flow: Flow, state: State, at: datetime) -> None:
        super().__init__(flow, state)
        self._at = at
        self._moment: Moment | None = None
        self._choices: dict[str, Sequence[Choice]] = {}

    # -- what the engine asks -----------------------------------------------------------------------------------------

    def changed(self, question: Question | None) -> None:
        """Take note that the answer to a question is another, or none; None: that anything may be different."""
        self._choices.clear()
        self._truths.clear()
        self._looked.clear()
        self._moment = None
        if question is None:
            self._forget()
            return
        if not self._flow.repeats:
            self._worked.clear()
        elif change := self._flow.changes.get(question.name):
            if self._worked:
                self._drop(change.calculates, question.position)
            if change.repeats:
                self._recount(change.repeats, question.position)
        node = self._made(question)
        if node is not None and question.kind is not ANOTHER:
            node.text = self._text_of(question)

    def relevant(self, question: Question) -> bool:
        """Say whether a question applies, with all the groups that it is in."""
        truths = self._truths.get(question.position)
        if truths is None:
            truths = self._truths[question.position] = {}
        for condition in question.relevant:
            # A condition of a group is asked for each question in it: once a turn is enough.
            truth = truths.get(condition)
            if truth is None:
                truth = truths[condition] = bool(self.value(condition, question))
            if not truth:
                return False
        return True

    def holds(self, question: Question, value: str) -> bool:
        """Say whether the constraint allows this value."""
        constraint = question.constraint
        if constraint is None:
            return True
        self._calculate_for(constraint, question)
        memo: dict[Any, Any] | None = constraint.memo
        key: tuple[str | None, ...] = ()
        if memo is not None:
            leaves, place = constraint.leaves or (), question.index
            key = tuple([value if each.index == place else self._leaf_near(each, question) for each in leaves])
            if key in memo:
                return bool(memo[key])
        self._make(constraint, question)
        node = self.node_of(question)
        before, node.text = node.text, value
        allowed = bool(self._evaluated(constraint, question))
        node.text = before
        if memo is not None:
            _keep(memo, key, allowed)
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
        choices = self._choices.get(question.key)
        if choices is None and listed.told is not None:
            choices = self._choices[question.key] = self._of_answers(question, listed)
        if choices is None:
            if listed.nodeset is None:
                choices = shuffled(listed.choices, self._seed_of(question, listed))
            else:
                choices = self._filtered(question, listed)
            if listed.randomize and listed.nodeset is not None:
                # The whole list is shuffled, then filtered: what is left keeps the order she saw before.
                left = set(choices)
                whole = shuffled(listed.choices, self._seed_of(question, listed))
                choices = whole if len(left) == len(whole) else [choice for choice in whole if choice in left]
            self._choices[question.key] = choices
        return choices

    def text(self, texts: Mapping[str, Text], question: Question) -> str:
        """Write a text in the run's language, or in the form's first language where it has none."""
        text = self._flow.wording(texts, self._state.locale)
        if len(text) == 1 and isinstance(text[0], str):
            return text[0]
        return "".join(piece if isinstance(piece, str) else self.value(piece, question) for piece in text)

    def settle(self) -> None:
        """Work out, while it is time, what keeps the value it first has (`once()`)."""
        for question in self._flow.once:
            for spot in self.spots(question):
                if question.calculate:
                    self._calculate_for(question.calculate, spot)
                self._calculate(spot)

    def calculated(self) -> dict[str, str]:
        """Return the form's own values: those worked out, and those it keeps as far as they apply."""
        values = {}
        for question in self._flow.calculates:  # each comes after those that it reads
            for spot in self.spots(question):
                self._calculate(spot)
                values[spot.key] = self._worked[spot.key] or ""
        kept = (spot for each in self._flow.kept for spot in self.spots(each) if self.relevant(spot))
        return values | {spot.key: self.held(spot) for spot in kept}

    def whole(self) -> Any:
        """The whole instance with everything worked out, to be kept as a record: its root."""
        self._make_all()
        for question in self._flow.calculates:
            for spot in self.spots(question):
                self._calculate(spot)
        return self._nodes[0]

    # -- working out ----------------------------------------------------------------------------------------------------

    def value(self, expression: Expression, question: Question) -> Any:
        """Work an expression out at a question."""
        if expression.memo is None:
            return self._worked_out(expression, question)
        if expression.leaves is not None:
            self._calculate_for(expression, question)
        return self._remembered(expression, expression.memo, question)

    def _remembered(self, expression: Expression, memo: dict[Any, Any], question: Question) -> Any:
        """The value of an expression, from memory if it was worked out of the same answers before."""
        if expression.leaves is None:
            key = tuple(map(self._state.answers.get, expression.reads))
        else:
            key = tuple([self._leaf_near(each, question) for each in expression.leaves])
        value = memo.get(key)
        if value is None:
            value = self._evaluated(expression, question)
            _keep(memo, key, value)
        return value

    def _leaf_near(self, leaf: Question, question: Question) -> str | None:
        """What another question holds, calculations done; in the instance that a question is in, if it is in a repeat."""
        if leaf.repeats:
            leaf = self._flow.at(leaf, shortened(question.position, len(leaf.repeats)))
        return self._worked.get(leaf.key) if leaf.calculate else self._text_of(leaf)

    def _worked_out(self, expression: Expression, question: Question) -> Any:
        self._calculate_for(expression, question)
        return self._evaluated(expression, question)

    def _evaluated(self, expression: Expression, question: Question) -> Any:
        """Work an expression out; the calculations that it reads are done."""
        if expression.stands and question.position:
            return question.position.split(".")[expression.stands - 1]
        if expression.gathered is not None:
            return self._gathered(expression, *expression.gathered, question.position)
        self._make(expression, question)
        return expression(self._root(), self.node_of(question), self._now())

    def _gathered(
        self, expression: Expression, read: Question | None, within: Sequence[Repeat], depth: int, position: str
    ) -> Any:
        """Count, add up or join what a question holds in all instances that are meant; the calculations are done."""
        near = shortened(position, depth)
        positions = (near,) if depth == len(within) else self._positions(within, near)
        if read is None:
            return expression.gather([""] * len(positions))
        return expression.gather([self._leaf(self._flow.at(read, each)) or "" for each in positions])

    def _make(self, expression: Expression, question: Question) -> None:
        """Make the elements that an expression looks at."""
        if expression.slots is None:
            self._make_all()
            return
        for slot in expression.slots:
            if slot not in self._nodes:
                self._at_slot(slot)
        for slot, within, depth in expression.sites:
            near = shortened(question.position, depth)
            for position in (near,) if depth == len(within) else self._positions(within, near):
                self._element(slot, position)

    def _calculate_for(self, expression: Expression, question: Question) -> None:
        """Work out the calculations that an expression reads; each comes after those that it reads itself."""
        if not expression.needs or (expression, question.position) in self._looked:
            return
        for needed, depth in expression.needs:
            for spot in self._spots_near(needed, depth, question.position):
                if spot.key not in self._worked:
                    self._calculate(spot)
        self._looked.add((expression, question.position))

    def _calculate(self, question: Question) -> None:
        """Work a calculation out; those it reads are done. It is empty where it does not apply."""
        key, expression = question.key, question.calculate
        if key in self._worked or expression is None:
            return
        if self._flow.growing:
            self._make(expression, question)  # how many instances there are comes first, if they count themselves by it
        self._worked[key] = None
        if expression.reads_itself:
            self.node_of(question).text = self._state.given.get(key)
        value = None
        if self.relevant(question):
            if expression.memo is None:
                value = self._evaluated(expression, question)
            else:
                value = self._remembered(expression, expression.memo, question)
        value = None if value in {"", "NaN"} else value  # as in ODK: what is no number is no value
        self._worked[key] = value
        if (node := self._made(question)) is not None:
            node.text = value
        if expression.reads_itself and value:
            self._state.given[key] = value

    def _now(self) -> Moment:
        if self._moment is None:  # most turns need none, and to write the time with its zone is slow
            state, at = self._state, self._at.isoformat(timespec="milliseconds")
            device = {"deviceid": f"izwi:{state.who}", "username": state.who} if state.who else {}
            self._moment = Moment(at, state.locale, state.seed, state.uid, device)
        return self._moment

    def _of_answers(self, question: Question, listed: ChoiceList) -> Sequence[Choice]:
        """The choices that are other answers now: each value once, what is empty left out."""
        if listed.nodeset is None or listed.told is None:
            return ()
        values, told = (self.value(each, question) for each in (listed.nodeset, listed.told))
        one = question.kind.name == "select_one"
        found: dict[str, Choice] = {}
        for value, label in zip(values, told, strict=False):
            if name := " ".join(value.split()) if one else "_".join(value.split()):
                found.setdefault(name, answer_as_choice(name, label.strip() or value.strip(), self._flow.locales))
        choices = list(found.values())
        if listed.randomize:  # not by `shuffled`, which remembers: these are words that somebody typed
            return [choices[place] for place in shuffled_places(len(choices), self._seed_of(question, listed))]
        return choices

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


def _keep(memo: dict[Any, Any], key: tuple[str | None, ...], value: Any) -> None:
    if len(memo) < _MEMO_LIMIT and sum(map(len, filter(None, key))) < _MEMO_LIMIT:
        memo[key] = value
