"""The outbox: messages to send, written in the very transaction that caused them, claimed with a lease, settled once.

A message whose outcome is unknown stays `unknown` until a delivery report or a person says more; it is never sent again
by itself (docs/decisions/D5, D6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.messages import delivery_report, outbox
from app.models.people import contact
from app.store.batch import within
from app.store.bulk import insert

# Which state may follow which; what is not here does not happen.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "queued": frozenset({"sending", "cancelled", "expired"}),
    "sending": frozenset({"sent", "queued", "failed", "unknown", "delivered"}),
    "sent": frozenset({"delivered", "failed"}),
    "unknown": frozenset({"sent", "delivered", "failed"}),
    "delivered": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
    "expired": frozenset(),
}

PRIORITIES = {"stop": 0, "reply": 1, "help": 2}


@dataclass(frozen=True, slots=True)
class Message:
    """A message to send."""

    channel_id: int
    key: str
    contact_id: int
    kind: str
    body: str
    segments: int
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this attempt, and no other, may send."""

    id: int
    contact_id: int
    body: str
    attempts: int
    due_at: datetime


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


_QUEUED, _SENDING = outbox.c.state == sa.text("'queued'"), outbox.c.state == sa.text("'sending'")
_DUE = (
    sa.select(outbox.c.id)
    .join(contact, contact.c.id == outbox.c.contact_id)
    .where(
        outbox.c.channel_id == sa.bindparam("channel"),
        _QUEUED,
        outbox.c.due_at <= sa.bindparam("at", type_=outbox.c.due_at.type),
        # STOP is final: only its own confirmation may still go to her.
        sa.or_(contact.c.stopped_at.is_(None), outbox.c.kind == sa.text("'stop'")),
    )
    .order_by(outbox.c.priority, outbox.c.due_at, outbox.c.id)
    .limit(sa.bindparam("count"))
    .with_for_update(of=outbox, skip_locked=True)
)
_CLAIM = (
    sa.update(outbox)
    .where(within(outbox.c.id, "ids"), _QUEUED)
    .values(
        state="sending",
        attempts=outbox.c.attempts + 1,
        attempt=sa.bindparam("attempt_id", type_=outbox.c.attempt.type),
        lease_until=sa.bindparam("lease", type_=outbox.c.lease_until.type),
    )
    .returning(outbox.c.id, outbox.c.contact_id, outbox.c.body, outbox.c.attempts, outbox.c.due_at)
)
_SETTLE = (
    sa.update(outbox)
    .where(outbox.c.id == sa.bindparam("message"), outbox.c.attempt == sa.bindparam("held_by"), _SENDING)
    .values({name: sa.bindparam(f"to_{name}") for name in (
        "state", "provider_id", "status", "reason", "cost", "due_at", "attempts", "lease_until", "settled_at",
    )})
)  # fmt: skip


def add(connection: Connection, messages: Sequence[Message]) -> None:
    """Put messages into the outbox; a key that is there already changes nothing."""
    if messages:
        connection.execute(
            insert(connection, outbox).on_conflict_do_nothing(index_elements=["channel_id", "key"]),
            [
                {
                    "uid": uuid7(), "channel_id": each.channel_id, "key": each.key, "contact_id": each.contact_id,
                    "kind": each.kind, "priority": PRIORITIES[each.kind], "body": each.body,
                    "segments": each.segments, "state": "queued", "due_at": each.at, "expires_at": each.expires_at,
                    "attempts": 0, "attempt": None, "lease_until": None, "provider_id": None, "status": "",
                    "reason": "", "cost": "", "created_at": each.at, "settled_at": None,
                }
                for each in messages
            ],
        )  # fmt: skip


def cancel(connection: Connection, contact_ids: Sequence[int], *, reason: str, at: datetime) -> None:
    """Cancel what still waits for these contacts, but for the confirmation of their STOP."""
    if contact_ids:
        connection.execute(
            sa.update(outbox)
            .where(within(outbox.c.contact_id, "contacts"), _QUEUED, outbox.c.kind != "stop")
            .values(state="cancelled", reason=reason, settled_at=at),
            {"contacts": list(contact_ids)},
        )


def claim(
    connection: Connection, *, channel_id: int, count: int, attempt: UUID, lease: timedelta, at: datetime
) -> list[Claimed]:
    """Take up to `count` due messages for this attempt until the lease ends."""
    ids = connection.execute(_DUE, {"channel": channel_id, "at": at, "count": count}).scalars().all()
    if not ids:
        return []
    values = {"ids": list(ids), "attempt_id": attempt, "lease": at + lease}
    rows = connection.execute(_CLAIM, values).all()
    return sorted((Claimed(*row) for row in rows), key=lambda each: each.id)


