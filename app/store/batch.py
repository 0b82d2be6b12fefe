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


class within(sa.ColumnElement[bool]):  # noqa: N801 -- reads as an operator
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


def take_ids(connection: Connection, table: sa.Table, count: int) -> list[int]:
    """Take `count` new keys of a table, so that rows that name each other can be written together.

    SQLite: the transaction holds the only write lock, so the highest key is known. PostgreSQL: from the sequence.
    """
    if not count:
        return []
    if connection.dialect.name == "sqlite":
        last = connection.exec_driver_sql(f'SELECT coalesce(max(id), 0) FROM "{table.name}"').scalar_one()  # noqa: S608
        return list(range(last + 1, last + 1 + count))
    sequence = f"{table.name}_id_seq"
    return list(
        connection.execute(
            sa.text("SELECT nextval(CAST(:sequence AS regclass)) FROM generate_series(1, :count)"),
            {"sequence": sequence, "count": count},
        ).scalars()
    )
