"""Sends what the outbox holds: claims with a lease, calls the provider outside any transaction, settles what came of it."""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exc
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.channels.base import LINE_IS_DOWN, Sender, Sending, SendResult
from app.gateway.hours import hours_of
from app.money import NotMoney, millionths
from app.settings import Settings
from app.store import broadcasts, channels, outbox
from app.store.broadcasts import Broadcast
from app.store.channels import State
from app.store.keys import Keys
from app.store.outbox import Claimed, Settled
from app.store.unit import Database
from app.worker.requests import Held, Requests

log = logging.getLogger(__name__)

_MONEY = "InsufficientBalance"
_MONEY_PAUSE = timedelta(minutes=10)  # it is tried again by itself, for somebody may have paid
_LONGEST_PAUSE = 60.0
_STATES = {Sending.SENT: "sent", Sending.REFUSED: "failed", Sending.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Line:
    """A channel as the worker sends over it."""

    channel_id: int
    name: str
    sender: Sender
    per_second: float | None = None
    """Its throughput, in messages; None: no limit but the provider's."""


@dataclass(slots=True)
class Delivery:
    """Sends over one line at a time; `deliver` again and again until it returns 0."""

    settings: Settings
    database: Database
    keys: Keys
    chance: random.Random = field(default_factory=random.Random)
    seconds: Callable[[], float] = time.monotonic
    """What it measures with how long something takes."""
    _owed: dict[int, list[tuple[UUID, list[Settled]]]] = field(default_factory=dict)
    """By channel: what a database that was away did not write down of an attempt; nothing, if it was in no request."""

    def deliver(self, line: Line, at: datetime) -> int:
        """Send one batch of due messages over a line, replies before broadcasts; returns how many were tried."""
        began = self.seconds()
        self._catch_up(line, at)
        state = self.database.read(lambda connection: channels.state(connection, line.channel_id))
        if state.rests(at):
            return 0
        attempt, claimed = self._claim(line, state, None, at)
        running: Mapping[int, Broadcast] = {}
        if not claimed and (running := self._running(at)):
            attempt, claimed = self._claim(line, state, running, at)
        if not claimed:
            return 0
        requests = Requests(self.settings, self.database, self.keys, line.sender, self.seconds, at, began)
        requests.make(claimed)
        settled = [self._settled(message, requests, running, at) for message in claimed]

        def write(connection: Connection) -> None:
            outbox.settle(connection, channel_id=line.channel_id, attempt=attempt, results=settled, at=at)
            self._judge(connection, line, state, list(requests.results.values()), at)
            for outcomes, took in requests.exchanges:
                channels.log_exchange(connection, line.channel_id, what="sms", outcomes=outcomes, took=took, at=at)

        try:
            self.database.write(write)
        except exc.DBAPIError:
            self._owed.setdefault(line.channel_id, []).append((attempt, settled))
            raise
        return len(claimed)

    def _catch_up(self, line: Line, at: datetime) -> None:
        """Write down what the database did not take when it was away. What it took after all is not touched."""
        owed = self._owed.get(line.channel_id, [])
        while owed:
            attempt, settled = owed[0]

            def work(connection: Connection, attempt: UUID = attempt, settled: list[Settled] = settled) -> None:
                if settled:
                    outbox.settle(connection, channel_id=line.channel_id, attempt=attempt, results=settled, at=at)
                else:
                    outbox.give_back(connection, attempt=attempt)

            self.database.write(work)
            del owed[0]

    def _running(self, at: datetime) -> dict[int, Broadcast]:
        """The broadcasts that may send now, and still may when this lease ends."""
        margin = timedelta(seconds=self.settings.lease_seconds)
        every = self.database.read(lambda connection: broadcasts.every(connection, "running"))
        return {
            each.id: each
            for each in every
            if hours_of(each).allow(at, margin=margin) and (each.ends_at is None or at < each.ends_at)
        }

    def _claim(
        self, line: Line, state: State, running: Mapping[int, Broadcast] | None, at: datetime
    ) -> tuple[UUID, list[Claimed]]:
        """Claim a batch. An attempt whose commit was not answered may hold messages: they are given back."""
        batch = self.settings.send_batch if running is None else self.settings.broadcast_batch
        # After trouble one message tries the line, then two, then four: what waits comes back gently.
        most = min(state.pace or batch, batch)
        attempts: list[UUID] = []

        def work(connection: Connection) -> list[Claimed]:
            attempts.append(uuid7())
            count = channels.allowed(connection, line.channel_id, per_second=line.per_second, count=most, at=at)
            if not count:
                return []
            found = outbox.claim(
                connection, channel_id=line.channel_id, count=count, attempt=attempts[-1],
                lease=timedelta(seconds=self.settings.lease_seconds), at=at,
                of_broadcasts=None if running is None else running.keys(),
            )  # fmt: skip
            channels.taken(connection, line.channel_id, per_second=line.per_second, count=len(found), at=at)
            return found

        unsure = attempts
        try:
            claimed = self.database.write(work)
            unsure = attempts[:-1]
        finally:
            if unsure:
                self._owed.setdefault(line.channel_id, []).extend((each, []) for each in unsure)
        return attempts[-1], claimed

    def _settled(self, message: Claimed, requests: Requests, running: Mapping[int, Broadcast], at: datetime) -> Settled:
        result = requests.results.get(message.id)
        if result is None:
            return _kept(message, requests.held[message.id])
        state, attempts = _STATES.get(result.outcome, "queued"), message.attempts
        due_at, spent = message.due_at, 0  # as before: a message that was not tried keeps its place before later ones
        if state == "queued" and result.reason in LINE_IS_DOWN:
            attempts -= 1
        elif state == "queued" and attempts >= self.settings.send_attempts:
            state = "failed"
        elif state == "queued":
            due_at = at + timedelta(seconds=self._pause(attempts))
        if state == "failed":
            spent = -message.price
        elif state == "sent" and (which := running.get(message.broadcast_id or 0)) is not None:
            spent = _more(result.cost, which.currency, message.price)
        return Settled(
            message.id, state, result.provider_id or None, result.status, result.reason, result.cost, due_at, attempts,
            message.broadcast_id, spent,
        )  # fmt: skip

    def _judge(
        self, connection: Connection, line: Line, state: State, results: Sequence[SendResult], at: datetime
    ) -> None:
        """Pause a line that is down, longer each time; the first message that gets through opens it again."""
        if not results:
            return
        down = [result.reason for result in results if result.reason in LINE_IS_DOWN]
        if len(down) == len(results):
            pause = timedelta(seconds=self._pause(state.failures + 1))
            until = at + (_MONEY_PAUSE if _MONEY in down else pause)
            channels.opened(connection, line.channel_id, until=until, trouble=down[0])
            if state.trouble != down[0]:
                log.warning("channel %s cannot send: %s; messages wait", line.name, down[0])
        elif all(result.outcome is Sending.UNKNOWN or result.reason in LINE_IS_DOWN for result in results):
            # It takes messages, perhaps, and does not answer: risk one at a time until it does.
            channels.slowed(connection, line.channel_id)
        elif state.failures or state.pace:
            pace = 2 * max(state.pace, 1)
            channels.worked(connection, line.channel_id, pace=0 if pace >= self.settings.broadcast_batch else pace)
            if state.trouble:
                log.info("channel %s sends again", line.name)

    def _pause(self, failures: int) -> float:
        """Exponential back-off with jitter, so that several workers do not come back at the same moment."""
        return min(2.0 ** (failures - 1), _LONGEST_PAUSE) * self.chance.uniform(0.5, 1.0)


def _kept(message: Claimed, held: Held) -> Settled:
    """A message that was in no request: it keeps its tries, and its price if it may still go out."""
    spent = -message.price if held.state == "cancelled" else 0
    return Settled(
        message.id, held.state, None, "", held.reason, "", held.due_at or message.due_at, message.attempts - 1,
        message.broadcast_id, spent,
    )  # fmt: skip


def _more(cost: str, currency: str, price: int) -> int:
    """How much more than its price a message cost, where the provider says so in the same currency."""
    try:
        return millionths(cost, currency) - price
    except NotMoney:
        return 0
