"""What a form sets by itself: values that a smartphone fills in, dynamic defaults, and what a new answer triggers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.flows.asking.document import Document
from app.flows.asking.state import Event, SetAside, State
from app.flows.flow import Action, Flow, Question, key_of
from app.flows.questions.metadata import Metadata

_MOST_SET = 20  # what is set may make other values be set, but not for ever


@dataclass(slots=True)
class Setter:
    """Sets values in a turn, and notes in `events` which answers it changed."""

    flow: Flow
    state: State
    document: Document
    at: datetime
    events: list[Event]
    answered: str = ""
    """The question that she has answered just now; her answer stands."""

    def fill_in(self, wanted: Sequence[tuple[Question, Metadata]]) -> None:
        """Fill in what the form wants of a smartphone, with the values of now."""
        if wanted:
            self.state.given |= {question.name: kind.value(self.at, self.state.who) for question, kind in wanted}
            self.document.changed(None)

    def set_values(self, actions: Sequence[Action], cause: Question | None, rounds: int = _MOST_SET) -> set[str]:
        """Do what the form does by itself: a value becomes another, whatever it was before; and so on from there.

        In a repeat it does so in the instance that caused it; from outside, in all. Returns the names of what was set.
        """
        found = set()
        for action in actions:
            for spot in self.document.spots(self.flow.by_name[action.target]):
                if spot.key == self.answered or (cause is not None and not _together(cause, spot)):
                    continue
                value = self.document.value(action.value, spot) if action.value is not None else ""
                found.add(spot.name)
                if self.set_value(spot, value) and rounds and (more := self.flow.on_change.get(spot.name)):
                    found |= self.set_values(more, spot, rounds - 1)
        return found

    def set_value(self, spot: Question, value: str) -> bool:
        """Set one value; says whether it is another than before.

        Where she had answered, what she said is set aside and she is asked again: the value is what a skip leaves then.
        """
        if value == self.document.held(spot):
            self.state.given.setdefault(spot.key, value)
            return False
        self.state.given[spot.key] = value
        if self.state.answers.pop(spot.key, None) is not None:
            self.events.append(SetAside(spot.key))
        self.document.changed(spot)
        return True

    def settle(self) -> set[str]:
        """After a change: give new instances of repeats their values, and keep what is worked out once.

        Returns the names of what was set.
        """
        found = set()
        known = self.state.given.keys() | self.state.answers.keys() | self.state.aside.keys()
        for name, actions in self.flow.on_new.items():
            for spot in self.document.spots(self.flow.anchors[name]):
                fresh = [each for each in actions if key_of(each.target, spot.position) not in known]
                found |= self.set_values(fresh, spot)
        if self.flow.once:
            self.document.settle()
        return found


def _together(cause: Question, spot: Question) -> bool:
    """Say whether two are in the same instance of every repeat that both are in."""
    shared = sum(1 for one, other in zip(cause.repeats, spot.repeats, strict=False) if one is other)
    return cause.position.split(".")[:shared] == spot.position.split(".")[:shared]
