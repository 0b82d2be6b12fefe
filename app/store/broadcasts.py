"""Broadcasts: what is to be sent, to whom, when, and how it stands. Who gets it is in `recipients`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.broadcasts import broadcast
from app.store.batch import within

# Which state of a broadcast may follow which; what is not here does not happen.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"checked", "cancelled"}),
    "checked": frozenset({"draft", "checked", "scheduled", "running", "cancelled"}),
    "scheduled": frozenset({"running", "paused", "cancelled", "failed"}),
    "running": frozenset({"paused", "done", "cancelled", "failed"}),
    "paused": frozenset({"running", "scheduled", "cancelled"}),
    "done": frozenset({"running"}),  # by `remind`: there is more to send
    "cancelled": frozenset(),
    "failed": frozenset({"cancelled"}),
}


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A broadcast as it is stored; money in millionths of its currency, times of day in minutes."""

    id: int
    name: str
    mode: str
    survey_id: int | None
    audience: str
    texts: Mapping[str, str]
    channel: str
    state: str
    reason: str
    zone: str
    starts_at: datetime | None
    ends_at: datetime | None
    opens: int
    closes: int
    weekdays: str
    holidays: Sequence[str]
    expiry_hours: float
    per_minute: int | None
    budget: int | None
    currency: str
    spent: int
    remind_days: int
    remind_most: int
    remind_texts: Mapping[str, str]
    rest_days: int
    next_ms: int
    seed: int
    plan: Mapping[str, Any] | None
    prepared_to: int
    prepared_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    revision: int

    @property
    def asks(self) -> bool:
        """Whether it asks for answers, and is no plain message."""
        return self.mode != "message"


_JSON = ("texts", "holidays", "remind_texts", "plan")
_COLUMNS = [broadcast.c[name] for name in Broadcast.__dataclass_fields__]
_ALL = sa.select(*_COLUMNS).order_by(broadcast.c.id)
_SOME = _ALL.where(within(broadcast.c.id, "ids"))


def _read(row: Any) -> Broadcast:
    values = row._asdict()
    return Broadcast(**values | {name: json.loads(values[name]) if values[name] else None for name in _JSON})


def add(connection: Connection, values: Mapping[str, Any], at: datetime) -> int:
    """Add a draft; returns its key."""
    given = {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}
    fixed = {
        "uid": uuid7(), "state": "draft", "reason": "", "spent": 0, "next_ms": 0, "prepared_to": 0, "created_at": at,
        "revision": 0,
    }  # fmt: skip
    return int(connection.execute(sa.insert(broadcast).values(**given, **fixed)).inserted_primary_key[0])  # type: ignore[index]


def change(connection: Connection, broadcast_id: int, values: Mapping[str, Any]) -> None:
    """Change a broadcast's columns."""
    given = {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}
    statement = sa.update(broadcast).where(broadcast.c.id == broadcast_id)
    connection.execute(statement.values(**given, revision=broadcast.c.revision + 1))


def rewrite(connection: Connection, broadcast_id: int, values: Mapping[str, Any]) -> bool:
    """Give a draft other values; False where it is none any more."""
    given = {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}
    statement = sa.update(broadcast).where(broadcast.c.id == broadcast_id, broadcast.c.state == "draft")
    return bool(connection.execute(statement.values(**given, revision=broadcast.c.revision + 1)).rowcount)


def by_name(connection: Connection, name: str) -> Broadcast | None:
    """The broadcast of this name."""
    row = connection.execute(_ALL.where(broadcast.c.name == name)).first()
    return _read(row) if row else None


def every(connection: Connection, *states: str) -> list[Broadcast]:
    """All broadcasts, or those in these states, the oldest first."""
    statement = _ALL.where(broadcast.c.state.in_(states)) if states else _ALL
    return [_read(row) for row in connection.execute(statement)]


def some(connection: Connection, ids: Sequence[int]) -> list[Broadcast]:
    """The broadcasts with these keys."""
    return [_read(row) for row in connection.execute(_SOME, {"ids": ids})] if ids else []


def move(
    connection: Connection, broadcast_id: int, to: str, *, before: str | None = None, seen: int | None = None,
    reason: str = "", **values: Any,
) -> bool:  # fmt: skip
    """Move a broadcast to another state if that may follow the one it is in; says whether it was.

    With `before` only from that state, with `seen` only from that revision: what was decided when it was seen so does not
    hold otherwise.
    """
    allowed = [state for state, after in TRANSITIONS.items() if to in after and before in {None, state}]
    given = {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}
    statement = (
        sa.update(broadcast)
        .where(broadcast.c.id == broadcast_id, broadcast.c.state.in_(allowed))
        .where(sa.true() if seen is None else broadcast.c.revision == seen)
        .values(state=to, reason=reason, revision=broadcast.c.revision + 1, **given)
    )
    return bool(connection.execute(statement).rowcount)


def take(connection: Connection, broadcast_id: int) -> Broadcast | None:
    """Hold a running broadcast until the transaction ends; None if it runs no more, or another process holds it."""
    statement = _ALL.where(broadcast.c.id == broadcast_id, broadcast.c.state == "running")
    row = connection.execute(statement.with_for_update(skip_locked=True)).first()
    return _read(row) if row else None


def hold_state(connection: Connection, broadcast_id: int) -> str:
    """The state of a broadcast, which stays so until the transaction ends."""
    statement = sa.select(broadcast.c.state).where(broadcast.c.id == broadcast_id).with_for_update()
    return str(connection.execute(statement).scalar_one())
