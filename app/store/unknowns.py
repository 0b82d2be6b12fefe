"""Messages of unknown outcome: how many and since when, and what a person decides of them (docs/decisions/D5).

The provider took the request and never said what came of it, so nobody but a person may send them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.broadcasts import broadcast
from app.models.messages import outbox
from app.models.people import contact
from app.models.runs import run
from app.store.bulk import Bulk, stamp
from app.store.tallies import Changes

DECIDED = "a person decided"
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Unknown:
    """So many messages of unknown outcome, for one reason."""

    reason: str
    count: int
    since: datetime
    """Since when the first of them is."""


_UNKNOWN = outbox.c.state == sa.text("'unknown'")
_later = outbox.alias("later")
# Sending these again would do no good: she asked for silence; she was written to since, so the conversation went on and
# an old question would be taken for the present one; or she has begun the survey, so the message came.
_HAS_WORDS = outbox.c.body != ""  # they go after some days (`retention`)
_STOPPED = contact.c.stopped_at.is_not(None)
_SAYS_SO = outbox.c.kind == "stop"  # the confirmation of her STOP
_WRITTEN_SINCE = sa.exists().where(_later.c.contact_id == outbox.c.contact_id, _later.c.id > outbox.c.id)
_BEGAN = sa.exists().where(
    run.c.contact_id == outbox.c.contact_id,
    run.c.survey_id == broadcast.c.survey_id,
    run.c.started_at >= outbox.c.created_at,
)
_WORDS = Bulk.update(outbox, ("state", "reason", "settled_at"), keys=("id",))
_AGAIN = Bulk.update(
    outbox,
    ("state", "reason", "status", "provider_id", "attempts", "due_at", "expires_at", "settled_at"),
    keys=("id",),
)


def counts(connection: Connection, broadcast_id: int | None) -> list[Unknown]:
    """How many messages of a broadcast (None: of conversations) are of unknown outcome, by reason."""
    statement = (
        sa.select(outbox.c.reason, sa.func.count(), sa.func.min(outbox.c.settled_at))
        .where(_UNKNOWN, _of(broadcast_id))
        .group_by(outbox.c.reason)
        .order_by(outbox.c.reason)
    )
    return [Unknown(*row) for row in connection.execute(statement)]


def by_broadcast(connection: Connection) -> list[tuple[str, Unknown]]:
    """The same for all broadcasts that have any, by name."""
    statement = (
        sa.select(broadcast.c.name, outbox.c.reason, sa.func.count(), sa.func.min(outbox.c.settled_at))
        .join(broadcast, broadcast.c.id == outbox.c.broadcast_id)
        .where(_UNKNOWN)
        .group_by(broadcast.c.name, outbox.c.reason)
        .order_by(broadcast.c.name, outbox.c.reason)
    )
    return [(name, Unknown(*rest)) for name, *rest in connection.execute(statement)]


def total(connection: Connection) -> int:
    """How many messages are of unknown outcome at all."""
    counted = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state == "unknown")
    return int(connection.execute(counted).scalar_one())


def count_as_sent(connection: Connection, broadcast_id: int | None, at: datetime) -> int:
    """Count some as sent; returns how many, 0 when none is left. A delivery report may still say more."""
    rows = _take(connection, broadcast_id)
    _WORDS.write(connection, [("sent", DECIDED, stamp(at), row.id) for row in rows])
    _tally(connection, rows, "sent")
    return len(rows)


def send_again(connection: Connection, broadcast_id: int | None, *, at: datetime, expires_at: datetime) -> int:
    """Put some into the outbox for another try; returns how many, 0 when none is left that may be.

    What they cost stays on the broadcast's bill as it is: once for each message.
    """
    rows = _take(
        connection,
        broadcast_id,
        _HAS_WORDS,
        sa.or_(sa.not_(_STOPPED), _SAYS_SO),
        sa.not_(_WRITTEN_SINCE),
        sa.not_(_BEGAN),
    )
    due, expiry = stamp(at), stamp(expires_at)
    _AGAIN.write(connection, [("queued", DECIDED, "", None, 0, due, expiry, None, row.id) for row in rows])
    _tally(connection, rows, "queued")
    return len(rows)


def _of(broadcast_id: int | None) -> sa.ColumnElement[bool]:
    return outbox.c.broadcast_id.is_(None) if broadcast_id is None else outbox.c.broadcast_id == broadcast_id


def _take(connection: Connection, broadcast_id: int | None, *which: sa.ColumnElement[bool]) -> Sequence[Any]:
    """Hold some of them until the transaction ends: a delivery report may be coming in now."""
    statement = (
        sa.select(outbox.c.id, outbox.c.broadcast_id, outbox.c.reason)
        .join(contact, contact.c.id == outbox.c.contact_id)
        .outerjoin(broadcast, broadcast.c.id == outbox.c.broadcast_id)
        .where(_UNKNOWN, _of(broadcast_id), *which)
        .order_by(outbox.c.id)
        .limit(_AT_ONCE)
        .with_for_update(of=outbox)
    )
    return connection.execute(statement).all()


def _tally(connection: Connection, rows: Sequence[Any], after: str) -> None:
    changes = Changes()
    for row in rows:
        changes.message(row.broadcast_id, "unknown", after)
        changes.trouble(row.broadcast_id, "unknown", row.reason, -1)
    changes.write(connection)
