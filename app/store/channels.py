"""Channels as all processes see them: whether one may send now, how fast, and what was said in each exchange with a provider.

An outage is a state of the channel, never of its messages: a million that wait are not touched when a line goes down.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.messages import exchange, outbox
from app.models.runs import channel

RESTORED = "restored"
"""The trouble of a channel that is held since a backup was restored; to release it ends it."""

_DOWN_AFTER = 3  # sends that failed in a row
_BURST_MS = 200  # a channel may be so far ahead of its throughput


@dataclass(frozen=True, slots=True)
class State:
    """How a channel has been doing."""

    id: int
    name: str
    provider: str
    held: bool
    """Somebody paused it."""
    open_until: datetime | None
    """The breaker is open: nothing is sent before."""
    failures: int
    """Sends that failed in a row."""
    pace: int
    """Messages at once while it comes back from trouble; 0: no limit."""
    trouble: str
    """Why the breaker is open, in the provider's words or ours."""

    def rests(self, at: datetime) -> bool:
        """Whether nothing may be sent now."""
        return self.held or (self.open_until is not None and at < self.open_until)

    def is_down(self, at: datetime) -> bool:
        """Whether it has failed for longer than a hiccup: what waits for it may go another way."""
        return self.failures >= _DOWN_AFTER and self.open_until is not None and at < self.open_until


_RELEASED = sa.case((channel.c.trouble == RESTORED, ""), else_=channel.c.trouble)
_STATE = sa.select(
    channel.c.id, channel.c.name, channel.c.provider, channel.c.held, channel.c.open_until, channel.c.failures,
    channel.c.pace, channel.c.trouble,
)  # fmt: skip
_ONE = _STATE.where(channel.c.id == sa.bindparam("channel"))
_NEXT = sa.select(channel.c.next_ms).where(channel.c.id == sa.bindparam("channel")).with_for_update()
_TAKE = sa.update(channel).where(channel.c.id == sa.bindparam("channel")).values(next_ms=sa.bindparam("to_next"))


def state(connection: Connection, channel_id: int) -> State:
    """How one channel is doing."""
    return State(*connection.execute(_ONE, {"channel": channel_id}).one())


def states(connection: Connection) -> list[State]:
    """How all channels are doing, by name."""
    return [State(*row) for row in connection.execute(_STATE.order_by(channel.c.name))]


def allowed(connection: Connection, channel_id: int, *, per_second: float | None, count: int, at: datetime) -> int:
    """How many messages the throughput of a channel allows now, at most `count`; the row stays locked for `taken`.

    One rule for all processes (the generic cell rate algorithm): the moment of the next message is kept in the database.
    """
    if per_second is None:
        return count
    next_ms = connection.execute(_NEXT, {"channel": channel_id}).scalar_one()
    ahead = max(next_ms - _milliseconds(at), 0)
    return max(min(count, int((_BURST_MS + 1000 / per_second - ahead) * per_second / 1000)), 0)


def taken(connection: Connection, channel_id: int, *, per_second: float | None, count: int, at: datetime) -> None:
    """Take note that so many messages go out now."""
    if per_second is not None and count:
        next_ms = connection.execute(_NEXT, {"channel": channel_id}).scalar_one()
        to_next = max(next_ms, _milliseconds(at)) + round(1000 * count / per_second)
        connection.execute(_TAKE, {"channel": channel_id, "to_next": to_next})


def opened(connection: Connection, channel_id: int, *, until: datetime, trouble: str) -> None:
    """Open the breaker: a send failed because the line is down. The next tries begin with one message."""
    connection.execute(
        sa.update(channel)
        .where(channel.c.id == channel_id)
        .values(open_until=until, failures=channel.c.failures + 1, pace=1, trouble=trouble)
    )


def slowed(connection: Connection, channel_id: int) -> None:
    """Go on with one message at a time: the line did not say what became of the last ones."""
    connection.execute(sa.update(channel).where(channel.c.id == channel_id).values(pace=1))


def worked(connection: Connection, channel_id: int, *, pace: int) -> None:
    """Close the breaker: a message got through. `pace` is how many may follow at once; 0: as many as there are."""
    connection.execute(
        sa.update(channel).where(channel.c.id == channel_id).values(open_until=None, failures=0, pace=pace, trouble="")
    )


def hold(connection: Connection, name: str, *, held: bool) -> bool:
    """Pause a channel, or let it send again, its breaker closed; says whether there is such a channel."""
    values: dict[str, Any] = {"held": True} if held else {"held": False, "open_until": None, "trouble": _RELEASED}
    return bool(connection.execute(sa.update(channel).where(channel.c.name == name).values(**values)).rowcount)


def log_exchange(
    connection: Connection, channel_id: int, *, what: str, outcomes: Mapping[str, int], took: timedelta, at: datetime
) -> None:
    """Keep what came of a request to a provider: outcome and reason → how many. No number, no text, no secret."""
    connection.execute(
        sa.insert(exchange),
        {
            "channel_id": channel_id, "what": what, "messages": sum(outcomes.values()),
            "outcomes": json.dumps(outcomes, sort_keys=True), "took_ms": round(took / timedelta(milliseconds=1)), "at": at,
        },
    )  # fmt: skip


def exchanges(connection: Connection, channel_id: int, *, count: int) -> Sequence[Any]:
    """The last exchanges with a provider, the newest first."""
    statement = (
        sa.select(exchange).where(exchange.c.channel_id == channel_id).order_by(exchange.c.id.desc()).limit(count)
    )
    return connection.execute(statement).all()


def trouble_since(connection: Connection, channel_id: int, trouble: str) -> datetime | None:
    """Since when each exchange has told of this trouble; None where none does."""
    mine = [exchange.c.channel_id == channel_id]
    well = (
        sa.select(exchange.c.at)
        .where(*mine, sa.not_(exchange.c.outcomes.contains(trouble, autoescape=True)))
        .order_by(exchange.c.at.desc())
        .limit(1)
    )
    if (last := connection.execute(well).scalar()) is not None:
        mine.append(exchange.c.at > last)
    return connection.execute(sa.select(sa.func.min(exchange.c.at)).where(*mine)).scalar()


def sent_since(connection: Connection, channel_id: int, since: datetime) -> int:
    """How many messages the provider took over a channel since a moment."""
    statement = sa.select(exchange.c.outcomes).where(exchange.c.channel_id == channel_id, exchange.c.at >= since)
    outcomes = [json.loads(each) for each in connection.execute(statement).scalars()]
    return sum(count for each in outcomes for words, count in each.items() if words.startswith("sent"))


def forget_exchanges(connection: Connection, *, before: datetime) -> int:
    """Forget exchanges from before a moment; returns how many."""
    return connection.execute(sa.delete(exchange).where(exchange.c.at < before)).rowcount


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


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
