"""Broadcasts and their recipients: what is to be sent, who is due, and what has been written for whom."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.broadcasts import broadcast, recipient
from app.models.messages import outbox
from app.models.people import contact, respondent
from app.models.runs import run, session
from app.store.batch import within
from app.store.bulk import Bulk, stamp
from app.store.tallies import Changes

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


class Due(NamedTuple):
    """A recipient for whom there is something to do."""

    contact_id: int
    rounds: int
    lapsed: int
    asked_at: datetime | None
    locale: str | None
    operator: str
    stopped: bool
    contact_asked_at: datetime | None


class Place(NamedTuple):
    """A recipient's new place."""

    state: str
    reason: str
    rounds: int
    due_at: datetime | None
    asked_at: datetime | None


_DUE = (
    sa.select(
        recipient.c.contact_id, recipient.c.rounds, recipient.c.lapsed, recipient.c.asked_at, contact.c.locale,
        contact.c.operator, contact.c.stopped_at.is_not(None), contact.c.asked_at,
    )
    .join(contact, contact.c.id == recipient.c.contact_id)
    .where(
        recipient.c.broadcast_id == sa.bindparam("broadcast"),
        recipient.c.due_at <= sa.bindparam("at", type_=recipient.c.due_at.type),
    )
    .order_by(recipient.c.due_at, recipient.c.contact_id)
    .limit(sa.bindparam("count"))
    .with_for_update(of=recipient, skip_locked=True)
)  # fmt: skip
_PLACES = Bulk.update(
    recipient, ("state", "reason", "rounds", "due_at", "asked_at"), keys=("broadcast_id", "contact_id")
)
_ASKED = Bulk.update(contact, ("asked_at",), keys=("id",))
_UNDER_WAY = sa.select(run.c.contact_id, run.c.survey_id).where(
    within(run.c.contact_id, "contacts"), run.c.state == sa.text("'active'")
)
_UNSENT = sa.select(outbox.c.contact_id).where(
    within(outbox.c.contact_id, "contacts"), outbox.c.broadcast_id == sa.bindparam("broadcast"),
    sa.or_(outbox.c.state == sa.text("'queued'"), outbox.c.state == sa.text("'sending'")),
)  # fmt: skip
_RUNS_SINCE = (
    sa.select(respondent.c.contact_id, run.c.id, run.c.state, run.c.started_at)
    .join(run, run.c.respondent_id == respondent.c.id)
    .where(within(respondent.c.contact_id, "contacts"), respondent.c.survey_id == sa.bindparam("survey"))
    .order_by(run.c.id)
)


def _read(row: Any) -> Broadcast:
    values = row._asdict()
    return Broadcast(**values | {name: json.loads(values[name]) if values[name] else None for name in _JSON})


# -- broadcasts ---------------------------------------------------------------------------------------------------------


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
    connection: Connection, broadcast_id: int, to: str, *, before: str | None = None, reason: str = "", **values: Any
) -> bool:
    """Move a broadcast to another state if that may follow the one it is in; says whether it was.

    With `before` only from that state: what was decided when it was seen there does not hold in another.
    """
    froms = [state for state, after in TRANSITIONS.items() if to in after and before in {None, state}]
    given = {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}
    statement = (
        sa.update(broadcast)
        .where(broadcast.c.id == broadcast_id, broadcast.c.state.in_(froms))
        .values(state=to, reason=reason, revision=broadcast.c.revision + 1, **given)
    )
    return bool(connection.execute(statement).rowcount)


def take(connection: Connection, broadcast_id: int) -> Broadcast | None:
    """Hold a running broadcast until the transaction ends; None if it runs no more, or another process holds it."""
    statement = _ALL.where(broadcast.c.id == broadcast_id, broadcast.c.state == "running")
    row = connection.execute(statement.with_for_update(skip_locked=True)).first()
    return _read(row) if row else None


# -- recipients ---------------------------------------------------------------------------------------------------------


