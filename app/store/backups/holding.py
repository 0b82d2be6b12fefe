"""What is held back after a restore: nobody knows what was sent, paid or asked after the backup was made.

So what waited is of unknown outcome (D5) and never goes out by itself, broadcasts are paused, and every channel is held
until somebody lets it go. Turns go on.
"""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.broadcasts import airtime, broadcast
from app.models.messages import outbox
from app.models.runs import channel
from app.store import broadcasts
from app.store.channels import RESTORED
from app.store.tallies import Changes

REASON = "waited when the backup was made"
_WAITING = ("queued", "sending")
_PAUSED = "A backup was restored: look at who was asked since, then resume it"


class Held(NamedTuple):
    """How much is held back."""

    messages: int
    gifts: int
    broadcasts: int
    channels: int


def hold_back(connection: Connection, at: datetime) -> Held:
    """Let nothing go out that may have gone out already."""
    return Held(_messages(connection, at), _gifts(connection, at), _broadcasts(connection), _channels(connection))


def _messages(connection: Connection, at: datetime) -> int:
    waiting = (
        sa.select(outbox.c.broadcast_id, outbox.c.state, sa.func.count().label("many"))
        .where(outbox.c.state.in_(_WAITING))
        .group_by(outbox.c.broadcast_id, outbox.c.state)
    )
    changes, total = Changes(), 0
    for broadcast_id, state, many in connection.execute(waiting).all():
        changes.message(broadcast_id, state, "unknown", many)
        changes.trouble(broadcast_id, "unknown", REASON, many)
        total += many
    connection.execute(
        sa.update(outbox)
        .where(outbox.c.state.in_(_WAITING))
        .values(state="unknown", reason=REASON, attempt=None, lease_until=None, settled_at=at)
    )
    changes.write(connection)
    return total


def _gifts(connection: Connection, at: datetime) -> int:
    return connection.execute(
        sa.update(airtime)
        .where(airtime.c.state.in_(_WAITING))
        .values(state="unknown", reason=REASON, attempt=None, lease_until=None, settled_at=at)
    ).rowcount


def _broadcasts(connection: Connection) -> int:
    under_way = connection.execute(
        sa.select(broadcast.c.id).where(broadcast.c.state.in_(("running", "scheduled"))).order_by(broadcast.c.id)
    ).scalars()
    return sum(broadcasts.move(connection, each, "paused", reason=_PAUSED) for each in under_way.all())


def _channels(connection: Connection) -> int:
    return connection.execute(sa.update(channel).values(held=True, trouble=RESTORED)).rowcount
