"""What the engine remembers of one run between two turns, what a turn brings in, and what it brings about.

The values of a turn are named tuples: made several times a turn, they cost a third of a frozen dataclass.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from app.values import Room, RunState, Screen


@dataclass(slots=True)
class State:
    """Where a run stands. Written to the store as JSON after every turn, and read back before the next."""

    seed: int
    locale: str
    open: str = ""
    """The question that waits for an answer; empty before the first turn and after the last."""
    page: int = 0
    tries: int = 0
    asked_ms: int = 0
    """When the open question was first shown, in milliseconds since 1970 (UTC)."""
    notes: list[str] = field(default_factory=list)
    """Notes shown together with the open question, or at the end."""
    refused: str = ""
    """Why the last reply was no answer: a phrase's key, ``constraint`` or ``needed``."""
    answers: dict[str, str] = field(default_factory=dict)
    """Question → value as ODK writes it; empty where she skipped."""
    aside: dict[str, str] = field(default_factory=dict)
    """Answers to questions that are no longer relevant; they come back if the question does."""
    ended: str = ""
    """The final run state, once there is one."""
    who: str = ""
    """The respondent's pseudonym, where the form asks for it."""
    given: dict[str, str] = field(default_factory=dict)
    """Values that nobody typed: what a smartphone fills in by itself, what the form sets, and what it keeps."""
    uid: str = ""
    """The run's own name, a UUID: its record's instanceID."""
    find: str = ""
    """The letters by which a choice of a long list is looked for."""
    pending: dict[str, str] = field(default_factory=dict)
    """Replies that came together with others, to questions that are not open yet."""
    together: list[str] = field(default_factory=list)
    """The questions that were asked in one message, the open one first."""
    told: dict[str, str] = field(default_factory=dict)
    """What to tell of the last record: a phrase's key → the tags that it is about."""
    record: str = ""
    """A digest of the last record that came as one message."""
    zero: bool = False
    """Whether the reply before this one was `0`."""
    safe: bool = False
    """Whether she said in this session that she is alone."""
    passed: bool = False
    """Whether she goes on by SMS without the sensitive questions."""
    later: bool = False
    """Whether she has said once that it is not safe now: she is reminded once."""
    fresh: list[str] = field(default_factory=list)
    """The sensitive questions that she answered in this session."""

    def dumps(self) -> str:
        """Write as JSON."""
        values: dict[str, Any] = {
            "seed": self.seed, "locale": self.locale, "open": self.open, "page": self.page, "tries": self.tries,
            "asked_ms": self.asked_ms, "notes": self.notes, "refused": self.refused, "answers": self.answers,
            "aside": self.aside, "ended": self.ended,
        }  # fmt: skip
        if self.uid:
            values["uid"] = self.uid
        if self.zero or self.safe or self.passed or self.later:
            careful = {
                "zero": self.zero, "safe": self.safe, "passed": self.passed, "later": self.later, "fresh": self.fresh,
            }  # fmt: skip
            values |= {name: value for name, value in careful.items() if value}
        if self.who or self.given or self.find or self.pending or self.together or self.told or self.record:
            rare = {
                "who": self.who, "given": self.given, "find": self.find, "pending": self.pending,
                "together": self.together, "told": self.told, "record": self.record,
            }  # fmt: skip
            values |= {name: value for name, value in rare.items() if value}
        return to_json(values).decode()

    @classmethod
    def loads(cls, text: str) -> "State":
        """Read back what `dumps` wrote."""
        values = from_json(text)
        state = cls(*_ALWAYS(values))  # by place: by name it takes three times as long
        if len(values) > _USUAL:
            for name in _RARELY:
                if name in values:
                    setattr(state, name, values[name])
        return state

    def copy(self) -> "State":
        """Return a state that can be changed while this one stays."""
        return State(
            self.seed, self.locale, self.open, self.page, self.tries, self.asked_ms, list(self.notes), self.refused,
            dict(self.answers), dict(self.aside), self.ended, self.who, dict(self.given),
            self.uid, self.find, dict(self.pending), list(self.together), dict(self.told), self.record,
            self.zero, self.safe, self.passed, self.later, list(self.fresh),
        )  # fmt: skip


_ALWAYS = itemgetter(
    "seed", "locale", "open", "page", "tries", "asked_ms", "notes", "refused", "answers", "aside", "ended"
)
_USUAL = 11
_RARELY = (
    "uid", "who", "given", "find", "pending", "together", "told", "record", "zero", "safe", "passed", "later", "fresh",
)  # fmt: skip


class Record(NamedTuple):
    """Answers to many questions that came as one message, each by its tag."""

    answers: Mapping[str, str]
    """What is said, by the key of the question."""
    unknown: tuple[str, ...]
    """Tags that the form does not have."""
    digest: str


class Reply(NamedTuple):
    """What a respondent did: typed `words`, or dialled (None), or sent a `record`, on a phone with this `room`."""

    words: str | None
    room: Room
    record: Record | None = None
    code: str = ""
    """What to dial for this survey; empty where nothing leads to it."""


class Answered(NamedTuple):
    """A question got a value; None when it was skipped."""

    question: str
    value: str | None
    raw: str | None
    """As typed; None where the form set it."""
    attempts: int
    order: str | None
    """The choices in the order shown, by name, parted by blanks."""
    locale: str
    asked_ms: int


class Refused(NamedTuple):
    """A reply was no answer to the open question."""

    question: str
    reason: str


class SetAside(NamedTuple):
    """A question is no longer relevant, so its answer does not count for now."""

    question: str


class Restored(NamedTuple):
    """A question is relevant again, and the answer given before counts again."""

    question: str


class Discarded(NamedTuple):
    """A sensitive answer is to be kept no longer, as if it had never been given."""

    question: str


class Left(NamedTuple):
    """She left in the middle: at once and without a trace, or for `later`, because she is not alone."""

    later: bool
    remind: bool = False
    """Whether she is to be reminded of it: the first time."""


class Distressed(NamedTuple):
    """An answer to this question says that somebody should look after her."""

    question: str


class Ended(NamedTuple):
    """The run is over. `reason` is the note that ended it, `question` the last one answered."""

    state: RunState
    reason: str
    question: str
    calculated: Mapping[str, str]
    """The form's own values, worked out at the end."""


Event = Answered | Refused | SetAside | Restored | Discarded | Left | Distressed | Ended


class Step(NamedTuple):
    """What one turn brings about."""

    state: State
    screen: Screen
    events: tuple[Event, ...]


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970 (UTC) of an aware time."""
    return int(at.timestamp() * 1000)
