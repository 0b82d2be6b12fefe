"""Tallies: how many people and messages of a broadcast are where. Changed in the transaction that changes what they count."""

from collections import Counter
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.broadcasts import broadcast, tally
from app.store.bulk import insert

# What a message in one of these states is counted as: the provider has not decided yet.
_WAITING = {"queued": "waiting", "sending": "waiting"}
_SPEND = (
    sa.update(broadcast)
    .where(broadcast.c.id == sa.bindparam("broadcast"))
    .values(spent=broadcast.c.spent + sa.bindparam("more"))
)
_READ = sa.select(tally.c.what, tally.c.count).where(tally.c.broadcast_id == sa.bindparam("broadcast"))


class Changes:
    """What a unit of work changes of the tallies and costs of broadcasts, written once at its end."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, str]] = Counter()
        self._spent: Counter[int] = Counter()

    def people(self, broadcast_id: int, state: str, count: int = 1) -> None:
        """So many more people are in this state, or left out for this reason."""
        self._counts[broadcast_id, f"people:{state}"] += count

    def message(self, broadcast_id: int | None, before: str | None, after: str, count: int = 1) -> None:
        """So many messages went from one state (None: they are new) to another."""
        if broadcast_id is None:
            return
        if before is not None:
            self._counts[broadcast_id, f"messages:{_WAITING.get(before, before)}"] -= count
        self._counts[broadcast_id, f"messages:{_WAITING.get(after, after)}"] += count

    def trouble(self, broadcast_id: int | None, state: str, reason: str, count: int = 1) -> None:
        """So many more messages failed, or are of unknown outcome, for this reason; in another state there is no trouble."""
        if broadcast_id is not None and state in {"failed", "unknown"}:
            self._counts[broadcast_id, f"trouble:{state} {reason}"] += count

    def spend(self, broadcast_id: int | None, amount: int) -> None:
        """So much more (or less) was spent, in millionths of the currency."""
        if broadcast_id is not None:
            self._spent[broadcast_id] += amount

    def write(self, connection: Connection) -> None:
        """Write the changes, in the order of their keys so that two processes never wait for each other in a circle."""
        for key, more in sorted(self._spent.items()):
            if more:
                connection.execute(_SPEND, {"broadcast": key, "more": more})
        rows = [
            {"broadcast_id": key, "what": what, "count": count}
            for (key, what), count in sorted(self._counts.items())
            if count
        ]
        if rows:
            statement = insert(connection, tally)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["broadcast_id", "what"], set_={"count": tally.c.count + statement.excluded.count}
                ),
                rows,
            )


def of(connection: Connection, broadcast_id: int) -> dict[str, int]:
    """What → how many, for one broadcast."""
    return {row[0]: row[1] for row in connection.execute(_READ, {"broadcast": broadcast_id}) if row[1]}


def total(counts: Iterable[tuple[str, int]], beginning: str) -> int:
    """The sum of what begins so."""
    return sum(count for what, count in counts if what.startswith(beginning))
