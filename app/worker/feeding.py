"""Feeds broadcasts: finds out who their recipients are, and writes so many messages into the outbox as can soon be sent.

The outbox is kept shallow. So an outage, the night, a pause and a cancel find few messages that are under way, and what a
broadcast may still cost is never far from what it has cost. Any number of processes may do this: a broadcast is held by
one at a time, for as long as one transaction.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from app.gateway.hours import hours_of
from app.gateway.inviting import Decision, Deed, Wording, decide, segments
from app.gateway.library import Library
from app.gateway.lines import Lines
from app.settings import Settings
from app.store import broadcasts, channels, outbox, recipients
from app.store.audience import audience
from app.store.broadcasts import Broadcast
from app.store.channels import State
from app.store.outbox import Message
from app.store.recipients import Due, Place
from app.store.tallies import Changes
from app.store.unit import Database
from app.values import SMS_ROOM

log = logging.getLogger(__name__)

PREPARED_AT_ONCE = 10_000
_FED_AT_ONCE = 1_000
_DEPTH = 4_000  # messages of one broadcast that wait at most; some seconds' worth of sending


@dataclass(slots=True)
class Feeding:
    """What a worker does for broadcasts besides sending."""

    settings: Settings
    database: Database
    library: Library
    lines: Lines
    _wordings: dict[tuple[int, int], Wording] = field(default_factory=dict)

    def feed(self, at: datetime) -> int:
        """Do a part of what running broadcasts need; returns how much was done, 0 when there is nothing to do now."""
        done = 0
        for which in self.database.read(lambda connection: broadcasts.every(connection, "scheduled", "running")):
            if which.state == "scheduled":
                done += self._begin(which, at)
            else:
                done += self._write(partial(self._feed, broadcast_id=which.id, at=at))
        return done

    def _write(self, work: Callable[[Connection], int]) -> int:
        return self.database.write(work)

    def _begin(self, which: Broadcast, at: datetime) -> int:
        if which.starts_at is not None and at < which.starts_at:
            return 0
        return self._write(
            lambda connection: broadcasts.move(
                connection, which.id, "running", before="scheduled", started_at=which.started_at or at
            )
        )

    def _feed(self, connection: Connection, broadcast_id: int, at: datetime) -> int:
        which = broadcasts.take(connection, broadcast_id)
        if which is None:
            return 0
        if which.prepared_at is None:
            return self._prepare(connection, which, at)  # even if it is too late for them: each is to have a reason
        if which.ends_at is not None and at >= which.ends_at:
            return self._run_out(connection, which, at)
        if not hours_of(which).allow(at):
            return 0
        states = {each.id: each for each in channels.states(connection)}
        if moved := self._reroute(connection, which, states, at):
            return moved
        people, allowed = [], self._allowed(connection, which, at)
        if allowed and not self._all_rest(which, states, at):
            people = recipients.due(connection, which.id, count=allowed, at=at)
        if people:
            return self._decide(connection, which, people, states, at)
        if allowed and recipients.is_over(connection, which.id):
            broadcasts.move(connection, which.id, "done", ended_at=at)
        return 0

    def _prepare(self, connection: Connection, which: Broadcast, at: datetime) -> int:
        """Note a part of the contacts as recipients."""
        chosen = audience(connection, which.audience, at)
        seen, _ = recipients.prepare(connection, which, chosen, due_at=at, count=PREPARED_AT_ONCE)
        if not seen:
            broadcasts.change(connection, which.id, {"prepared_at": at})
        return 1

    def _run_out(self, connection: Connection, which: Broadcast, at: datetime) -> int:
        """Its time is over: nobody is due any more, nothing that waits is sent."""
        if recipients.end_all(connection, which.id, reason="too_late"):
            return 1
        if outbox.cancel_broadcast(connection, which.id, reason="the broadcast is over", at=at):
            return 1
        if recipients.is_over(connection, which.id):
            broadcasts.move(connection, which.id, "done", ended_at=at, reason="its end time came")
        return 0

    def _allowed(self, connection: Connection, which: Broadcast, at: datetime) -> int:
        """How many messages may be written now."""
        room = min(_DEPTH - recipients.depth(connection, which.id, most=_DEPTH), _FED_AT_ONCE)
        if which.per_minute is not None:
            # A second's worth, and one: an even stream, as few at once as the pace allows.
            ahead = max(which.next_ms - _milliseconds(at), 0)
            room = min(room, int((1_000 - ahead) * which.per_minute / 60_000) + (not ahead))
        return max(room, 0)

    def _all_rest(self, which: Broadcast, states: Mapping[int, State], at: datetime) -> bool:
        """Whether no channel can send now: then nobody's message is written yet, and so none grows old."""
        keys = [self.lines.named(which.channel)] if which.channel else list(self.lines.lines)
        return all(key is None or key not in states or states[key].rests(at) for key in keys)

    def _reroute(self, connection: Connection, which: Broadcast, states: Mapping[int, State], at: datetime) -> int:
        """What waits for a channel that is down goes by another one that serves the phone, if there is one."""
        down = [key for key, state in states.items() if state.is_down(at)]
        if which.channel or not down or self._all_rest(which, states, at):
            return 0
        moved = outbox.reroute(connection, which.id, down, partial(self.lines.able, states=states, at=at), at)
        if moved:
            log.info("broadcast %d: %d messages go by another channel", which.id, moved)
        return moved

    def _decide(
        self, connection: Connection, which: Broadcast, people: Sequence[Due], states: Mapping[int, State], at: datetime
    ) -> int:
        ids = [each.contact_id for each in people]
        under_way = recipients.under_way(connection, ids) if which.asks else {}
        known = [each.contact_id for each in people if each.rounds] if which.asks else []
        runs = recipients.runs_of(connection, known, which.survey_id or 0) if known else {}
        unsent = recipients.unsent(connection, which.id, known) if known else ()
        round_ = Round(which, self._wording(which, at), self.lines, states, at)
        for person in people:
            surveys, own = under_way.get(person.contact_id, ()), runs.get(person.contact_id, ())
            decision = decide(which, person, surveys, own, at, unsent=person.contact_id in unsent)
            if not round_.take(person, decision):
                break
        return round_.write(connection)

    def _wording(self, which: Broadcast, at: datetime) -> Wording:
        """The texts of a broadcast; a survey that is published anew in the middle does not change them."""
        key = (which.id, (which.plan or {}).get("version", 0))
        if key not in self._wordings:
            flow = self.library.edition(key[1]).flow if key[1] else None
            room = SMS_ROOM._replace(septets=self.settings.sms_septets, ucs2=self.settings.sms_ucs2)
            self._wordings[key] = Wording(which, flow, room, at.astimezone(ZoneInfo(which.zone)))
        self._wordings[key].which = which
        return self._wordings[key]


