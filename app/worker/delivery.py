"""Sends what the outbox holds: claims with a lease, calls the provider outside any transaction, settles what came of it."""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from uuid_utils.compat import uuid7

from app.channels.base import Sender, Sending, SendResult
from app.settings import Settings
from app.store import contacts, outbox
from app.store.keys import Keys
from app.store.outbox import Claimed, Settled
from app.store.unit import Database

log = logging.getLogger(__name__)

# These say that the line is down, not that the message is bad: the message keeps its tries, the line gets a pause.
_LINE_IS_DOWN = frozenset(
    "unreachable throttled unavailable authentication settings certificate InsufficientBalance".split()
)
_NOT_TRIED = "not tried"
_LONGEST_PAUSE = 60.0
_CONNECT_SECONDS = 5.0
_STATES = {Sending.SENT: "sent", Sending.REFUSED: "failed", Sending.UNKNOWN: "unknown"}


@dataclass(slots=True)
class Line:
    """A channel as the worker sends over it, and how it has been doing."""

    channel_id: int
    name: str
    sender: Sender
    failures: int = 0
    paused_until: datetime | None = None
    trouble: str = ""


@dataclass(slots=True)
class Delivery:
    """Sends over one line at a time; `deliver` again and again until it returns 0."""

    settings: Settings
    database: Database
    keys: Keys
    chance: random.Random = field(default_factory=random.Random)

    def deliver(self, line: Line, at: datetime) -> int:
        """Send one batch of due messages over a line; returns how many were tried."""
        if line.paused_until is not None and at < line.paused_until:
            return 0
        # After a failure one message tries the line before the others follow.
        count = 1 if line.failures else self.settings.send_batch
        attempt, lease = uuid7(), timedelta(seconds=self.settings.lease_seconds)
        claimed = self.database.write(
            lambda connection: outbox.claim(
                connection, channel_id=line.channel_id, count=count, attempt=attempt, lease=lease, at=at
            )
        )
        if not claimed:
            return 0
        results = self._send(line, claimed)
        settled = [self._settled(message, result, at) for message, result in zip(claimed, results, strict=True)]
        self.database.write(
            lambda connection: outbox.settle(
                connection, channel_id=line.channel_id, attempt=attempt, results=settled, at=at
            )
        )
        self._judge(line, results, at)
        return len(claimed)

    def _send(self, line: Line, claimed: Sequence[Claimed]) -> list[SendResult]:
        """Send equal bodies together, the oldest first; the answers come back in the order of `claimed`.

        What there is no time for before the lease ends, or no line, is not tried: it would be swept up as of unknown
        outcome and never be sent.
        """
        enough = time.monotonic() + self.settings.lease_seconds - self.settings.send_timeout_seconds - _CONNECT_SECONDS
        ids = sorted({message.contact_id for message in claimed})
        numbers = self.database.read(lambda connection: contacts.numbers(connection, self.keys, ids))
        results: dict[int, SendResult] = {}
        groups: dict[str, list[Claimed]] = {}
        for message in claimed:
            groups.setdefault(message.body, []).append(message)
        put_back: SendResult | None = None
        for body, messages in groups.items():
            if put_back is None:
                answers = line.sender.send(body, [numbers[message.contact_id].e164 for message in messages])
                results |= {message.id: answer for message, answer in zip(messages, answers, strict=True)}
                if all(answer.reason in _LINE_IS_DOWN for answer in answers):
                    put_back = answers[0]
                elif time.monotonic() > enough:
                    put_back = SendResult(Sending.RETRY, reason=_NOT_TRIED)
            else:
                results |= dict.fromkeys([message.id for message in messages], put_back)
        return [results[message.id] for message in claimed]

    def _settled(self, message: Claimed, result: SendResult, at: datetime) -> Settled:
        state, attempts = _STATES.get(result.outcome, "queued"), message.attempts
        due_at = message.due_at  # as before: a message that was not tried keeps its place before later ones
        if state == "queued" and (result.reason in _LINE_IS_DOWN or result.reason == _NOT_TRIED):
            attempts -= 1
        elif state == "queued" and attempts >= self.settings.send_attempts:
            state = "failed"
        elif state == "queued":
            due_at = at + timedelta(seconds=self._pause(attempts))
        return Settled(
            message.id, state, result.provider_id or None, result.status, result.reason, result.cost, due_at, attempts
        )

    def _judge(self, line: Line, results: Sequence[SendResult], at: datetime) -> None:
        """Pause a line that is down, longer each time; the first message that gets through opens it again."""
        down = [result.reason for result in results if result.reason in _LINE_IS_DOWN]
        if len(down) == len(results):
            line.failures += 1
            line.paused_until = at + timedelta(seconds=self._pause(line.failures))
            if line.trouble != down[0]:
                log.warning("channel %s cannot send: %s; messages wait", line.name, down[0])
            line.trouble = down[0]
        else:
            if line.trouble:
                log.info("channel %s sends again", line.name)
            line.failures, line.paused_until, line.trouble = 0, None, ""

    def _pause(self, failures: int) -> float:
        """Exponential back-off with jitter, so that several workers do not come back at the same moment."""
        return min(2.0 ** (failures - 1), _LONGEST_PAUSE) * self.chance.uniform(0.5, 1.0)
