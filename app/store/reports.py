"""Delivery reports: kept as they come, late, twice, out of order or early, and let to settle the message that they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.messages import delivery_report, outbox
from app.store.batch import within
from app.store.bulk import Bulk, stamp
from app.store.tallies import Changes

# The states that a report may move on, and to what: never back from a final one. `outbox.TRANSITIONS` has them all; a
# message that is being sent waits until its sender has said what it knows.
_AFTER: Mapping[str, frozenset[str]] = {
    "sent": frozenset({"delivered", "failed"}),
    "unknown": frozenset({"sent", "delivered", "failed"}),
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says of one message."""

    channel_id: int
    provider_id: str
    delivery: str
    status: str
    reason: str
    network_code: str


_KEYS = ("channel_id", "provider_id", "status", "reason")
_KEEP = Bulk.insert(delivery_report, (*_KEYS, "delivery", "network_code", "count", "received_at"))
_COUNT = Bulk.update(delivery_report, ("count",), keys=("id",))
_KNOWN = sa.select(outbox.c.provider_id).where(
    outbox.c.channel_id == sa.bindparam("channel"), within(outbox.c.provider_id, "ids")
)
_MESSAGES = (
    sa.select(outbox.c.id, outbox.c.provider_id, outbox.c.state, outbox.c.reason, outbox.c.broadcast_id)
    .where(outbox.c.channel_id == sa.bindparam("channel"), within(outbox.c.provider_id, "ids"))
    .order_by(outbox.c.id)
    .with_for_update()
)
_KEPT = sa.select(
    delivery_report.c.id, *(delivery_report.c[name] for name in _KEYS), delivery_report.c.count.label("times"),
    delivery_report.c.delivery,
).where(delivery_report.c.channel_id == sa.bindparam("channel"), within(delivery_report.c.provider_id, "ids"))  # fmt: skip
_APPLY = Bulk.update(outbox, ("state", "status", "reason", "settled_at"), keys=("id",))


def take(
    connection: Connection, channel_id: int, reports: Sequence[Report], at: datetime, *, adopted: Sequence[str] = ()
) -> None:
    """Keep reports (the same one again is only counted) and apply each to its message, in their order.

    To messages that have just been `adopted` what was said of them before is applied too.
    """
    given = {"channel": channel_id, "ids": sorted({each.provider_id for each in reports})}
    kept = {tuple(row[1:5]): (row.id, row.times) for row in connection.execute(_KEPT, given)}
    fresh: dict[tuple[Any, ...], list[Any]] = {}
    counts: dict[int, int] = {}
    for each in reports:
        key = (each.channel_id, each.provider_id, each.status, each.reason)
        if key in kept:
            number, count = kept[key]
            counts[number] = counts.get(number, count) + 1
        elif key in fresh:
            fresh[key][2] += 1
        else:
            fresh[key] = [each.delivery, each.network_code, 1, stamp(at)]
    _KEEP.write(connection, [(*key, *values) for key, values in fresh.items()])
    _COUNT.write(connection, [(count, number) for number, count in sorted(counts.items())])
    changes = Changes()
    _apply(connection, channel_id, [(each.provider_id, each.delivery, each.status, each.reason) for each in reports],
           changes, at)  # fmt: skip
    catch_up(connection, channel_id, adopted, changes, at)
    changes.write(connection)


def catch_up(
    connection: Connection, channel_id: int, provider_ids: Sequence[str], changes: Changes, at: datetime
) -> None:
    """Apply reports that came before these messages were known to be sent."""
    if provider_ids:
        rows = connection.execute(_KEPT.order_by(delivery_report.c.id), {"channel": channel_id, "ids": provider_ids})
        early = [(row.provider_id, row.delivery, row.status, row.reason) for row in rows]
        _apply(connection, channel_id, early, changes, at)


def _apply(
    connection: Connection, channel_id: int, said: Sequence[tuple[str, str, str, str]], changes: Changes, at: datetime
) -> None:
    """Move messages to what is said of them: (provider's id, delivery, status, reason)."""
    said = [each for each in said if each[1] != "unclear"]
    if not said:
        return
    ids = sorted({each[0] for each in said})
    messages = {row.provider_id: row for row in connection.execute(_MESSAGES, {"channel": channel_id, "ids": ids})}
    states = {provider_id: row.state for provider_id, row in messages.items()}
    moved: dict[str, tuple[str, str]] = {}
    for provider_id, delivery, status, reason in said:
        if delivery in _AFTER.get(states.get(provider_id, ""), ()):
            states[provider_id], moved[provider_id] = delivery, (status, reason)
    for provider_id, (_, reason) in moved.items():
        before, after = messages[provider_id], states[provider_id]
        changes.message(before.broadcast_id, before.state, after)
        changes.trouble(before.broadcast_id, before.state, before.reason, -1)
        changes.trouble(before.broadcast_id, after, reason)
    _APPLY.write(
        connection,
        [(states[each], *words, stamp(at), messages[each].id) for each, words in moved.items()],
    )


def known(connection: Connection, channel_id: int, provider_ids: Sequence[str]) -> set[str]:
    """Those of the provider's ids that belong to messages of ours."""
    return set(connection.execute(_KNOWN, {"channel": channel_id, "ids": list(provider_ids)}).scalars())


def adopt(connection: Connection, *, channel_id: int, provider_id: str, contact_id: int) -> bool:
    """Give an id that nobody knows to the one message to this phone that it can mean: the only one without an answer.

    The messages are held first: of one that is being settled at this moment the answer is waited for, so that either this
    report or the settling finds the other, and the id is not given to a second message. Says whether it was given.
    """
    statement = (
        sa.select(outbox.c.id, outbox.c.state)
        .where(
            outbox.c.channel_id == channel_id,
            outbox.c.contact_id == contact_id,
            outbox.c.provider_id.is_(None),
            outbox.c.state.in_(("sending", "unknown")),
        )
        .order_by(outbox.c.id)
        .with_for_update()
    )
    rows = connection.execute(statement).all()
    if len(rows) != 1 or rows[0].state != "unknown" or known(connection, channel_id, [provider_id]):
        return False
    connection.execute(sa.update(outbox).where(outbox.c.id == rows[0].id).values(provider_id=provider_id))
    return True
