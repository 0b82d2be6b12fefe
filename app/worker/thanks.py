"""Sends airtime as thanks: claims with a lease, calls the provider outside any transaction, settles what came of it.

What nobody answered is tried again under the same key, as long as a provider can be trusted to know the key; after that it
is `unknown`, and a report or a person settles it.
"""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from uuid_utils.compat import uuid7

from app.channels.base import LINE_IS_DOWN, MONEY, AirtimeSender, Sending, SendResult
from app.settings import Settings
from app.store import airtime, contacts
from app.store.airtime import DOUBT, Claimed, Settled
from app.store.keys import Keys
from app.store.unit import Database

log = logging.getLogger(__name__)

_AT_ONCE = 10
_KEY_LIVES = timedelta(hours=24)  # how long providers keep keys is not documented; a day is usual
_DUPLICATE = "duplicate"
_SAME_AGAIN = timedelta(
    minutes=6
)  # the provider takes the same amount for the same phone for a repeat for five minutes
_NOT_TRIED, _TOO_LATE = "not tried", "too late to ask again"
_LONGEST_PAUSE, _MONEY_PAUSE = 60.0, 600.0
_CONNECT_SECONDS = 5.0


@dataclass(slots=True)
class Line:
    """A channel as airtime goes over it, and how it has been doing."""

    channel_id: int
    name: str
    sender: AirtimeSender
    failures: int = 0
    paused_until: datetime | None = None


@dataclass(slots=True)
class Thanks:
    """Sends airtime over all lines; `work` again and again."""

    settings: Settings
    database: Database
    keys: Keys
    lines: Sequence[Line]
    chance: random.Random = field(default_factory=random.Random)

    def work(self, at: datetime) -> int:
        """Send what is due, if this installation gives airtime at all; returns how many gifts were tried."""
        return sum(self.thank(line, at) for line in self.lines) if self.settings.airtime else 0

    def sweep(self, at: datetime) -> None:
        """Let what was claimed and never settled wait again."""
        if count := self.database.write(lambda connection: airtime.sweep(connection, at=at)):
            log.warning("%d gifts of airtime are asked for again: their lease ran out", count)

    def thank(self, line: Line, at: datetime) -> int:
        """Send a few gifts over one line."""
        if line.paused_until is not None and at < line.paused_until:
            return 0
        count = 1 if line.failures else _AT_ONCE
        attempt, lease = uuid7(), timedelta(seconds=self.settings.lease_seconds)
        claimed = self.database.write(
            lambda connection: airtime.claim(
                connection, channel_id=line.channel_id, count=count, attempt=attempt, lease=lease, at=at
            )
        )
        if not claimed:
            return 0
        results = self._send(line, claimed, at)
        settled = [self._settled(gift, result, at) for gift, result in zip(claimed, results, strict=True)]
        self.database.write(
            lambda connection: airtime.settle(
                connection, channel_id=line.channel_id, attempt=attempt, results=settled, at=at
            )
        )
        self._judge(line, results[0], at)
        return len(claimed)

    def _send(self, line: Line, claimed: Sequence[Claimed], at: datetime) -> list[SendResult]:
        """Send one by one, for a key is for one request. What there is no time or no line for is put back."""
        enough = time.monotonic() + self.settings.lease_seconds - self.settings.send_timeout_seconds - _CONNECT_SECONDS
        ids = sorted({gift.contact_id for gift in claimed})
        numbers = self.database.read(lambda connection: contacts.addresses(connection, self.keys, ids))
        results: list[SendResult] = []
        put_back: SendResult | None = None
        for gift in claimed:
            if gift.doubtful and at - gift.created_at > _KEY_LIVES:
                results.append(SendResult(Sending.UNKNOWN, reason=_TOO_LATE))
                continue
            result = put_back or line.sender.thank(
                numbers[gift.contact_id].msisdn.e164, Decimal(gift.amount) / 1_000_000, gift.currency, str(gift.uid)
            )
            results.append(result)
            if result.reason in LINE_IS_DOWN:
                put_back = result
            elif put_back is None and time.monotonic() > enough:
                put_back = SendResult(Sending.RETRY, reason=_NOT_TRIED)
        return results

    def _settled(self, gift: Claimed, result: SendResult, at: datetime) -> Settled:
        if result.outcome is Sending.SENT:
            return Settled(
                gift.id, "sent", result.provider_id or None, result.status, result.reason, gift.due_at, gift.attempts
            )
        in_doubt = gift.doubtful or result.outcome is Sending.UNKNOWN
        state, attempts, due_at = self._after(gift, result, at)
        if state == "failed" and in_doubt:
            state = "unknown"  # this try was not paid, but an earlier one may have been
        reason = result.reason
        if in_doubt:
            reason = gift.reason if gift.doubtful else DOUBT + reason
        return Settled(gift.id, state, None, result.status, reason, due_at, attempts)

    def _after(self, gift: Claimed, result: SendResult, at: datetime) -> tuple[str, int, datetime]:
        """State, tries and next time of a gift that was not surely sent."""
        if result.outcome is Sending.REFUSED or result.reason == _TOO_LATE:
            return "failed", gift.attempts, gift.due_at
        if result.reason in LINE_IS_DOWN or result.reason == _NOT_TRIED:
            return "queued", gift.attempts - 1, gift.due_at
        if result.reason == _DUPLICATE:
            # Ours, if an earlier try was never answered; else somebody else's, and the same is taken again later.
            return ("failed" if gift.doubtful else "queued"), gift.attempts, at + _SAME_AGAIN
        if gift.attempts >= self.settings.send_attempts:
            return "failed", gift.attempts, gift.due_at
        return "queued", gift.attempts, at + timedelta(seconds=self._pause(gift.attempts, _LONGEST_PAUSE))

    def _judge(self, line: Line, first: SendResult, at: datetime) -> None:
        """Pause a line that is down; without money, for longer."""
        if first.reason not in LINE_IS_DOWN:
            line.failures, line.paused_until = 0, None
            return
        if not line.failures:
            log.warning("channel %s cannot send airtime: %s; it waits", line.name, first.reason)
        line.failures += 1
        longest = _MONEY_PAUSE if first.reason in MONEY else _LONGEST_PAUSE
        line.paused_until = at + timedelta(seconds=self._pause(line.failures, longest))

    def _pause(self, failures: int, longest: float) -> float:
        """Exponential back-off with jitter."""
        return min(2.0 ** (failures - 1), longest) * self.chance.uniform(0.5, 1.0)
