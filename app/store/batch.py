"""Set-based reading and key taking, with statements that stay the same whatever the size of a batch."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator


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


@compiles(within, "sqlite")
def _sqlite(element: within, compiler: SQLCompiler, **options: Any) -> str:
    column, values = compiler.process(element.column, **options), compiler.process(element.values, **options)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(within, "postgresql")
def _postgresql(element: within, compiler: SQLCompiler, **options: Any) -> str:
    column, values = compiler.process(element.column, **options), compiler.process(element.values, **options)
    return f"{column} = ANY({values})"


class Ids:
    """New keys of some tables, taken in blocks, so that rows that name each other can be written together.

    SQLite: the transaction holds the only write lock, so the highest keys are known. PostgreSQL: from the sequences.
    """

    def __init__(self, connection: Connection, *tables: sa.Table) -> None:
        self._connection, self._names = connection, tuple(table.name for table in tables)
        self._spare: dict[str, list[int]] = {name: [] for name in self._names}
        self._last: list[int] = []

    def take(self, table: sa.Table, block: int = 1) -> int:
        """Take one key of a table; `block` says how many of each table to fetch at once where none is left."""
        spare = self._spare[table.name]
        if not spare:
            for name, keys in zip(self._names, self._fetch(max(block, 1)), strict=True):
                self._spare[name][:0] = reversed(keys)
        return spare.pop()

    def _fetch(self, count: int) -> list[Sequence[int]]:
        """The next keys of each table, the first one first."""
        if self._connection.dialect.name == "sqlite":
            if not self._last:
                highest = ", ".join(f'(SELECT coalesce(max(id), 0) FROM "{name}")' for name in self._names)
                self._last = list(self._connection.exec_driver_sql(f"SELECT {highest}").one())
            blocks = [range(last + 1, last + count + 1) for last in self._last]
            self._last = [last + count for last in self._last]
            return list(blocks)
        following = ", ".join(f"nextval('{name}_id_seq')" for name in self._names)
        statement = f"SELECT {following} FROM generate_series(1, %(count)s)"
        return list(zip(*self._connection.exec_driver_sql(statement, {"count": count}), strict=True))
