"""Brings the rows of a backup into an empty database, SQLite or PostgreSQL, whichever they came from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models import metadata
from app.models.erasures import erasure
from app.models.people import contact
from app.models.types import Uid
from app.store.backups import contact_keys
from app.store.backups.belonging import at_once, kept
from app.store.backups.blocks import Reading, Some, name_of
from app.store.backups.dumping import Told
from app.store.backups.keyring import Keyring
from app.store.backups.sealed_file import Unreadable
from app.store.bulk import Bulk, bytes_of, uid_of


@dataclass(slots=True)
class Loading:
    """Takes rows table by table, parents before children, and writes them in batches."""

    connection: Connection
    keyring: Keyring
    told: Told
    counts: dict[str, int] = field(default_factory=dict)
    """Table → rows that were written."""
    left_out: int = 0
    """Phones that were forgotten since: nobody can read them any more."""
    _table: "_Table | None" = None
    _rows: list[tuple[Any, ...]] = field(default_factory=list)
    _keys: list[tuple[int, bytes]] = field(default_factory=list)

    def load(self, reading: Reading) -> None:
        """Write everything that can be read, and make sure that it is there."""
        for some in reading.all():
            if self._table is None or some.table != self._table.table.name:
                self._flush()
                self._table = _Table.of(self.connection, some)
                self.counts[some.table] = 0
            self._take(self._table, some)
        self._flush()
        if {name: count for name, count in count_rows(self.connection).items() if count != self.counts.get(name)}:
            raise Unreadable("The database did not take all rows. Nothing was changed; try again.")

    def _take(self, into: "_Table", some: Some) -> None:
        ours = into.table is contact
        if some.rows is None:
            self.left_out += some.many if ours else 0
            return
        for values in some.rows:
            row = into.stored(values)
            if ours and some.key is not None:
                self._keys.append((row[into.places["id"]], some.key))
                row = self._silenced(into, row, some.key)
            self._rows.append(row)
        if len(self._rows) >= at_once(into.table):
            self._flush()

    def _silenced(self, into: "_Table", row: tuple[Any, ...], key: bytes) -> tuple[Any, ...]:
        """With the silence that she asked for after the backup was made."""
        place = into.places["stopped_at"]
        since = self.keyring.stopped.get(name_of(key)) if row[place] is None and self.keyring.stopped else None
        return row if since is None else (*row[:place], since, *row[place + 1 :])

    def _flush(self) -> None:
        if self._table is None or not self._rows:
            return
        name = self._table.table.name
        self._table.bulk.write(self.connection, self._rows)
        contact_keys.put_back(self.connection, self._keys)
        self.counts[name] += len(self._rows)
        self.told(name, self.counts[name])
        self._rows, self._keys = [], []


@dataclass(frozen=True, slots=True)
class _Table:
    """A table as rows of a backup are written into it."""

    table: sa.Table
    bulk: Bulk
    places: dict[str, int]
    """Column → its place in the backup's rows."""
    readers: Sequence[tuple[int, Callable[[Any], Any]]]

    @classmethod
    def of(cls, connection: Connection, some: Some) -> "_Table":
        table = metadata.tables.get(some.table)
        if table is None or set(some.columns) != set(table.columns.keys()):
            raise Unreadable(f"Its table {some.table} is not the one that this Izwi has. Use the Izwi that made it.")

        def read_bytes(value: str) -> Any:
            return bytes_of(connection, bytes.fromhex(value))

        def read_uid(value: str) -> Any:
            return uid_of(connection, value)

        by_type = {sa.LargeBinary: read_bytes, Uid: read_uid}
        kinds = [type(table.columns[name].type) for name in some.columns]
        readers = [(place, by_type[kind]) for place, kind in enumerate(kinds) if kind in by_type]
        places = {name: place for place, name in enumerate(some.columns)}
        return cls(table, Bulk.insert(table, some.columns), places, readers)

    def stored(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """A row as the database takes it here."""
        row = list(values)
        for place, read in self.readers:
            if row[place] is not None:
                row[place] = read(row[place])
        return tuple(row)


def is_empty(connection: Connection) -> bool:
    """Whether no table has a row."""
    return not any(connection.execute(sa.select(sa.exists().select_from(table))).scalar() for table in kept())


def count_rows(connection: Connection) -> dict[str, int]:
    """Table → how many rows it has."""
    counted = {table.name: sa.select(sa.func.count()).select_from(table) for table in kept()}
    return {name: int(connection.execute(statement).scalar_one()) for name, statement in counted.items()}


def set_sequences(connection: Connection) -> None:
    """Let new rows get keys after those that were brought back; SQLite takes the highest by itself."""
    if connection.dialect.name == "sqlite":
        return
    for table in kept():
        if "id" in table.columns:
            last = sa.func.coalesce(sa.func.max(table.c.id), 1)
            connection.execute(sa.select(sa.func.setval(f"{table.name}_id_seq", last)))


_UIDS = sa.select(erasure.c.uid)
_RECEIPTS = Bulk.insert(erasure, ("uid", "contact_id", "msisdn_hash", "asked_by", "asked_at", "done_at", "removed"))
_BY_HASH = sa.select(contact.c.id).where(contact.c.msisdn_hash == sa.bindparam("hash"))


def put_receipts_back(connection: Connection, keyring: Keyring) -> int:
    """Note again who was forgotten after the backup was made. Whose erasure was not done yet is erased by the worker."""
    known = {str(uid) for uid in connection.execute(_UIDS).scalars()}
    rows = []
    for each in keyring.forgotten:
        if each.uid in known:
            continue
        hashed = bytes.fromhex(each.msisdn_hash)
        pending = None if each.done_at else connection.execute(_BY_HASH, {"hash": hashed}).scalar()
        done_at = each.done_at or (each.asked_at if pending is None else None)
        rows.append(
            (uid_of(connection, each.uid), pending, bytes_of(connection, hashed), each.asked_by, each.asked_at, done_at,
             each.removed)
        )  # fmt: skip
    _RECEIPTS.write(connection, rows)
    return len(rows)
