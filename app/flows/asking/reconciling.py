"""After a change: answers whose question no longer applies are set aside, and come back when the question does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import chain

from app.flows.asking.document import Document
from app.flows.asking.instance import shortened
from app.flows.asking.repeats import ANOTHER
from app.flows.asking.state import Event, Restored, SetAside, State
from app.flows.flow import NO_CHANGE, Flow, Question, Repeat, key_of, place_of

_MOST_ROUNDS = 3  # a question may be opened and closed again by one answer, but not for ever


@dataclass(slots=True)
class Reconciler:
    """Looks at the answers that a change concerns, in the order of the form, and at those that these concern in turn."""

    flow: Flow
    state: State
    document: Document
    events: list[Event]
    waiting: list[tuple[int, str]] = field(default_factory=list)
    """Places of questions, with keys of answers to them, that may no longer apply or apply again."""

    def reconcile(self, changed: Iterable[Question]) -> int | None:
        """Look at all that these changes concern; returns the place of the first question that may be open by now."""
        first = None
        for question in changed:
            place = self.first_concerned(question)
            if place is not None and (first is None or place < first):
                first = place
            self.waiting += self.concerned(question)
        if not self.waiting:
            return first
        heapify(self.waiting)
        rounds = Counter[str]()
        while self.waiting:
            index, key = heappop(self.waiting)
            rounds[key] += 1
            if rounds[key] <= _MOST_ROUNDS and (spot := self.settled(self.flow.questions[index], key)):
                for each in self.concerned(spot):
                    heappush(self.waiting, each)
        return first

    def settled(self, question: Question, key: str) -> Question | None:
        """Look whether one answer still applies; returns its question where that is another than before."""
        state = self.state
        given = key in state.answers
        spot = self.flow.spot(key)
        applies = self.document.exists(spot) and self.document.relevant(spot)
        if applies and not self.offered(spot, state.answers[key] if given else state.aside[key]):
            applies = False
        if applies == given:
            return None
        if given:
            state.aside[key] = state.answers.pop(key)
        else:
            state.answers[key] = state.aside.pop(key)
        if question.kind is not ANOTHER:
            self.events.append(SetAside(key) if given else Restored(key))
        self.document.changed(spot)
        return spot

    def offered(self, question: Question, value: str) -> bool:
        """Say whether a filtered list still has what was chosen from it."""
        if question.choices is None or question.choices.nodeset is None:
            return True
        names, chosen = {choice.name for choice in self.document.choices(question)}, question.chosen(value)
        return names.issuperset(chosen) and (question.kind.name != "rank" or not chosen or len(chosen) == len(names))

    # -- what a change concerns ---------------------------------------------------------------------------------------

    def first_concerned(self, changed: Question) -> int | None:
        """The place to look from for questions that a change may open; None if they all come after the changed one."""
        change, places = self.flow.changes.get(changed.name, NO_CHANGE), []
        for index, depth in change.asked:
            if index <= changed.index or _may_be_earlier(changed, self.flow.questions[index].repeats, depth):
                places.append(min(index, changed.index))
        for repeat, depth in change.repeats:
            # Of a repeat that the changed one is in itself, only later instances come and go.
            is_before = repeat.start <= changed.index and repeat not in changed.repeats
            if is_before or _may_be_earlier(changed, self.flow.within[repeat.slot][:-1], depth):
                places.append(min(repeat.start, changed.index))
        return min(places, default=None)

    def concerned(self, changed: Question) -> Iterator[tuple[int, str]]:
        """The answers that may apply again after a change, or no longer, each with the place of its question."""
        change, answers, aside = self.flow.changes.get(changed.name, NO_CHANGE), self.state.answers, self.state.aside
        wide = []
        for index, depth in change.asked:
            question, near = self.flow.questions[index], shortened(changed.position, depth)
            if near.count(".") + bool(near) < len(question.repeats):
                wide.append(_beginning(question, near))
            elif (key := key_of(question.name, near)) in answers or key in aside:
                yield index, key
        if wide:
            beginnings = tuple(wide)
            for key in [each for each in chain(answers, aside) if each.startswith(beginnings)]:
                yield self.flow.spot(key).index, key
        for repeat, depth in change.repeats:
            yield from self.come_and_gone(repeat, shortened(changed.position, depth))

    def come_and_gone(self, repeat: Repeat, near: str) -> Iterator[tuple[int, str]]:
        """The answers in instances that are no longer there, and those set aside in instances that are."""
        answers, size = self.state.answers, len(self.flow.within[repeat.slot])
        beginnings = tuple(_beginning(each, near) for each in self.flow.questions[repeat.start : repeat.end])
        there: dict[str, bool] = {}
        for key in [each for each in chain(answers, self.state.aside) if each.startswith(beginnings)]:
            position = shortened(place_of(key)[1], size)
            if position not in there:
                there[position] = self.document.exists(self.flow.itself(repeat, position))
            if there[position] != (key in answers):
                yield self.flow.spot(key).index, key


def _may_be_earlier(changed: Question, repeats: Sequence[Repeat], depth: int) -> bool:
    """Say whether what is in these repeats may come before the changed one: in an earlier instance of a repeat of both."""
    return depth < min(len(repeats), len(changed.repeats)) and repeats[depth] is changed.repeats[depth]


def _beginning(question: Question, near: str) -> str:
    """What the keys of a question begin with, in the instance `near`."""
    return f"{question.name}[{near}." if near else f"{question.name}["
