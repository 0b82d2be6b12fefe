"""What is in a backup comes back as it was, from either database into either, and nothing of it is sent by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.gateway.refusals import NotPossible
from app.models import metadata
from app.models.people import contact_key, segment
from app.store import audit, schema
from app.store.backups import belonging
from app.store.backups.holding import Held
from app.store.keys import Keys
from tests.conftest import Clock
from tests.store.backups.conftest import PAIRS, Place
from tests.store.backups.filling import ROWS, fill, rows


@pytest.fixture(params=PAIRS, ids="-".join)
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, keys: Keys, folder: Path, clock: Clock
) -> Iterator[tuple[Place, Place]]:
    """A full place, and an empty one."""
    names = {"sqlite": "fresh_sqlite", "postgresql": "fresh_postgres"}
    bare = f"sqlite:///{tmp_path / 'bare.db'}"
    into = bare if request.param[1] == "sqlite" else request.getfixturevalue("bare_postgres")
    full = Place(request.getfixturevalue(names[request.param[0]]), keys, folder, clock)
    empty = Place(into, keys, folder, clock)
    full.database.write(lambda connection: fill(connection, keys.trail))
    yield full, empty
    full.database.close()
    empty.database.close()


# What a restore holds back, on purpose.
CHANGED: dict[str, set[str]] = {
    "outbox": {"state", "reason", "attempt", "lease_until", "settled_at"},
    "airtime": {"state", "reason", "attempt", "lease_until", "settled_at"},
    "broadcast": {"state", "reason", "revision"},
    "channel": {"held", "trouble"},
}


def compared(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All values, but for those that a restore changes and the notes that both commands make."""
    found = rows(connection, without=frozenset({*CHANGED, "audit", "tally"}))
    for name, columns in CHANGED.items():
        kept = [column for column in metadata.tables[name].columns if column.name not in columns]
        found[name] = sorted((tuple(row) for row in connection.execute(sa.select(*kept))), key=repr)
    return found


def test_every_row_comes_back_as_it_was(pair: tuple[Place, Place]) -> None:
    full, empty = pair
    path = full.backup()
    trail = full.database.read(audit.every)
    ours = full.database.read(compared)
    assert {name for name, found in ours.items() if not found} == set()

    restored = empty.restore(path)

    theirs = empty.database.read(compared)
    for name in ours:
        assert theirs[name] == ours[name], name
    assert empty.database.read(audit.every)[:-1] == trail
    assert restored.left_out == restored.receipts == 0
    counts = full.database.read(lambda connection: {name: len(found) for name, found in rows(connection).items()})
    assert restored.counts == {name: count for name, count in counts.items() if name != "contact_key"}


def test_the_trail_holds_after_a_restore_and_notes_it(pair: tuple[Place, Place]) -> None:
    full, empty = pair
    head = full.database.read(lambda connection: audit.verify(connection, full.keys.trail)).head

    empty.restore(full.backup())

    found = empty.database.read(lambda connection: audit.verify(connection, full.keys.trail, head=head))
    assert found.broken is None
    assert [each.action for each in empty.database.read(audit.every)] == ["erase"] * ROWS + ["backup", "restore"]


def test_what_waited_is_held_back(pair: tuple[Place, Place]) -> None:
    full, empty = pair

    held = empty.restore(full.backup()).held

    assert held == Held(messages=2, gifts=2, broadcasts=2, channels=ROWS)

    def states(connection: Connection, table: str) -> list[Any]:
        order = sa.select(metadata.tables[table].c.state).order_by(metadata.tables[table].c.id)
        return list(connection.execute(order).scalars())

    assert empty.database.read(lambda c: states(c, "outbox")) == ["unknown", "unknown", "sent", "unknown"]
    assert empty.database.read(lambda c: states(c, "airtime")) == ["unknown", "unknown", "delivered", "refused"]
    assert empty.database.read(lambda c: states(c, "broadcast")) == ["draft", "paused", "paused", "done"]
    tally = empty.database.read(lambda connection: rows(connection)["tally"])
    assert [row[2] for row in tally if row[1].startswith("trouble:unknown")] == [1, 1]


def test_new_rows_get_keys_of_their_own(pair: tuple[Place, Place]) -> None:
    full, empty = pair
    empty.restore(full.backup())
    now = full.clock()

    def add(connection: Connection) -> Any:
        values = {"uid": uuid7(), "name": "fresh", "query": "", "created_at": now, "changed_at": now}
        return connection.execute(sa.insert(segment).values(**values)).inserted_primary_key

    assert empty.database.write(add)[0] > 1000


def test_a_restored_place_makes_backups_that_go_on_with_the_old_ones(pair: tuple[Place, Place]) -> None:
    full, empty = pair
    first = full.backup()
    keys_before = full.database.read(lambda connection: rows(connection)["contact_key"])
    empty.restore(first)

    second = empty.backup()

    assert empty.database.read(lambda connection: rows(connection)["contact_key"]) == keys_before
    for path in (first, second):
        assert full.restoring(path).verify(lambda *_: None).left_out == 0


def test_a_place_that_is_not_empty_is_refused_and_left_as_it_is(place: Place) -> None:
    path = place.backup()
    before = place.database.read(rows)

    with pytest.raises(NotPossible, match="not empty"):
        place.restore(path)

    assert place.database.read(rows) == before


def test_a_restore_that_fails_in_the_middle_leaves_nothing(place: Place, other: Place) -> None:
    place.database.write(lambda connection: fill(connection, place.keys.trail))
    path = place.backup()

    def stumble(table: str, _: int) -> None:
        if table == "answer":
            raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError, match="the power goes"):
        place.restoring(path).restore(other.database, other.trail, other.clock(), stumble)

    assert schema.current(other.database.engine) == schema.newest()
    assert all(not found for found in other.database.read(rows).values())
    assert other.restore(path).left_out == 0


def test_a_backup_of_other_tables_is_refused_with_the_way_out(
    place: Place, other: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, now = place.backup(), schema.newest()
    monkeypatch.setattr(schema, "newest", lambda: "0999_later")

    with pytest.raises(NotPossible, match=rf"at {now}.*Restore it with Izwi 2026\.11\.0"):
        other.restore(path)


def test_everybody_knows_whose_a_row_is() -> None:
    said = belonging.OWNERS.keys() | belonging.NOBODYS | belonging.LEFT_OUT

    assert said == set(metadata.tables.values())
    assert len(belonging.OWNERS) + len(belonging.NOBODYS) + len(belonging.LEFT_OUT) == len(metadata.tables)


def test_what_points_at_a_phones_rows_is_that_phones_too() -> None:
    owned = set(belonging.OWNERS)
    pointing = {
        table
        for table in metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table in owned
    }
    by_name = {each for each in metadata.tables.values() if {"contact_id", "run_id"} & set(each.columns.keys())}

    assert (pointing | by_name) - owned - {contact_key} == set()


def test_a_table_that_nobody_spoke_of_stops_a_backup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(belonging, "NOBODYS", belonging.NOBODYS - {segment})

    with pytest.raises(AssertionError, match="nobody said whose segment is"):
        belonging.kept()
