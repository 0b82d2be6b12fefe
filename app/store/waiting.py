"""What waits in the outbox, by channel and by how long it has been due: from the index of what waits alone, so it is fast."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.messages import outbox
from app.models.runs import channel
from app.store.outbox import PRIORITIES

_MINUTES, _HOUR, _FOR_EVER = timedelta(minutes=5), timedelta(hours=1), timedelta(days=3650)
_CHANNELS = sa.select(channel.c.id, channel.c.name).order_by(channel.c.name)
_COUNT = sa.select(sa.func.count()).where(
    outbox.c.channel_id == sa.bindparam("channel"),
    outbox.c.state == sa.text("'queued'"),
    outbox.c.priority.in_(sorted(set(PRIORITIES.values()))),
    outbox.c.due_at > sa.bindparam("after", type_=outbox.c.due_at.type),
    outbox.c.due_at <= sa.bindparam("until", type_=outbox.c.due_at.type),
)


class Waiting(NamedTuple):
    """Messages that wait to go over a channel."""

    channel: str
    later: int
    """Not due yet."""
    fresh: int
    """Due for up to five minutes."""
    hour: int
    """Due for up to an hour."""
    older: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.later + self.fresh + self.hour + self.older


def by_channel(connection: Connection, at: datetime) -> Sequence[Waiting]:
    """For each channel that anything waits for. Each row is counted once, along the index of what is queued."""
    edges = (at + _FOR_EVER, at, at - _MINUTES, at - _HOUR, at - _FOR_EVER)
    found = []
    for channel_id, name in connection.execute(_CHANNELS):
        counts = [
            connection.execute(_COUNT, {"channel": channel_id, "after": after, "until": until}).scalar_one()
            for until, after in pairwise(edges)
        ]
        if any(counts):
            found.append(Waiting(name, *counts))
    return found