class Round:
    """One round of one broadcast: what is done about some recipients, written together."""

    def __init__(
        self, which: Broadcast, wording: Wording, lines: Lines, states: Mapping[int, State], at: datetime
    ) -> None:
        self._which, self._wording, self._lines, self._states, self._at = which, wording, lines, states, at
        self._prices: Mapping[str, int] = (which.plan or {}).get("prices", {})
        self._left = None if which.budget is None else which.budget - which.spent
        self._messages: list[Message] = []
        self._places: dict[int, Place] = {}
        self._screens: list[int] = []
        self._changes = Changes()
        self._over_budget = False
        self._channels: dict[str, int] = {}

    def take(self, person: Due, decision: Decision) -> bool:
        """Do what was decided about one recipient; False when the budget does not reach for her message."""
        if decision.deed is Deed.WRITE:
            return self._message(person, decision)
        before = "written" if person.rounds else "waiting"
        if decision.deed is Deed.WAIT:
            place = Place(before, "", person.rounds, decision.until, person.asked_at)
        else:
            after = decision.deed.value
            place = Place(after, decision.reason, person.rounds, None, person.asked_at)
            self._changes.people(self._which.id, before, -1)
            self._changes.people(self._which.id, decision.reason or after)
        self._places[person.contact_id] = place
        return True

    def _message(self, person: Due, decision: Decision) -> bool:
        which, again = self._which, person.rounds > person.lapsed
        locale = self._wording.locale_of(person.locale)
        body = self._wording.reminder(locale) if again else self._wording.text(person.contact_id, locale)
        parts = segments(body)
        price = parts * self._prices.get(person.operator, self._prices.get("", 0))
        if self._left is not None:
            if price > self._left:
                self._over_budget = True
                return False
            self._left -= price
        number = person.rounds + 1
        expires_at = self._at + timedelta(hours=which.expiry_hours)
        self._messages.append(
            Message(
                channel_id=self._channels.get(person.operator) or self._channel(person.operator),
                key=f"b{which.id}:{person.contact_id}:{number}",
                contact_id=person.contact_id,
                kind="reminder" if again else "invitation" if which.asks else "message",
                body=body,
                segments=parts,
                at=self._at,
                expires_at=min(expires_at, which.ends_at) if which.ends_at else expires_at,
                broadcast_id=which.id,
                price=price,
            )
        )
        if decision.half_way is not None:
            self._screens.append(decision.half_way.id)
        more = which.asks and number - person.lapsed <= which.remind_most
        due_at = self._at + timedelta(days=which.remind_days) if more else None
        self._places[person.contact_id] = Place("written", "", number, due_at, self._at)
        if not person.rounds:
            self._changes.people(which.id, "waiting", -1)
            self._changes.people(which.id, "written")
        return True

    def _channel(self, operator: str) -> int:
        """The channel for a phone: the best one that is not in trouble."""
        if self._which.channel and (named := self._lines.named(self._which.channel)) is not None:
            return named
        able = self._lines.able(operator, states=self._states, at=self._at)
        self._channels[operator] = self._lines.serving(operator)[0] if able is None else able
        return self._channels[operator]

    def write(self, connection: Connection) -> int:
        """Write what was done; returns for how many people it was."""
        which = self._which
        if self._over_budget and not self._messages and not recipients.depth(connection, which.id, most=1):
            broadcasts.move(connection, which.id, "paused", reason="the budget is used up")
            log.warning("broadcast %d is paused: its budget is used up", which.id)
        outbox.add_of_broadcast(connection, self._messages, self._changes)
        recipients.place(connection, which.id, self._places)
        if which.asks:
            recipients.asked(connection, [each.contact_id for each in self._messages], self._at)
        recipients.forget_screens(connection, self._screens)
        self._changes.write(connection)
        if which.per_minute is not None and self._messages:
            ahead = max(which.next_ms, _milliseconds(self._at))
            next_ms = ahead + round(60_000 * len(self._messages) / which.per_minute)
            broadcasts.change(connection, which.id, {"next_ms": next_ms})
        return len(self._places)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
