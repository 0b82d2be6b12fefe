"""Writes a batch of rows with one statement: what every turn pays for (docs/decisions/D4 has the measurements).

SQLite takes the rows by `executemany`; PostgreSQL gets them as one JSON parameter, which costs it a third of a statement
a row. Both statements are written once from the table's own columns. Values are plain: moments by `stamp`, names of rows
by `new_uid`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from app.store.unit import Conflict, commit_with


class Bulk:
    """One statement for many rows of a table; a row is a tuple of its `columns`, then of its `keys`."""

    def __init__(self, table: sa.Table, columns: Sequence[str], *, keys: Sequence[str] = (), verb: str) -> None:
        self._table, self._columns, self._keys, self._verb = table.name, tuple(columns), tuple(keys), verb
        self._columns_of = table.columns

    @classmethod
    def insert(cls, table: sa.Table, columns: Sequence[str]) -> "Bulk":
        """Add rows."""
        return cls(table, columns, verb="insert")

    @classmethod
    def upsert(cls, table: sa.Table, columns: Sequence[str], *, keys: Sequence[str]) -> "Bulk":
        """Add rows; where one with these keys is there already, change it, but for its `uid`."""
        return cls(table, columns, keys=keys, verb="upsert")

    @classmethod
    def update(cls, table: sa.Table, columns: Sequence[str], *, keys: Sequence[str]) -> "Bulk":
        """Change the rows that have these keys. A key may be a column that is changed too: then it is the value before."""
        return cls(table, columns, keys=keys, verb="update")

    def write(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Write the rows; returns how many the database says it wrote."""
        if not rows:
            return 0
        if connection.dialect.name == "sqlite":
            return connection.exec_driver_sql(self._sqlite, list(rows)).rowcount
        values = {"rows": to_json(rows).decode(), "rows_count": len(rows)}
        return connection.exec_driver_sql(self.postgresql("rows"), values).rowcount

    @cached_property
    def _sqlite(self) -> str:
        if self._verb == "update":
            values = ", ".join(f"{name} = ?" for name in self._columns)
            return f'UPDATE "{self._table}" SET {values} WHERE {" AND ".join(f"{key} = ?" for key in self._keys)}'
        marks = ", ".join("?" for _ in self._columns)
        return f'INSERT INTO "{self._table}" ({", ".join(self._columns)}) VALUES ({marks}){self._conflict}'

    @cache  # noqa: B019 -- there is one Bulk a table and verb, for ever
    def postgresql(self, name: str) -> str:
        """The statement for PostgreSQL, with its rows in the parameter `name`."""
        from sqlalchemy.dialects import postgresql

        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        names = [*self._columns, *(self._keys if self._verb == "update" else ())]
        types = [self._columns_of[each].type.compile(dialect) for each in names]
        picked = [f"CAST(r->>{place} AS {each}) AS c{place}" for place, each in enumerate(types)]
        # Without the limit PostgreSQL expects a hundred rows, and reads a whole table where an index would do.
        rows = f"jsonb_array_elements(CAST(%({name})s AS jsonb)) AS r LIMIT %({name}_count)s"
        source = f"(SELECT {', '.join(picked)} FROM {rows}) AS n"
        if self._verb == "update":
            values = ", ".join(f"{name} = n.c{place}" for place, name in enumerate(self._columns))
            first = len(self._columns)
            match = " AND ".join(f"t.{key} = n.c{first + place}" for place, key in enumerate(self._keys))
            return f'UPDATE "{self._table}" AS t SET {values} FROM {source} WHERE {match}'
        listed = ", ".join(f"n.c{place}" for place in range(len(names)))
        return f'INSERT INTO "{self._table}" ({", ".join(names)}) SELECT {listed} FROM {source}{self._conflict}'

    @property
    def _conflict(self) -> str:
        if self._verb != "upsert":
            return ""
        kept = {"uid", *self._keys}
        changes = ", ".join(f"{name} = excluded.{name}" for name in self._columns if name not in kept)
        return f" ON CONFLICT ({', '.join(self._keys)}) DO UPDATE SET {changes}"


