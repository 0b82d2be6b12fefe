"""What waits in the outbox, by channel and by how long it has been due: from the index of what waits alone, so it is fast."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.messages import outbox
from app.models.runs import channel

_MINUTES, _HOUR = timedelta(minutes=5), timedelta(hours=1)


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
    """For each channel that anything waits for."""
    due = outbox.c.due_at

    def count(*which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((sa.and_(*which), 1), else_=0))

    counted = (
        sa.select(
            outbox.c.channel_id, count(due > at).label("later"), count(due <= at, due > at - _MINUTES).label("fresh"),
            count(due <= at - _MINUTES, due > at - _HOUR).label("hour"), count(due <= at - _HOUR).label("older"),
        )
        .where(outbox.c.state == sa.text("'queued'"))
        .group_by(outbox.c.channel_id)
        .subquery()
    )  # fmt: skip
    statement = sa.select(channel.c.name, counted.c.later, counted.c.fresh, counted.c.hour, counted.c.older).join(
        counted, counted.c.channel_id == channel.c.id
    )
    return [Waiting(row[0], *map(int, row[1:])) for row in connection.execute(statement.order_by(channel.c.name))]
