"""The requests that one claim becomes: equal bodies together, each after a last look at whom it may still go to."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import exc
from sqlalchemy.engine import Connection

from app.channels.base import LINE_IS_DOWN, Sender, Sending, SendResult
from app.gateway.inviting import PATIENCE, has_answered
from app.settings import Settings
from app.store import broadcasts, contacts, recipients
from app.store.keys import Keys
from app.store.outbox import Claimed
from app.store.unit import Database

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Held:
    """A claimed message that was in no request: `queued` again, or `cancelled`, and why."""

    state: str
    reason: str
    due_at: datetime | None = None
    """When it is tried again; None: it keeps its place before later ones."""


_NOT_TRIED = Held("queued", "not tried")


@dataclass(slots=True)
class Requests:
    """What is made of one claim, and what came of it: each claimed message has a result or is held."""

    settings: Settings
    database: Database
    keys: Keys
    sender: Sender
    seconds: Callable[[], float]
    at: datetime
    """When it was claimed."""
    began: float
    """The same moment as `seconds` tells it."""
    results: dict[int, SendResult] = field(default_factory=dict)
    held: dict[int, Held] = field(default_factory=dict)
    exchanges: list[tuple[Counter[str], timedelta]] = field(default_factory=list)
    """What each request came to, and how long it took."""

    def make(self, claimed: Sequence[Claimed]) -> None:
        """Send, the oldest first.

        What there is no time for before the lease ends, or no line, is not tried: it would be swept up as of unknown
        outcome and never be sent.
        """
        for body, messages in _together(claimed, self.sender.per_request):
            if not self._goes_on(body, messages):
                break
        for message in claimed:
            if message.id not in self.results:
                self.held.setdefault(message.id, _NOT_TRIED)

    def _goes_on(self, body: str, messages: Sequence[Claimed]) -> bool:
        """Make one request if it may still be made; says whether the next one may."""
        try:
            numbers = self._look(messages)
        except exc.DBAPIError as error:
            log.warning("the database is away, so what was claimed is put back: %s", type(error).__name__)
            return False
        start = self.seconds()
        if start - self.began > self._limit:
            return False
        to = [each for each in messages if each.id in numbers]
        if not to:
            return True
        answers = self.sender.send(body, [numbers[each.id] for each in to])
        self.results |= {message.id: answer for message, answer in zip(to, answers, strict=True)}
        self.exchanges.append((Counter(map(_words_of, answers)), timedelta(seconds=self.seconds() - start)))
        # Nobody knows what became of these, or nothing can be sent: a second request would fare no better.
        return any(each.outcome is not Sending.UNKNOWN and each.reason not in LINE_IS_DOWN for each in answers)

    @property
    def _limit(self) -> float:
        """After so long no request is begun: its answer must come before the lease ends."""
        lease = self.settings.lease_seconds
        return max(lease - self.settings.send_timeout_seconds - _CONNECT_SECONDS, lease / 2)

    def _look(self, messages: Sequence[Claimed]) -> dict[int, str]:
        """The numbers of those whom these may still go to, by message; looked at last of all before a request."""

        def read(connection: Connection) -> dict[int, str]:
            ids = sorted({each.contact_id for each in messages})
            addresses = contacts.addresses(connection, self.keys, ids)
            hindrances = self._hindrances(connection, messages)
            for message in messages:
                if message.kind != "stop" and addresses[message.contact_id].stopped:
                    hindrances[message.id] = Held("cancelled", "stopped")
            self.held |= hindrances
            return {each.id: addresses[each.contact_id].msisdn.e164 for each in messages if each.id not in hindrances}

        return self.database.read(read)

    def _hindrances(self, connection: Connection, messages: Sequence[Claimed]) -> dict[int, Held]:
        """Which of these may not go now, but for those to people who stopped: much can happen since they were claimed."""
        now = self.at + timedelta(seconds=self.seconds() - self.began)
        found = {each.id: _NOT_TRIED for each in messages if each.expires_at <= now}
        found |= _needless(connection, [each for each in messages if each.kind == "reminder" and not each.broadcast_id])
        by_broadcast: dict[int, list[Claimed]] = {}
        for message in messages:
            if message.broadcast_id is not None:
                by_broadcast.setdefault(message.broadcast_id, []).append(message)
        for which in broadcasts.some(connection, sorted(by_broadcast)):
            mine = by_broadcast[which.id]
            if which.state == "running":
                found |= _busy(connection, which, mine, now) if which.asks else {}
            else:
                over = which.state == "cancelled"
                held = Held("cancelled", "the broadcast was cancelled") if over else _NOT_TRIED
                found |= {each.id: held for each in mine}
        return found


def _together(claimed: Sequence[Claimed], most: int) -> Iterator[tuple[str, list[Claimed]]]:
    """Messages with one body, the oldest first, as many at once as a provider takes.

    The second of two equal messages to one phone has a request of its own: results are told apart by number.
    """
    groups: dict[tuple[str, int], list[Claimed]] = {}
    seen: Counter[tuple[str, int]] = Counter()
    for message in claimed:
        to = message.body, message.contact_id
        groups.setdefault((message.body, seen[to]), []).append(message)
        seen[to] += 1
    for (body, _), messages in groups.items():
        for first in range(0, len(messages), most):
            yield body, messages[first : first + most]


def _needless(connection: Connection, messages: Sequence[Claimed]) -> dict[int, Held]:
    """Reminders that somebody asked for by "later", who has come back by herself since."""
    ids = sorted(each.id for each in messages)
    needed = recipients.still_waiting(connection, ids) if ids else set()
    return {each: Held("cancelled", "answered") for each in ids if each not in needed}


def _busy(
    connection: Connection, which: broadcasts.Broadcast, messages: Sequence[Claimed], now: datetime
) -> dict[int, Held]:
    """Those who answer another survey now, and those who need no reminder any more."""
    ids = sorted({each.contact_id for each in messages})
    reminded = sorted({each.contact_id for each in messages if each.kind == "reminder"})
    under_way = recipients.under_way(connection, ids)
    runs = recipients.runs_of(connection, reminded, which.survey_id or 0) if reminded else {}
    found: dict[int, Held] = {}
    for message in messages:
        if under_way.get(message.contact_id, set()) - {which.survey_id}:
            found[message.id] = Held("queued", "another survey is under way", now + PATIENCE)
        if message.kind == "reminder" and has_answered(which, runs.get(message.contact_id, ())):
            found[message.id] = Held("cancelled", "answered")
    return found


def _words_of(result: SendResult) -> str:
    return " ".join(filter(None, (result.outcome.value, result.status, result.reason)))
