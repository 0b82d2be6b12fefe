"""A copy of all views as tables of an SQLite file: what an analyst takes along. Written row by row, however many there are."""

import sqlite3
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from app.store.bulk import stamp
from app.store.views import renewing
from app.store.views.sql import View, name

_AT_ONCE = 2000


def write(connection: Connection, path: Path, at: datetime, told: Callable[[str, int], None]) -> Mapping[str, int]:
    """Fill an empty file; returns view → rows. All of it is as of one moment. `told` hears how far a view is."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    counts: dict[str, int] = {}
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        # Nobody reads it before it is whole, and whoever cuts it short throws it away.
        file.execute("PRAGMA journal_mode=OFF")
        file.execute("PRAGMA synchronous=OFF")
        file.execute("BEGIN")
        file.execute("CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT)")
        file.execute("INSERT INTO about VALUES ('made_at', ?)", (stamp(at),))
        for view in renewing.wanted(connection):
            counts[view.name] = _copy(connection, file, view, told)
        file.execute("COMMIT")
        file.execute("ANALYZE")
    return counts


def _copy(connection: Connection, file: sqlite3.Connection, view: View, told: Callable[[str, int], None]) -> int:
    columns = ", ".join(map(name, view.columns))
    file.execute(f"CREATE TABLE {name(view.name)} ({columns})")
    insert = f"INSERT INTO {name(view.name)} VALUES ({', '.join('?' * len(view.columns))})"
    count = 0
    with closing(_pages(connection, view)) as pages:
        for rows in pages:
            file.executemany(insert, rows)
            count += len(rows)
            told(view.name, count)
    for number, key in enumerate(view.keys):
        file.execute(f"CREATE INDEX {name(f'{view.name}_{number}')} ON {name(view.name)} ({', '.join(map(name, key))})")
    return count


def _pages(connection: Connection, view: View) -> Generator[list[tuple[Any, ...]], None, None]:
    options = {"stream_results": True, "max_row_buffer": _AT_ONCE, "no_parameters": True}
    with connection.exec_driver_sql(view.select, execution_options=options) as found:
        for rows in found.partitions(_AT_ONCE):
            yield [tuple(map(_plain, row)) for row in rows]


def _plain(value: Any) -> Any:
    """A value as SQLite keeps it, whichever database it came from."""
    if isinstance(value, datetime):
        return stamp(value.astimezone(UTC))
    if isinstance(value, UUID):
        return str(value)
    return int(value) if isinstance(value, bool) else value
