"""Set-based reading and key taking, with statements that stay the same whatever the size of a batch."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator

from app.store.unit import Opened

_AHEAD = 64


class _Values(TypeDecorator[Sequence[Any]]):
    """A whole list as one parameter: JSON text on SQLite, an array on PostgreSQL."""

    impl = sa.String
    cache_ok = True

    def __init__(self, item: Any) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.ARRAY(self.item))
        return dialect.type_descriptor(sa.String())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        return list(value or ()) if dialect.name == "postgresql" else json.dumps(list(value or ()))


class within(sa.ColumnElement[bool]):
    """`within(column, "name")`: the column is one of the list bound as `name` (texts or whole numbers)."""

    inherit_cache = True
    type = sa.Boolean()
    _traverse_internals = [
        ("column", sa.sql.visitors.InternalTraversal.dp_clauseelement),
        ("values", sa.sql.visitors.InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: sa.Column[Any], name: str) -> None:
        self.column = column
        item = sa.String() if isinstance(column.type, sa.String) else sa.BigInteger()
        self.values = sa.bindparam(name, type_=_Values(item))

    def self_group(self, against: Any = None) -> "within":  # noqa: ARG002 -- the signature is the library's
        """Stand as it is: with `= 1` after it, which SQLAlchemy adds for SQLite, no index would be used."""
        return self


@compiles(within, "sqlite")
def _sqlite(element: within, compiler: SQLCompiler, **options: Any) -> str:
    column, values = compiler.process(element.column, **options), compiler.process(element.values, **options)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(within, "postgresql")
def _postgresql(element: within, compiler: SQLCompiler, **options: Any) -> str:
    column, values = compiler.process(element.column, **options), compiler.process(element.values, **options)
    return f"{column} = ANY({values})"


class second(sa.ColumnElement[str]):
    """`second(column)`: a moment in UTC as text, to the second, made by the database: 2026-11-25T07:30:00Z."""

    inherit_cache = True
    type = sa.String()
    _traverse_internals = [("column", sa.sql.visitors.InternalTraversal.dp_clauseelement)]

    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column


@compiles(second, "sqlite")
def _second_of_text(element: second, compiler: SQLCompiler, **options: Any) -> str:
    return f"substr({compiler.process(element.column, **options)}, 1, 19) || 'Z'"


@compiles(second, "postgresql")
def _second_of_moment(element: second, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


class Ids:
    """New keys of some tables, known before their rows are written, so that rows that name each other go together.

    SQLite: the transaction holds the only write lock, so the highest keys are known. PostgreSQL: from the sequences, a
    block at a time; the rest stays in `ahead` for the next batches, and keys that are never used harm nobody.
    """

    def __init__(self, opened: Opened, tables: Sequence[sa.Table], ahead: dict[str, deque[int]]) -> None:
        self._opened, self._names, self._ahead = opened, [table.name for table in tables], ahead
        self._counts: dict[str, count[int]] = {}

    def take(self, table: sa.Table) -> int:
        """Take one key of a table."""
        if self._opened().dialect.name == "sqlite":
            if not self._counts:
                highest = ", ".join(f'(SELECT coalesce(max(id), 0) FROM "{name}")' for name in self._names)
                last = self._opened().exec_driver_sql(f"SELECT {highest}").one()
                self._counts = {name: count(key + 1) for name, key in zip(self._names, last, strict=True)}
            return next(self._counts[table.name])
        while True:
            try:
                return self._ahead[table.name].popleft()  # in one step: other threads take from here too
            except LookupError:
                self._fetch()

    def _fetch(self) -> None:
        following = ", ".join(f"nextval('{name}_id_seq')" for name in self._names)
        rows = self._opened().exec_driver_sql(f"SELECT {following} FROM generate_series(1, {_AHEAD})")
        for name, keys in zip(self._names, zip(*rows, strict=True), strict=True):
            self._ahead.setdefault(name, deque()).extend(keys)


def pages(connection: Connection, statement: Any, *, key: str, page: int, **given: Any) -> Iterator[Any]:
    """Yield the rows of a statement that goes on after `:after` with at most `:count`, so that memory stays small."""
    after = 0
    while rows := connection.execute(statement, given | {"after": after, "count": page}).all():
        yield from rows
        after = getattr(rows[-1], key)
