"""The outbox: messages to send, written in the very transaction that caused them, claimed with a lease, settled once.

A message whose outcome is unknown stays `unknown` until a delivery report or a person says more; it is never sent again
by itself (docs/decisions/D5, D6). What the provider later says of a message is in `reports`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.messages import outbox
from app.models.people import contact
from app.store import recipients, reports
from app.store.batch import within
from app.store.bulk import Bulk, insert, new_uid, stamp
from app.store.tallies import Changes

# Which state may follow which; what is not here does not happen.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "queued": frozenset({"sending", "cancelled", "expired", "unknown"}),  # unknown: a backup was restored (D17)
    "sending": frozenset({"sent", "queued", "failed", "unknown", "cancelled"}),  # cancelled: she stopped just now
    "sent": frozenset({"delivered", "failed"}),
    "unknown": frozenset({"sent", "delivered", "failed", "queued"}),  # queued: by a person's decision only
    "delivered": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
    "expired": frozenset(),
}

# What goes first. The confirmation of a STOP and replies never wait for a broadcast.
PRIORITIES = {"stop": 0, "reply": 1, "help": 2, "message": 5, "invitation": 5, "reminder": 6}
CONVERSATION = (0, 1, 2)
BROADCAST = (5, 6)
_LEASE_ENDED = "no answer before the lease ended"


@dataclass(frozen=True, slots=True)
class Message:
    """A message to send. `price` is what it will cost, in millionths of the broadcast's currency."""

    channel_id: int
    key: str
    contact_id: int
    kind: str
    body: str
    segments: int
    at: datetime
    expires_at: datetime
    broadcast_id: int | None = None
    price: int = 0
    due: datetime | None = None
    """When it is to go out; None: at once."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this attempt, and no other, may send."""

    id: int
    contact_id: int
    kind: str
    body: str
    attempts: int
    due_at: datetime
    expires_at: datetime
    broadcast_id: int | None = None
    price: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a claimed message. `due_at` says when to try again, where `state` is queued."""

    id: int
    state: str
    provider_id: str | None
    status: str
    reason: str
    cost: str
    due_at: datetime
    attempts: int
    broadcast_id: int | None = None
    spent: int = 0
    """How much more (or less) than its price it cost the broadcast."""


_QUEUED, _SENDING = outbox.c.state == sa.text("'queued'"), outbox.c.state == sa.text("'sending'")
_AT = sa.bindparam("at", type_=outbox.c.due_at.type)
_DUE = (
    sa.select(outbox.c.id)
    .join(contact, contact.c.id == outbox.c.contact_id)
    .where(
        outbox.c.channel_id == sa.bindparam("channel"),
        _QUEUED,
        outbox.c.priority == sa.bindparam("priority"),
        outbox.c.due_at <= _AT,
        outbox.c.expires_at > _AT,
        # STOP is final: only its own confirmation may still go to her.
        sa.or_(contact.c.stopped_at.is_(None), outbox.c.kind == sa.text("'stop'")),
    )
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(sa.bindparam("count"))
    .with_for_update(of=outbox, skip_locked=True)
)
_DUE_OF_BROADCASTS = _DUE.where(within(outbox.c.broadcast_id, "broadcasts"))
_CLAIM = (
    sa.update(outbox)
    .where(within(outbox.c.id, "ids"), _QUEUED)
    .values(
        state="sending",
        attempts=outbox.c.attempts + 1,
        attempt=sa.bindparam("attempt_id", type_=outbox.c.attempt.type),
        lease_until=sa.bindparam("lease", type_=outbox.c.lease_until.type),
    )
    .returning(
        outbox.c.id, outbox.c.contact_id, outbox.c.kind, outbox.c.body, outbox.c.attempts, outbox.c.due_at,
        outbox.c.expires_at, outbox.c.broadcast_id, outbox.c.price,
    )
)  # fmt: skip
_HELD = (
    sa.select(outbox.c.id)
    .where(
        within(outbox.c.id, "ids"),
        _SENDING,
        outbox.c.attempt == sa.bindparam("attempt_id", type_=outbox.c.attempt.type),
    )
    .with_for_update()
)
_COLUMNS = (
    "uid", "channel_id", "key", "contact_id", "kind", "broadcast_id", "priority", "body", "segments", "state", "due_at",
    "expires_at", "attempts", "status", "reason", "cost", "price", "created_at",
)  # fmt: skip
_INSERT = Bulk.insert(outbox, _COLUMNS)
_SETTLE = Bulk.update(
    outbox,
    ("state", "provider_id", "status", "reason", "cost", "due_at", "attempts", "attempt", "lease_until", "settled_at"),
    keys=("id",),
)


def add(connection: Connection, messages: Sequence[Message]) -> None:
    """Put messages into the outbox; a key that is there already changes nothing."""
    if messages:
        statement = insert(connection, outbox).on_conflict_do_nothing(index_elements=["channel_id", "key"])
        connection.execute(
            statement,
            [
                {
                    "uid": uuid7(), "channel_id": each.channel_id, "key": each.key,
                    "contact_id": each.contact_id, "kind": each.kind, "priority": PRIORITIES[each.kind],
                    "body": each.body, "segments": each.segments, "state": "queued", "due_at": each.due or each.at,
                    "expires_at": each.expires_at, "attempts": 0, "status": "", "reason": "", "cost": "", "price": 0,
                    "created_at": each.at,
                }
                for each in messages
            ],
        )  # fmt: skip


def add_of_broadcast(connection: Connection, messages: Sequence[Message], changes: Changes) -> None:
    """Put the messages of a broadcast into the outbox. Whoever does it holds the broadcast, so no key is there yet."""
    rows = [
        (
            new_uid(connection), each.channel_id, each.key, each.contact_id, each.kind, each.broadcast_id,
            PRIORITIES[each.kind], each.body, each.segments, "queued", stamp(each.at), stamp(each.expires_at), 0, "", "",
            "", each.price, stamp(each.at),
        )
        for each in messages
    ]  # fmt: skip
    _INSERT.write(connection, rows)
    for each in messages:
        changes.message(each.broadcast_id, None, "queued")
        changes.spend(each.broadcast_id, each.price)


def claim(
    connection: Connection,
    *,
    channel_id: int,
    count: int,
    attempt: UUID,
    lease: timedelta,
    at: datetime,
    of_broadcasts: Collection[int] | None = None,
) -> list[Claimed]:
    """Take up to `count` due messages for this attempt until the lease ends.

    Those of conversations; or, with `of_broadcasts`, those of the broadcasts that may send now.
    """
    found: list[int] = []
    given: dict[str, Any] = {"channel": channel_id, "at": at}
    if of_broadcasts is not None:
        given["broadcasts"] = sorted(of_broadcasts)
    for priority in CONVERSATION if of_broadcasts is None else BROADCAST:
        # One look a priority, so that a million that may not go yet never stand before one that may.
        if len(found) < count:
            statement = _DUE if of_broadcasts is None else _DUE_OF_BROADCASTS
            given |= {"priority": priority, "count": count - len(found)}
            found += connection.execute(statement, given).scalars()
    if not found:
        return []
    values = {"ids": found, "attempt_id": attempt, "lease": at + lease}
    rows = connection.execute(_CLAIM, values).all()
    return sorted((Claimed(*row) for row in rows), key=lambda each: each.id)


def settle(connection: Connection, *, channel_id: int, attempt: UUID, results: Sequence[Settled], at: datetime) -> int:
    """Write down what became of claimed messages; only the attempt that still holds a message may. Returns how many."""
    ids = [each.id for each in results]
    held = set(connection.execute(_HELD, {"ids": ids, "attempt_id": attempt}).scalars())
    mine = [each for each in results if each.id in held]
    settled = stamp(at)
    rows = [
        (
            each.state, each.provider_id, each.status, each.reason, each.cost, stamp(each.due_at), each.attempts, None,
            None, None if each.state == "queued" else settled, each.id,
        )
        for each in mine
    ]  # fmt: skip
    _SETTLE.write(connection, rows)
    changes = Changes()
    for each in mine:
        changes.message(each.broadcast_id, "sending", each.state)
        changes.spend(each.broadcast_id, each.spent)
        changes.trouble(each.broadcast_id, each.state, each.reason)
    # A report may have been faster than this commit.
    reports.catch_up(connection, channel_id, [each.provider_id for each in mine if each.provider_id], changes, at)
    changes.write(connection)
    return len(mine)


def give_back(connection: Connection, *, attempt: UUID) -> None:
    """Let messages wait again that an attempt may have claimed and surely has not sent."""
    connection.execute(
        sa.update(outbox)
        .where(_SENDING, outbox.c.attempt == attempt)
        .values(state="queued", attempts=outbox.c.attempts - 1, attempt=None, lease_until=None)
    )


def cancel(connection: Connection, contact_ids: Sequence[int], *, reason: str, at: datetime) -> None:
    """Cancel what still waits for these contacts, but for the confirmation of their STOP."""
    if contact_ids:
        which = [within(outbox.c.contact_id, "contacts"), outbox.c.kind != "stop"]
        _withdraw(connection, which, {"contacts": list(contact_ids)}, "cancelled", reason, at)


def cancel_broadcast(connection: Connection, broadcast_id: int, *, reason: str, at: datetime, count: int = 5000) -> int:
    """Cancel what a broadcast has not sent yet, so many at a time; returns how many it were."""
    some = sa.select(outbox.c.id).where(_QUEUED, outbox.c.broadcast_id == broadcast_id).limit(count).scalar_subquery()
    return len(_withdraw(connection, [outbox.c.id.in_(some)], {}, "cancelled", reason, at))


_STUCK = (
    sa.select(outbox.c.id, contact.c.operator)
    .join(contact, contact.c.id == outbox.c.contact_id)
    .where(_QUEUED, outbox.c.broadcast_id == sa.bindparam("broadcast"), within(outbox.c.channel_id, "channels"))
    .limit(5_000)  # all that a broadcast has waiting: those with no other way must not stand before the others
    .with_for_update(of=outbox, skip_locked=True)
)
_MOVE = (
    sa.update(outbox)
    .where(within(outbox.c.id, "ids"), outbox.c.state == "queued")
    .values(channel_id=sa.bindparam("to_channel"), due_at=_AT)
)


def reroute(
    connection: Connection,
    broadcast_id: int,
    channel_ids: Sequence[int],
    way: Callable[[str], int | None],
    at: datetime,
) -> int:
    """Give messages of a broadcast that wait for channels in trouble to those that `way` knows for their operators.

    Returns how many were moved. What was handed to a provider before and has no outcome is never among them.
    """
    stuck = connection.execute(_STUCK, {"broadcast": broadcast_id, "channels": list(channel_ids)}).all()
    moved: dict[int, list[int]] = {}
    for message_id, operator in stuck:
        if (to := way(operator)) is not None:
            moved.setdefault(to, []).append(message_id)
    for to, ids in moved.items():
        connection.execute(_MOVE, {"to_channel": to, "ids": ids, "at": at})
    return sum(map(len, moved.values()))


def sweep(connection: Connection, *, at: datetime) -> tuple[int, int]:
    """Anyone may do this: leases that ran out become `unknown`, messages past their time `expired`. Returns how many.

    Whose message of a broadcast was past its time is due again: it asked her nothing.
    """
    changes = Changes()
    unknown = connection.execute(
        sa.update(outbox)
        .where(_SENDING, outbox.c.lease_until < at)
        .values(state="unknown", reason=_LEASE_ENDED, attempt=None, lease_until=None, settled_at=at)
        .returning(outbox.c.broadcast_id)
    ).scalars()
    known = list(unknown)
    for broadcast_id in known:
        changes.message(broadcast_id, "sending", "unknown")
        changes.trouble(broadcast_id, "unknown", _LEASE_ENDED)
    changes.write(connection)
    expired = _withdraw(connection, [outbox.c.expires_at < at], {}, "expired", "", at)
    recipients.lapse(connection, [(row.broadcast_id, row.contact_id) for row in expired if row.broadcast_id], at)
    return len(known), len(expired)


def _withdraw(
    connection: Connection, which: Sequence[Any], given: Mapping[str, Any], state: str, reason: str, at: datetime
) -> Sequence[Any]:
    """Take messages that wait out of the outbox, and what they would have cost off the broadcast's bill."""
    rows = connection.execute(
        sa.update(outbox)
        .where(_QUEUED, *which)
        .values(state=state, reason=reason, settled_at=at)
        .returning(outbox.c.broadcast_id, outbox.c.price, outbox.c.contact_id),
        given,
    ).all()
    changes = Changes()
    for row in rows:
        changes.message(row.broadcast_id, "queued", state)
        changes.spend(row.broadcast_id, -row.price)
    changes.write(connection)
    return rows