class Job(NamedTuple):
    """Rows for a Bulk; with `exact` every one of them must be written, or the unit of work begins anew."""

    bulk: Bulk
    rows: Sequence[tuple[Any, ...]]
    exact: bool = False


def write_together(connection: Connection, jobs: Sequence[Job]) -> None:
    """Write several batches that do not depend on each other: on PostgreSQL in one statement, one way there and back."""
    jobs = [job for job in jobs if job.rows]
    if connection.dialect.name == "sqlite" or len(jobs) == 1:
        counts = [job.bulk.write(connection, job.rows) for job in jobs]
    elif jobs:
        statement = _together(tuple(job.bulk for job in jobs)) + _counted(len(jobs))
        counts = list(connection.exec_driver_sql(statement, _values(jobs)).one())
    for job, count in zip(jobs, counts if jobs else (), strict=True):
        if job.exact and count != len(job.rows):
            raise Conflict


def write_last(connection: Connection, jobs: Sequence[Job]) -> None:
    """The same as the last thing of a unit of work: on PostgreSQL it commits as well, and a job that is not exact fails."""
    jobs = [job for job in jobs if job.rows]
    if connection.dialect.name == "sqlite" or not jobs:
        write_together(connection, jobs)
        return
    exact = tuple(place for place, job in enumerate(jobs) if job.exact)
    commit_with(connection, _together(tuple(job.bulk for job in jobs)) + _checked(exact), _values(jobs))


def _values(jobs: Sequence[Job]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for place, job in enumerate(jobs):
        values[f"w{place}"], values[f"w{place}_count"] = to_json(job.rows).decode(), len(job.rows)
    return values


@cache
def _together(bulks: tuple[Bulk, ...]) -> str:
    parts = [f"w{place} AS ({bulk.postgresql(f'w{place}')} RETURNING 1)" for place, bulk in enumerate(bulks)]
    return f"WITH {', '.join(parts)} SELECT "


def _counted(jobs: int) -> str:
    return ", ".join(f"(SELECT count(*) FROM w{place})" for place in range(jobs))


@cache
def _checked(exact: tuple[int, ...]) -> str:
    """Divides by zero where fewer rows were written than there should be: nobody is asked in between (`unit` knows)."""
    wrong = " OR ".join(f"(SELECT count(*) FROM w{place}) <> %(w{place}_count)s" for place in exact) or "false"
    return f"1 / CASE WHEN {wrong} THEN 0 ELSE 1 END"


def insert(connection: Connection, table: sa.Table) -> Any:
    """An INSERT that may go on to say what to do ON CONFLICT, in the words of the database at hand."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # heavy, and of no use to a hub on SQLite

    return postgresql.insert(table)


@lru_cache(maxsize=256)
def stamp(at: datetime | None) -> str | None:
    """A moment as both databases read it: 2026-11-22T21:00:00.123456Z."""
    if at is None:
        return None
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")[:26] + "Z"


def uid_of(connection: Connection, uid: str) -> bytes | str:
    """A UUID that was made before, as the database takes it here."""
    return bytes.fromhex(uid.replace("-", "")) if connection.dialect.name == "sqlite" else uid


def bytes_of(connection: Connection, value: bytes | None) -> bytes | str | None:
    """Bytes as the database takes them here: JSON has none, but PostgreSQL reads them as figures."""
    return value if value is None or connection.dialect.name == "sqlite" else f"\\x{value.hex()}"


def new_uid(connection: Connection) -> bytes | str:
    """A UUIDv7 as the database takes it here."""
    made = uuid7()  # of the library's own kind, which costs a fifth of Python's
    return made.bytes if connection.dialect.name == "sqlite" else str(made)