def prepare(
    connection: Connection, which: Broadcast, audience: sa.ColumnElement[bool], *, due_at: datetime, count: int
) -> tuple[int, int]:
    """Note the next `count` contacts as recipients, as far as they are in the audience; those who stopped are left out.

    Returns how many contacts were looked at and how many became recipients; the first is 0 when there are no more.
    """
    ids = sa.select(contact.c.id).where(contact.c.id > which.prepared_to).order_by(contact.c.id).limit(count).subquery()
    seen, last = connection.execute(sa.select(sa.func.count(), sa.func.max(ids.c.id))).one()
    if not seen:
        return 0, 0
    stopped = contact.c.stopped_at.is_not(None)
    chosen = sa.select(
        sa.literal(which.id, sa.BigInteger), contact.c.id, sa.case((stopped, "left_out"), else_="waiting"),
        sa.case((stopped, "stopped"), else_=""), sa.literal(0), sa.literal(0),
        sa.case((stopped, sa.null()), else_=sa.literal(due_at, recipient.c.due_at.type)),
    ).where(contact.c.id > which.prepared_to, contact.c.id <= last, audience)  # fmt: skip
    columns = ["broadcast_id", "contact_id", "state", "reason", "rounds", "lapsed", "due_at"]
    connection.execute(sa.insert(recipient).from_select(columns, chosen))
    mine = sa.select(recipient.c.state, recipient.c.reason, sa.func.count()).where(
        recipient.c.broadcast_id == which.id, recipient.c.contact_id > which.prepared_to, recipient.c.contact_id <= last
    )
    changes, total = Changes(), 0
    for state, reason, number in connection.execute(mine.group_by(recipient.c.state, recipient.c.reason)):
        changes.people(which.id, reason or state, number)
        total += number
    changes.write(connection)
    connection.execute(sa.update(broadcast).where(broadcast.c.id == which.id).values(prepared_to=last))
    return seen, total


def due(connection: Connection, broadcast_id: int, *, count: int, at: datetime) -> list[Due]:
    """Up to `count` recipients for whom there is something to do, held until the transaction ends."""
    rows = connection.execute(_DUE, {"broadcast": broadcast_id, "at": at, "count": count})
    return [Due(*row) for row in rows]


def depth(connection: Connection, broadcast_id: int, *, most: int) -> int:
    """How many messages of a broadcast wait to be sent; counts no further than `most`."""
    some = (
        sa.select(outbox.c.id)
        .where(outbox.c.broadcast_id == broadcast_id, outbox.c.state == sa.text("'queued'"))
        .limit(most)
    )
    return int(connection.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one())


def under_way(connection: Connection, contact_ids: Sequence[int]) -> dict[int, set[int]]:
    """Contact → the surveys that are being answered there now."""
    found: dict[int, set[int]] = {}
    for contact_id, survey_id in connection.execute(_UNDER_WAY, {"contacts": contact_ids}):
        found.setdefault(contact_id, set()).add(survey_id)
    return found


def unsent(connection: Connection, broadcast_id: int, contact_ids: Sequence[int]) -> set[int]:
    """Those of the contacts for whom a message of a broadcast still waits, or is being sent."""
    return set(connection.execute(_UNSENT, {"contacts": contact_ids, "broadcast": broadcast_id}).scalars())


def runs_of(connection: Connection, contact_ids: Sequence[int], survey_id: int) -> dict[int, list[Any]]:
    """Contact → the runs of a survey there, the first one first."""
    found: dict[int, list[Any]] = {}
    for row in connection.execute(_RUNS_SINCE, {"contacts": contact_ids, "survey": survey_id}):
        found.setdefault(row.contact_id, []).append(row)
    return found


def place(connection: Connection, broadcast_id: int, places: Mapping[int, Place]) -> None:
    """Give recipients their new places, by contact."""
    rows = [
        (each.state, each.reason, each.rounds, stamp(each.due_at), stamp(each.asked_at), broadcast_id, contact_id)
        for contact_id, each in places.items()
    ]
    _PLACES.write(connection, rows)


def asked(connection: Connection, contact_ids: Sequence[int], at: datetime) -> None:
    """Note that these contacts are asked for answers now."""
    _ASKED.write(connection, [(stamp(at), contact_id) for contact_id in contact_ids])


def forget_screens(connection: Connection, run_ids: Sequence[int]) -> None:
    """Let the next text message in these runs be no answer: the question stands in a message of some days ago."""
    if run_ids:
        connection.execute(
            sa.update(session).where(within(session.c.run_id, "runs"), session.c.medium == "sms").values(shown=-1),
            {"runs": list(run_ids)},
        )


