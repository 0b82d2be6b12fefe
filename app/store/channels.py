"""Channels: how each of them is doing."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.messages import outbox
from app.models.runs import channel


def messages(connection: Connection) -> dict[str, dict[str, int]]:
    """Channel → state → number of messages."""
    rows = connection.execute(
        sa.select(channel.c.name, outbox.c.state, sa.func.count())
        .join_from(channel, outbox, outbox.c.channel_id == channel.c.id, isouter=True)
        .group_by(channel.c.name, outbox.c.state)
        .order_by(channel.c.name, outbox.c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for name, state, count in rows:
        found.setdefault(name, {}).update({state: count} if state else {})
    return found
