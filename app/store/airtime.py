"""Airtime to send as thanks: once for each phone and survey, within a budget, claimed with a lease, settled once.

Its `uid` is the key that the provider is given: the same request again is paid once, so what nobody answered is tried
again. A message is not (`outbox`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.broadcasts import airtime
from app.models.messages import delivery_report
from app.models.surveys import survey
from app.store.batch import within
from app.store.bulk import insert

DOUBT = "in doubt: "
"""What a reason begins with while an earlier try may have been paid."""

_LEASE_ENDED = DOUBT + "no answer before the lease ended"
_OPEN = ("queued", "sending", "sent", "unknown")


@dataclass(frozen=True, slots=True)
class Gift:
    """Airtime for a phone on which a survey was completed. Amount and budget are in millionths of the currency."""

    survey_id: int
    contact_id: int
    run_id: int
    channel_id: int
    amount: int
    currency: str
    budget: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """Airtime that this attempt, and no other, may send."""

    id: int
    uid: UUID
    contact_id: int
    amount: int
    currency: str
    attempts: int
    due_at: datetime
    created_at: datetime
    reason: str

    @property
    def doubtful(self) -> bool:
        """Whether an earlier try may have been paid."""
        return self.reason.startswith(DOUBT)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a claimed gift. `due_at` says when to try again, where `state` is queued."""

    id: int
    state: str
    provider_id: str | None
    status: str
    reason: str
    due_at: datetime
    attempts: int


_QUEUED, _SENDING = airtime.c.state == sa.text("'queued'"), airtime.c.state == sa.text("'sending'")
# Two that add at the same moment would both see room in the budget. Not the lock of a deletion, for each new run holds
# the survey against one.
_ONE_AT_A_TIME = sa.select(survey.c.id).where(survey.c.id == sa.bindparam("survey")).with_for_update(key_share=True)
_THANKED = sa.select(airtime.c.contact_id).where(
    airtime.c.survey_id == sa.bindparam("survey"), within(airtime.c.contact_id, "contacts")
)
_SPENT = sa.select(sa.func.coalesce(sa.func.sum(airtime.c.amount), 0)).where(
    airtime.c.survey_id == sa.bindparam("survey"),
    airtime.c.currency == sa.bindparam("currency"),
    airtime.c.state.not_in(("refused", "failed")),
)
_DUE = (
    sa.select(airtime.c.id)
    .where(
        airtime.c.channel_id == sa.bindparam("channel"),
        _QUEUED,
        airtime.c.due_at <= sa.bindparam("at", type_=airtime.c.due_at.type),
    )
    .order_by(airtime.c.due_at, airtime.c.id)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    sa.update(airtime)
    .where(within(airtime.c.id, "ids"), _QUEUED)
    .values(
        state="sending",
        attempts=airtime.c.attempts + 1,
        attempt=sa.bindparam("attempt_id", type_=airtime.c.attempt.type),
        lease_until=sa.bindparam("lease", type_=airtime.c.lease_until.type),
    )
    .returning(
        airtime.c.id, airtime.c.uid, airtime.c.contact_id, airtime.c.amount, airtime.c.currency, airtime.c.attempts,
        airtime.c.due_at, airtime.c.created_at, airtime.c.reason,
    )
)  # fmt: skip
_SETTLE = (
    sa.update(airtime)
    .where(airtime.c.id == sa.bindparam("gift"), airtime.c.attempt == sa.bindparam("held_by"), _SENDING)
    .values(
        {name: sa.bindparam(f"to_{name}") for name in (
            "state", "status", "reason", "due_at", "attempts", "lease_until", "settled_at",
        )} | {"provider_id": sa.func.coalesce(sa.bindparam("to_provider_id"), airtime.c.provider_id)}
    )
)  # fmt: skip


def add(connection: Connection, gifts: Sequence[Gift]) -> None:
    """Thank phones that were not thanked for this survey before; what is over the budget is `refused`, for ever too."""
    for survey_id in sorted({gift.survey_id for gift in gifts}):
        _add(connection, survey_id, [gift for gift in gifts if gift.survey_id == survey_id])


def _add(connection: Connection, survey_id: int, gifts: Sequence[Gift]) -> None:
    connection.execute(_ONE_AT_A_TIME, {"survey": survey_id})
    contacts = [gift.contact_id for gift in gifts]
    known = set(connection.execute(_THANKED, {"survey": survey_id, "contacts": contacts}).scalars())
    fresh = {gift.contact_id: gift for gift in reversed(gifts) if gift.contact_id not in known}
    if not fresh:
        return
    taken = spent(connection, survey_id, gifts[0].currency)
    rows = []
    for gift in fresh.values():
        fits = taken + gift.amount <= gift.budget
        taken += gift.amount if fits else 0
        rows.append(
            {
                "uid": uuid7(), "survey_id": survey_id, "contact_id": gift.contact_id, "run_id": gift.run_id,
                "channel_id": gift.channel_id, "amount": gift.amount, "currency": gift.currency,
                "state": "queued" if fits else "refused", "due_at": gift.at, "attempts": 0, "attempt": None,
                "lease_until": None, "provider_id": None, "status": "", "reason": "" if fits else "budget",
                "created_at": gift.at, "settled_at": None if fits else gift.at,
            }
        )  # fmt: skip
    connection.execute(
        insert(connection, airtime).on_conflict_do_nothing(index_elements=["survey_id", "contact_id"]), rows
    )


def spent(connection: Connection, survey_id: int, currency: str) -> int:
    """What a survey's thanks have cost, with those under way and those in doubt, in millionths."""
    return int(connection.execute(_SPENT, {"survey": survey_id, "currency": currency}).scalar_one())