def due_again(connection: Connection, broadcast_id: int, *, at: datetime) -> int:
    """Let those who were written to, and are not known to have answered, be looked at now; returns how many."""
    statement = (
        sa.update(recipient)
        .where(recipient.c.broadcast_id == broadcast_id, recipient.c.state == "written", recipient.c.rounds > 0)
        .values(due_at=at)
    )
    return connection.execute(statement).rowcount


def is_over(connection: Connection, broadcast_id: int) -> bool:
    """Whether nobody is due any more, and no message waits or is being sent.

    One statement, one picture: a message that is put back while this looks is seen as the one or as the other.
    """
    someone = sa.select(recipient.c.contact_id).where(
        recipient.c.broadcast_id == broadcast_id, recipient.c.due_at.is_not(None)
    )
    mine = sa.select(outbox.c.id).where(outbox.c.broadcast_id == broadcast_id)
    waiting, under_way = (
        mine.where(outbox.c.state == sa.text("'queued'")),
        mine.where(outbox.c.state == sa.text("'sending'")),
    )
    is_not = sa.or_(someone.exists(), waiting.exists(), under_way.exists())
    return not connection.execute(sa.select(sa.case((is_not, 1), else_=0))).scalar_one()


def unfinished(connection: Connection) -> list[int]:
    """The cancelled broadcasts that still have messages that wait, or recipients who are due."""
    due = sa.select(recipient.c.contact_id).where(
        recipient.c.broadcast_id == broadcast.c.id, recipient.c.due_at.is_not(None)
    )
    waiting = sa.select(outbox.c.id).where(
        outbox.c.broadcast_id == broadcast.c.id, outbox.c.state == sa.text("'queued'")
    )
    statement = sa.select(broadcast.c.id).where(
        broadcast.c.state == sa.text("'cancelled'"), sa.or_(due.exists(), waiting.exists())
    )
    return list(connection.execute(statement).scalars())


def end_all(connection: Connection, broadcast_id: int, *, reason: str, count: int = 5000) -> int:
    """Let so many recipients who are due be due no more; returns how many it were."""
    some = (
        sa.select(recipient.c.contact_id)
        .where(recipient.c.broadcast_id == broadcast_id, recipient.c.due_at.is_not(None))
        .limit(count)
        .scalar_subquery()
    )
    waiting = recipient.c.state == "waiting"
    rows = connection.execute(
        sa.update(recipient)
        .where(recipient.c.broadcast_id == broadcast_id, recipient.c.contact_id.in_(some))
        .values(
            state=sa.case((waiting, "left_out"), else_=recipient.c.state),
            reason=sa.case((waiting, reason), else_=recipient.c.reason),
            due_at=None,
        )
        .returning(recipient.c.state, recipient.c.reason)
    ).all()
    changes = Changes()
    left_out = sum(row.state == "left_out" for row in rows)
    changes.people(broadcast_id, "waiting", -left_out)
    changes.people(broadcast_id, reason, left_out)
    changes.write(connection)
    return len(rows)


def lapse(connection: Connection, gone: Sequence[tuple[int, int]], at: datetime) -> None:
    """Let recipients, by broadcast and contact, whose message was past its time be due again, if theirs still runs."""
    if gone:
        # Written out: a list of values cannot be used where many rows are changed.
        goes_on = sa.or_(broadcast.c.state == sa.text("'running'"), broadcast.c.state == sa.text("'paused'"))
        connection.execute(
            sa.update(recipient)
            .where(
                recipient.c.broadcast_id == sa.bindparam("b"), recipient.c.contact_id == sa.bindparam("c"),
                recipient.c.state == sa.text("'written'"),  # who has ended since, or answered, is left in peace
                recipient.c.broadcast_id.in_(sa.select(broadcast.c.id).where(goes_on)),
            )
            .values(lapsed=recipient.c.lapsed + 1, due_at=at),
            [{"b": broadcast_id, "c": contact_id} for broadcast_id, contact_id in gone],
        )  # fmt: skip


def stopped_since(connection: Connection, broadcast_id: int, since: datetime) -> int:
    """How many recipients asked for silence since a moment."""
    return int(
        connection.execute(
            sa.select(sa.func.count())
            .select_from(recipient)
            .join(contact, contact.c.id == recipient.c.contact_id)
            .where(recipient.c.broadcast_id == broadcast_id, contact.c.stopped_at >= since)
        ).scalar_one()
    )
