"""What a person decides of messages of unknown outcome: that they were sent, or that they are sent again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.engine import Connection

from app.gateway.refusals import NotNow
from app.settings import Settings
from app.store import broadcasts, unknowns
from app.store.audit import Trail
from app.store.broadcasts import Broadcast
from app.store.unit import Database
from app.store.unknowns import Unknown
from app.values import without_numbers

_ENDED = {"cancelled", "failed"}


class Decision(StrEnum):
    """What is decided. To count them as sent loses a message that never went; to send again sends some twice."""

    SENT = "sent"
    AGAIN = "again"


_NOTED = {Decision.SENT: "count as sent", Decision.AGAIN: "send again"}


@dataclass(frozen=True, slots=True)
class Decided:
    """How many messages it was decided of, and how many stay of unknown outcome.

    Those stay that sending again would do no good: their phones asked for silence, were written to since, or began the survey.
    """

    count: int
    stay: int


def look(database: Database, which: Broadcast | None) -> list[Unknown]:
    """How many messages of a broadcast (None: of conversations) are of unknown outcome, by reason, and since when."""
    return database.read(lambda connection: unknowns.counts(connection, which.id if which else None))


def decide(
    settings: Settings,
    database: Database,
    which: Broadcast | None,
    decision: Decision,
    at: datetime,
    trail: Trail | None = None,
) -> Decided:
    """Do what a person decided, some thousands at a time so that nobody else waits; noted before the first of them."""
    if which is not None and decision is Decision.AGAIN:
        _refuse_late(which, at)
    hours = which.expiry_hours if which else settings.message_hours
    expires_at = at + timedelta(hours=hours)
    if which is not None and which.ends_at is not None:
        expires_at = min(expires_at, which.ends_at)

    def work(connection: Connection) -> int:
        if decision is Decision.SENT:
            return unknowns.count_as_sent(connection, which.id if which else None, at)
        if which is None:
            return unknowns.send_again(connection, None, at=at, expires_at=expires_at)
        return _again(connection, which, at, expires_at)

    if trail is not None:
        action = "broadcast unknown" if which else "messages unknown"
        subject = f"{_NOTED[decision]}: {without_numbers(which.name)}" if which else _NOTED[decision]
        database.write(lambda connection: trail.note(connection, action, subject, at=at))
    count = 0
    while some := database.write(work):
        count += some
    return Decided(count, sum(each.count for each in look(database, which)))


def _refuse_late(which: Broadcast, at: datetime) -> None:
    if which.state in _ENDED:
        raise NotNow(
            f"The broadcast {which.name!r} is {which.state}, so nothing of it is sent again; count these messages as sent."
        )
    if which.ends_at is not None and which.ends_at <= at:
        raise NotNow(f"The end time of {which.name!r} has come, so nothing of it is sent again; count them as sent.")


def _again(connection: Connection, which: Broadcast, at: datetime, expires_at: datetime) -> int:
    """One that was done has something to send again. Its state is held, lest a worker finds it done in this very moment."""
    state = broadcasts.hold_state(connection, which.id)
    if state in _ENDED:
        return 0
    count = unknowns.send_again(connection, which.id, at=at, expires_at=expires_at)
    if count and state == "done":
        broadcasts.move(connection, which.id, "running", ended_at=None)
    return count
