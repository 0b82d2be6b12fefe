"""What time does: runs that wait no longer, sessions that fell silent, sends that nobody settled."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.gateway.broadcasting import withdraw
from app.settings import Settings
from app.store import outbox, recipients, runs, sessions
from app.store.unit import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Expiry:
    """Any process may do this at any time; what is done twice changes nothing."""

    settings: Settings
    database: Database

    def sweep(self, at: datetime) -> None:
        """Settle leases that ran out and give up messages that are past their time."""
        unknown, expired = self.database.write(lambda connection: outbox.sweep(connection, at=at))
        if unknown:
            log.warning("%d messages are of unknown outcome: their lease ran out", unknown)
        if expired:
            log.info("%d messages were past their time and were not sent", expired)
        for broadcast_id in self.database.read(recipients.unfinished):
            # Whoever cancelled it broke off, or a message was under way then and has been put back since.
            withdraw(self.database, broadcast_id, at)

    def expire(self, at: datetime) -> None:
        """End runs that waited too long, and close silent sessions."""
        before = at - timedelta(hours=self.settings.resume_hours)
        ended = self.database.write(lambda connection: runs.expire(connection, before=before, at=at))
        silent = at - timedelta(seconds=self.settings.session_seconds)
        closed = self.database.write(lambda connection: sessions.end_silent(connection, before=silent, at=at))
        if ended or closed:
            log.info("%d runs expired, %d silent sessions closed", ended, closed)
