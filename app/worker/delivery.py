"""Sends what the outbox holds: claims with a lease, calls the provider outside any transaction, settles what came of it."""

import logging
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.channels.base import Sender, Sending, SendResult
from app.money import NotMoney, millionths
from app.settings import Settings
from app.store import broadcasts, channels, contacts, outbox
from app.store.broadcasts import Broadcast
from app.store.channels import State
from app.store.keys import Keys
from app.store.outbox import Claimed, Settled
from app.store.unit import Database
from app.worker.feeding import hours_of

log = logging.getLogger(__name__)

# These say that the line is down, not that the message is bad: the message keeps its tries, the line gets a pause.
_LINE_IS_DOWN = frozenset(
    "unreachable throttled unavailable authentication settings certificate InsufficientBalance".split()
)
_MONEY = "InsufficientBalance"
_MONEY_PAUSE = timedelta(minutes=10)  # it is tried again by itself, for somebody may have paid
_NOT_TRIED, _STOPPED = "not tried", "stopped"
_LONGEST_PAUSE = 60.0
_CONNECT_SECONDS = 5.0
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
class Request:
    """What one request to the provider was about, and what it said."""

    results: Mapping[int, SendResult]
    took: timedelta


@dataclass(slots=True)
class Delivery:
    """Sends over one line at a time; `deliver` again and again until it returns 0."""

    settings: Settings
    database: Database
    keys: Keys
    chance: random.Random = field(default_factory=random.Random)

    def deliver(self, line: Line, at: datetime) -> int:
        """Send one batch of due messages over a line, replies before broadcasts; returns how many were tried."""
        state = self.database.read(lambda connection: channels.state(connection, line.channel_id))
        if state.rests(at):
            return 0
        attempt = uuid7()
        claimed = self._claim(line, state, attempt, None, at)
        running: Mapping[int, Broadcast] = {}
        if not claimed and (running := self._running(at)):
            claimed = self._claim(line, state, attempt, running, at)
        if not claimed:
            return 0
        requests = list(self._send(line, claimed))
        results: dict[int, SendResult] = {}
        for request in requests:
            results |= request.results
        settled = [self._settled(message, results[message.id], running, at) for message in claimed]

        def write(connection: Connection) -> None:
            outbox.settle(connection, channel_id=line.channel_id, attempt=attempt, results=settled, at=at)
            self._judge(connection, line, state, list(results.values()), at)
            for request in requests:
                outcomes = Counter(_words_of(result) for result in request.results.values())
                channels.log_exchange(
                    connection, line.channel_id, what="sms", outcomes=outcomes, took=request.took, at=at
                )

        self.database.write(write)
        return len(claimed)

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
        self, line: Line, state: State, attempt: UUID, running: Mapping[int, Broadcast] | None, at: datetime
    ) -> list[Claimed]:
        batch = self.settings.send_batch if running is None else self.settings.broadcast_batch
        # After trouble one message tries the line, then two, then four: what waits comes back gently.
        most = min(state.pace or batch, batch)

        def work(connection: Connection) -> list[Claimed]:
            count = channels.allowed(connection, line.channel_id, per_second=line.per_second, count=most, at=at)
            if not count:
                return []
            found = outbox.claim(
                connection, channel_id=line.channel_id, count=count, attempt=attempt,
                lease=timedelta(seconds=self.settings.lease_seconds), at=at,
                of_broadcasts=None if running is None else running.keys(),
            )  # fmt: skip
            channels.taken(connection, line.channel_id, per_second=line.per_second, count=len(found), at=at)
            return found

        return self.database.write(work)

    def _send(self, line: Line, claimed: Sequence[Claimed]) -> Iterator[Request]:
        """Send equal bodies together, the oldest first; yields what each request came to.

        What there is no time for before the lease ends, or no line, is not tried: it would be swept up as of unknown
        outcome and never be sent.
        """
        enough = time.monotonic() + self.settings.lease_seconds - self.settings.send_timeout_seconds - _CONNECT_SECONDS
        put_back: SendResult | None = None
        for body, messages in _requests(claimed, line.sender.per_request):
            if put_back is None:
                request = self._request(line, body, messages)
                answers = list(request.results.values())
                yield request
                if all(answer.reason in _LINE_IS_DOWN for answer in answers):
                    put_back = answers[0]
                elif time.monotonic() > enough:
                    put_back = SendResult(Sending.RETRY, reason=_NOT_TRIED)
            else:
                yield Request(dict.fromkeys([message.id for message in messages], put_back), timedelta(0))

    def _request(self, line: Line, body: str, messages: Sequence[Claimed]) -> Request:
        """Make one request. Who stopped since these were claimed gets nothing: that is looked at last of all."""
        ids = sorted({message.contact_id for message in messages})
        numbers = self.database.read(lambda connection: contacts.addresses(connection, self.keys, ids))
        to = [each for each in messages if each.kind == "stop" or not numbers[each.contact_id].stopped]
        results = dict.fromkeys([each.id for each in messages], SendResult(Sending.REFUSED, reason=_STOPPED))
        start = time.monotonic()
        if to:
            answers = line.sender.send(body, [numbers[message.contact_id].msisdn.e164 for message in to])
            results |= {message.id: answer for message, answer in zip(to, answers, strict=True)}
        return Request(results, timedelta(seconds=time.monotonic() - start))

    def _settled(self, message: Claimed, result: SendResult, running: Mapping[int, Broadcast], at: datetime) -> Settled:
        state, attempts = _STATES.get(result.outcome, "queued"), message.attempts
        due_at, spent = message.due_at, 0  # as before: a message that was not tried keeps its place before later ones
        if state == "failed" and result.reason == _STOPPED:
            state = "cancelled"
        elif state == "queued" and (result.reason in _LINE_IS_DOWN or result.reason == _NOT_TRIED):
            attempts -= 1
        elif state == "queued" and attempts >= self.settings.send_attempts:
            state = "failed"
        elif state == "queued":
            due_at = at + timedelta(seconds=self._pause(attempts))
        if state in {"failed", "cancelled"}:
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
        down = [result.reason for result in results if result.reason in _LINE_IS_DOWN]
        if len(down) == len(results):
            pause = timedelta(seconds=self._pause(state.failures + 1))
            until = at + (_MONEY_PAUSE if _MONEY in down else pause)
            channels.opened(connection, line.channel_id, until=until, trouble=down[0])
            if state.trouble != down[0]:
                log.warning("channel %s cannot send: %s; messages wait", line.name, down[0])
        elif state.failures or state.pace:
            pace = 2 * max(state.pace, 1)
            channels.worked(connection, line.channel_id, pace=0 if pace >= self.settings.broadcast_batch else pace)
            if state.trouble:
                log.info("channel %s sends again", line.name)

    def _pause(self, failures: int) -> float:
        """Exponential back-off with jitter, so that several workers do not come back at the same moment."""
        return min(2.0 ** (failures - 1), _LONGEST_PAUSE) * self.chance.uniform(0.5, 1.0)


def _requests(claimed: Sequence[Claimed], most: int) -> Iterator[tuple[str, list[Claimed]]]:
    """Messages by their body, in the order of the oldest, as many at once as a provider takes."""
    groups: dict[str, list[Claimed]] = {}
    for message in claimed:
        groups.setdefault(message.body, []).append(message)
    for body, messages in groups.items():
        for first in range(0, len(messages), most):
            yield body, messages[first : first + most]


def _more(cost: str, currency: str, price: int) -> int:
    """How much more than its price a message cost, where the provider says so in the same currency."""
    try:
        return millionths(cost, currency) - price
    except NotMoney:
        return 0


def _words_of(result: SendResult) -> str:
    return " ".join(filter(None, (result.outcome.value, result.status, result.reason)))