_REPLIES = (
    sa.select(outbox.c.id)
    .where(
        outbox.c.contact_id == sa.bindparam("contact"),
        outbox.c.created_at > sa.bindparam("since", type_=outbox.c.created_at.type),
        outbox.c.kind.in_(("reply", "help")),
    )
    .limit(sa.bindparam("most"))
)


def replies_since(connection: Connection, contact_id: int, since: datetime, *, most: int) -> int:
    """How many replies were written for a contact since a moment; counts no further than `most`."""
    return len(connection.execute(_REPLIES, {"contact": contact_id, "since": since, "most": most}).all())


def next_due(connection: Connection, channel_id: int) -> datetime | None:
    """When the next message over a channel is due, if any waits."""
    statement = sa.select(sa.func.min(outbox.c.due_at)).where(_QUEUED, outbox.c.channel_id == channel_id)
    return connection.execute(statement).scalar()


def counts(connection: Connection) -> dict[str, int]:
    """State → number of messages."""
    rows = connection.execute(sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state))
    return {row[0]: row[1] for row in rows}


def waiting(connection: Connection) -> dict[int, int]:
    """Channel → how many messages wait to go over it."""
    statement = sa.select(outbox.c.channel_id, sa.func.count()).where(_QUEUED).group_by(outbox.c.channel_id)
    return {row[0]: row[1] for row in connection.execute(statement)}


def oldest_waiting(connection: Connection) -> datetime | None:
    """When the oldest message that still waits was written."""
    return connection.execute(sa.select(sa.func.min(outbox.c.created_at)).where(_QUEUED)).scalar()


def of_contact(connection: Connection, contact_id: int) -> Sequence[Any]:
    """The messages to a phone, for the phone in the browser."""
    statement = (
        sa.select(
            outbox.c.id, outbox.c.body, outbox.c.state, outbox.c.provider_id, outbox.c.segments, outbox.c.created_at
        )
        .where(outbox.c.contact_id == contact_id)
        .order_by(outbox.c.id)
    )
    return connection.execute(statement).all()