def settle(connection: Connection, *, channel_id: int, attempt: UUID, results: Sequence[Settled], at: datetime) -> int:
    """Write down what became of claimed messages; only the attempt that still holds a message may. Returns how many."""
    rows = [
        {
            "message": each.id, "held_by": attempt, "to_state": each.state, "to_provider_id": each.provider_id,
            "to_status": each.status, "to_reason": each.reason, "to_cost": each.cost, "to_due_at": each.due_at,
            "to_attempts": each.attempts,
            "to_lease_until": None, "to_settled_at": None if each.state == "queued" else at,
        }
        for each in results
    ]  # fmt: skip
    count = connection.execute(_SETTLE, rows).rowcount if rows else 0
    # A report may have been faster than this commit.
    for provider_id in [each.provider_id for each in results if each.provider_id]:
        early = sa.select(delivery_report.c.delivery, delivery_report.c.status, delivery_report.c.reason).where(
            delivery_report.c.channel_id == channel_id, delivery_report.c.provider_id == provider_id
        )
        for delivery, status, reason in connection.execute(early):
            apply_report(
                connection, channel_id=channel_id, provider_id=provider_id, delivery=delivery, status=status,
                reason=reason, at=at,
            )  # fmt: skip
    return count


def sweep(connection: Connection, *, at: datetime) -> tuple[int, int]:
    """Anyone may do this: leases that ran out become `unknown`, messages past their time `expired`. Returns how many."""
    unknown = connection.execute(
        sa.update(outbox)
        .where(_SENDING, outbox.c.lease_until < at)
        .values(state="unknown", reason="no answer before the lease ended", lease_until=None, settled_at=at)
    ).rowcount
    expired = connection.execute(
        sa.update(outbox).where(_QUEUED, outbox.c.expires_at < at).values(state="expired", settled_at=at)
    ).rowcount
    return unknown, expired


def add_report(
    connection: Connection,
    *,
    channel_id: int,
    provider_id: str,
    delivery: str,
    status: str,
    reason: str,
    network_code: str,
    at: datetime,
) -> None:
    """Keep a delivery report (the same one again is only counted) and apply it to its message."""
    statement = insert(connection, delivery_report)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["channel_id", "provider_id", "status", "reason"],
            set_={"count": delivery_report.c.count + 1},
        ),
        {
            "channel_id": channel_id, "provider_id": provider_id, "delivery": delivery, "status": status,
            "reason": reason, "network_code": network_code, "count": 1, "received_at": at,
        },
    )  # fmt: skip
    apply_report(
        connection, channel_id=channel_id, provider_id=provider_id, delivery=delivery, status=status, reason=reason,
        at=at,
    )  # fmt: skip


def is_known(connection: Connection, *, channel_id: int, provider_id: str) -> bool:
    """Say whether the provider's id belongs to a message of ours."""
    statement = sa.select(outbox.c.id).where(outbox.c.channel_id == channel_id, outbox.c.provider_id == provider_id)
    return connection.execute(statement).first() is not None


def adopt(connection: Connection, *, channel_id: int, provider_id: str, contact_id: int) -> None:
    """Give an id that nobody knows to the one message to this phone that it can mean: the only one without an answer."""
    statement = sa.select(outbox.c.id, outbox.c.state).where(
        outbox.c.channel_id == channel_id,
        outbox.c.contact_id == contact_id,
        outbox.c.provider_id.is_(None),
        outbox.c.state.in_(("sending", "unknown")),
    )
    rows = connection.execute(statement).all()
    if len(rows) == 1 and rows[0].state == "unknown":
        connection.execute(sa.update(outbox).where(outbox.c.id == rows[0].id).values(provider_id=provider_id))


def apply_report(
    connection: Connection, *, channel_id: int, provider_id: str, delivery: str, status: str, reason: str, at: datetime
) -> None:
    """Move a message to what a report says, never back from a final state (`TRANSITIONS`)."""
    if delivery == "unclear":
        return
    before = [state for state, after in TRANSITIONS.items() if delivery in after and state != "sending"]
    connection.execute(
        sa.update(outbox)
        .where(outbox.c.channel_id == channel_id, outbox.c.provider_id == provider_id, outbox.c.state.in_(before))
        .values(state=delivery, status=status, reason=reason, settled_at=at)
    )


def next_due(connection: Connection) -> datetime | None:
    """When the next message is due, if any waits."""
    return connection.execute(sa.select(sa.func.min(outbox.c.due_at)).where(_QUEUED)).scalar()


def counts(connection: Connection) -> dict[str, int]:
    """State → number of messages."""
    rows = connection.execute(sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state))
    return {row[0]: row[1] for row in rows}


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
