"""What a broadcast does about one recipient now, and in which words. Decisions are pure; nothing is read or written here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from app.flows import gsm7
from app.flows.asking.engine import advance
from app.flows.asking.state import Reply, State
from app.flows.flow import Flow
from app.store.broadcasts import Broadcast
from app.store.recipients import Due
from app.values import Room, RunState

PATIENCE = timedelta(hours=1)  # one who answers another survey is looked at again after this time
_OVER = {RunState.COMPLETED, RunState.DECLINED, RunState.SCREENED_OUT, RunState.STOPPED}
_SEEDS = (1, 2, 3, 5, 8)


class Deed(StrEnum):
    """What is done about a recipient."""

    WRITE = "write"
    WAIT = "wait"
    LEAVE_OUT = "left_out"
    END = "ended"


class Decision(NamedTuple):
    """What is done, why, and (for WAIT) until when."""

    deed: Deed
    reason: str = ""
    until: datetime | None = None
    half_way: Any = None
    """The run that she has begun and not finished, where she is reminded."""


def decide(
    which: Broadcast,
    person: Due,
    under_way: Collection[int],
    runs: Sequence[Any],
    at: datetime,
    *,
    unsent: bool = False,
) -> Decision:
    """Say what is to be done about one recipient.

    `under_way` are the surveys that are being answered on her phone now, `runs` all runs of this broadcast's survey there;
    `unsent` says that the last message to her still waits to be sent.
    """
    first = person.rounds == person.lapsed
    if person.stopped:
        return Decision(Deed.LEAVE_OUT if first else Deed.END, "stopped")
    if not which.asks:
        return Decision(Deed.WRITE) if first else Decision(Deed.END)
    if person.rounds and has_answered(which, runs):
        return Decision(Deed.END, "answered")
    if first:
        return _at_first(which, person, under_way, at)
    if unsent:
        # Nobody is reminded of what she has not got yet.
        return Decision(Deed.WAIT, until=at + timedelta(days=which.remind_days))
    if person.rounds - person.lapsed > which.remind_most:
        return Decision(Deed.END)
    if set(under_way) - {which.survey_id}:
        return Decision(Deed.WAIT, until=at + PATIENCE)
    since = _since(which, runs)
    return Decision(Deed.WRITE, half_way=since[-1] if since else None)


def has_answered(which: Broadcast, runs: Sequence[Any]) -> bool:
    """Whether one of these runs of its survey began since the broadcast did, and came to an end of its own."""
    return any(each.state in _OVER for each in _since(which, runs))


def _since(which: Broadcast, runs: Sequence[Any]) -> list[Any]:
    return [each for each in runs if each.started_at >= (which.started_at or which.created_at)]


def _at_first(which: Broadcast, person: Due, under_way: Collection[int], at: datetime) -> Decision:
    if which.survey_id in under_way:
        return Decision(Deed.LEAVE_OUT, "answering")
    if under_way:
        return Decision(Deed.WAIT, until=at + PATIENCE)
    rested = person.contact_asked_at is None or person.contact_asked_at <= at - timedelta(days=which.rest_days)
    # A message that was past its time before it went out has asked for nothing.
    if not rested and not person.lapsed:
        return Decision(Deed.LEAVE_OUT, "asked_lately")
    return Decision(Deed.WRITE)


@dataclass(slots=True)
class Wording:
    """The texts of one broadcast: written out, or the first screen of its survey as an SMS."""

    which: Broadcast
    flow: Flow | None
    room: Room
    at: datetime
    """A moment in the broadcast's zone, for first screens that show one."""
    _openings: dict[str, str | None] = field(default_factory=dict)

    def locale_of(self, contact_locale: str | None) -> str:
        """The language that a contact is written to in."""
        known = self.locales
        return contact_locale if contact_locale in known else known[0]

    @property
    def locales(self) -> list[str]:
        """The languages that there are, the first one for those of whom none is known."""
        if self.which.mode == "conversation" and self.flow is not None:
            first = self.flow.locale
            return [first, *(each for each in self.flow.locales if each != first)]
        return list(self.which.texts)

    def text(self, contact_id: int, locale: str) -> str:
        """The first message to a contact."""
        if self.which.mode != "conversation" or self.flow is None:
            return self.which.texts[locale]
        if locale not in self._openings:
            screens = {self._opening(locale, seed) for seed in _SEEDS}
            self._openings[locale] = screens.pop() if len(screens) == 1 else None
        return self._openings[locale] or self._opening(locale, seed_of(self.which.seed, contact_id))

    def reminder(self, locale: str) -> str:
        """What a contact is reminded with."""
        texts: Mapping[str, str] = self.which.remind_texts
        return texts.get(locale) or next(iter(texts.values()))

    def _opening(self, locale: str, seed: int) -> str:
        assert self.flow is not None  # noqa: S101
        return advance(self.flow, State(seed=seed, locale=locale), Reply(None, self.room), self.at).screen.text


def seed_of(seed: int, contact_id: int) -> int:
    """The number that a contact's random orders are made from: the same when her first screen is sent and when she replies."""
    return (seed * 1_000_003 + contact_id * 2_654_435_761) % (2**31 - 2) + 1


@lru_cache(maxsize=4096)
def segments(text: str) -> int:
    """How many SMS parts a text takes."""
    return gsm7.segments(text)[2]