def claim(
    connection: Connection, *, channel_id: int, count: int, attempt: UUID, lease: timedelta, at: datetime
) -> list[Claimed]:
    """Take up to `count` due gifts for this attempt until the lease ends. STOP does not matter: it is no message of ours."""
    ids = connection.execute(_DUE, {"channel": channel_id, "at": at, "count": count}).scalars().all()
    if not ids:
        return []
    rows = connection.execute(_CLAIM, {"ids": list(ids), "attempt_id": attempt, "lease": at + lease}).all()
    return sorted((Claimed(*row) for row in rows), key=lambda each: each.id)


def settle(connection: Connection, *, channel_id: int, attempt: UUID, results: Sequence[Settled], at: datetime) -> int:
    """Write down what became of claimed gifts; only the attempt that still holds one may. Returns how many."""
    rows = [
        {
            "gift": each.id, "held_by": attempt, "to_state": each.state, "to_provider_id": each.provider_id,
            "to_status": each.status, "to_reason": each.reason, "to_due_at": each.due_at,
            "to_attempts": each.attempts, "to_lease_until": None,
            "to_settled_at": None if each.state == "queued" else at,
        }
        for each in results
    ]  # fmt: skip
    count = connection.execute(_SETTLE, rows).rowcount if rows else 0
    # A report may have been faster than this commit.
    for provider_id in [each.provider_id for each in results if each.provider_id]:
        early = sa.select(delivery_report.c.delivery, delivery_report.c.status, delivery_report.c.reason).where(
            delivery_report.c.channel_id == channel_id, delivery_report.c.provider_id == provider_id
        )
        for delivery, status, reason in connection.execute(early.order_by(delivery_report.c.id)).all():
            apply_report(
                connection, channel_id=channel_id, provider_id=provider_id, delivery=delivery, status=status,
                reason=reason, at=at,
            )  # fmt: skip
    return count


def sweep(connection: Connection, *, at: datetime) -> int:
    """Anyone may do this: what was claimed and never settled waits again, with its key. Returns how many."""
    return connection.execute(
        sa.update(airtime)
        .where(_SENDING, airtime.c.lease_until < at)
        .values(state="queued", reason=_LEASE_ENDED, lease_until=None, due_at=at)
    ).rowcount


def add_report(
    connection: Connection, *, channel_id: int, provider_id: str, delivery: str, status: str, reason: str, at: datetime
) -> None:
    """Keep what the provider says became of airtime (the same again is only counted) and apply it."""
    connection.execute(
        insert(connection, delivery_report).on_conflict_do_update(
            index_elements=["channel_id", "provider_id", "status", "reason"],
            set_={"count": delivery_report.c.count + 1},
        ),
        {
            "channel_id": channel_id, "provider_id": provider_id, "delivery": delivery, "status": status,
            "reason": reason, "network_code": "", "count": 1, "received_at": at,
        },
    )  # fmt: skip
    apply_report(
        connection, channel_id=channel_id, provider_id=provider_id, delivery=delivery, status=status, reason=reason,
        at=at,
    )  # fmt: skip


def is_known(connection: Connection, *, channel_id: int, provider_id: str) -> bool:
    """Say whether the provider's id belongs to airtime of ours."""
    statement = sa.select(airtime.c.id).where(airtime.c.channel_id == channel_id, airtime.c.provider_id == provider_id)
    return connection.execute(statement).first() is not None


def adopt(connection: Connection, *, channel_id: int, provider_id: str, contact_id: int) -> None:
    """Give an id that nobody knows to the one gift to this phone that it can mean: the only one that was tried and never
    answered.

    The gifts are held first: of one that is being settled at this moment the answer is waited for, so that either the
    report that came finds the gift, or the settling finds the report.
    """
    tried = (
        sa.select(airtime.c.id, airtime.c.state)
        .where(
            airtime.c.channel_id == channel_id,
            airtime.c.contact_id == contact_id,
            airtime.c.provider_id.is_(None),
            sa.or_(airtime.c.state.in_(("sending", "unknown")), sa.and_(_QUEUED, airtime.c.reason.startswith(DOUBT))),
        )
        .order_by(airtime.c.id)
        .with_for_update()
    )
    rows = connection.execute(tried).all()
    if len(rows) == 1 and rows[0].state != "sending":
        connection.execute(sa.update(airtime).where(airtime.c.id == rows[0].id).values(provider_id=provider_id))


def apply_report(
    connection: Connection, *, channel_id: int, provider_id: str, delivery: str, status: str, reason: str, at: datetime
) -> None:
    """Move a gift to what a report says, never back from a final state, and never under the feet of a try."""
    if delivery not in {"delivered", "failed"}:
        return
    connection.execute(
        sa.update(airtime)
        .where(
            airtime.c.channel_id == channel_id,
            airtime.c.provider_id == provider_id,
            airtime.c.state.in_(("queued", "sent", "unknown")),
        )
        .values(state=delivery, status=status, reason=reason, settled_at=at)
    )


def is_ours(connection: Connection, *, channel_id: int, contact_id: int, amount: int, currency: str) -> bool:
    """Say whether a phone is to get this: something that was tried, and of which no report came yet."""
    statement = sa.select(airtime.c.id).where(
        airtime.c.channel_id == channel_id,
        airtime.c.contact_id == contact_id,
        airtime.c.amount == amount,
        airtime.c.currency == currency,
        airtime.c.attempts > 0,
        airtime.c.state.in_(_OPEN),
    )
    return connection.execute(statement).first() is not None


def counts(connection: Connection) -> dict[str, int]:
    """State → number of gifts."""
    rows = connection.execute(sa.select(airtime.c.state, sa.func.count()).group_by(airtime.c.state))
    return {row[0]: row[1] for row in rows}
