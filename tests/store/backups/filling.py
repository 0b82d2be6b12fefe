"""Rows in every table, made from the tables themselves, so that a new table is filled too."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models import metadata
from app.models.access import audit
from app.models.people import contact_key
from app.models.types import BigId, Uid, Utc
from app.store.audit import Trail
from app.values import Role

ROWS = 4
_FIRST = 1001
_AT = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)
_SAID = {
    ("broadcast", "mode"): lambda row: "invitation",
    ("broadcast", "opens"): lambda row: 480,
    ("broadcast", "closes"): lambda row: 1140,
    ("broadcast", "budget"): lambda row: 2**53 + row,
    ("broadcast", "state"): lambda row: ("draft", "scheduled", "running", "done")[row],
    ("outbox", "state"): lambda row: ("queued", "sending", "sent", "unknown")[row],
    ("airtime", "state"): lambda row: ("queued", "sending", "delivered", "refused")[row],
    ("distress_case", "state"): lambda row: "closed",
    ("distress_case", "closed_at"): lambda row: _AT,
    ("record", "xml"): lambda row: "<data>ü🙂\u2028</data>" if row else None,
    ("record", "made_at"): lambda row: _AT if row else None,
    ("turn", "key"): lambda row: 2**62 + row,
    ("channel", "held"): lambda row: False,
    ("channel", "trouble"): lambda row: "",
    ("contact", "stopped_at"): lambda row: None,
    ("contact", "key_id"): lambda row: 1,
    ("run", "state"): lambda row: ("active", "completed", "stopped", "expired")[row],
    ("run", "ended_at"): lambda row: _AT if row else None,
    # The last one's link to her phone is cut.
    **{
        (table, "contact_id"): lambda row: _FIRST + row if row < ROWS - 1 else None
        for table in ("respondent", "run", "session", "inbound", "erasure")
    },
}  # fmt: skip
_JSON = {"attributes": "{}", "texts": "{}", "holidays": "[]", "remind_texts": "{}", "plan": None, "removed": "{}"}


def fill(connection: Connection, trail_secret: bytes) -> None:
    """Fill every table but the keys of phones, which a backup makes."""
    for table in metadata.sorted_tables:
        if table not in {audit, contact_key}:
            connection.execute(sa.insert(table), [_row(table, row) for row in range(ROWS)])
    for row in range(ROWS):
        trail = Trail(trail_secret, "terminal", Role.ADMIN)
        trail.note(connection, "erase", f"row {row}", at=_AT + timedelta(minutes=row), reason="é")


def _row(table: sa.Table, row: int) -> dict[str, Any]:
    return {column.name: _value(table, column, row) for column in table.columns}


def _value(table: sa.Table, column: sa.Column[Any], row: int) -> Any:
    if (table.name, column.name) in _SAID:
        return _SAID[table.name, column.name](row)
    if column.name in _JSON and isinstance(column.type, sa.Text):
        return _JSON[column.name]
    if column.foreign_keys and isinstance(column.type, sa.String):
        there = next(iter(column.foreign_keys)).column
        return _value(there.table, there, row)
    if column.foreign_keys or column.name in {"run_id", "channel_id"} or (column.primary_key and column.name != "what"):
        return _words(table, column, row) if isinstance(column.type, sa.String) else _FIRST + row
    if column.nullable and row == ROWS - 1:
        return None
    return _of_type(table, column, row)


def _of_type(table: sa.Table, column: sa.Column[Any], row: int) -> Any:
    match column.type:
        case Uid():
            return UUID(str(uuid7()))
        case Utc():
            # Among them one on the second, which some write without a fraction.
            return _AT + timedelta(seconds=row) if row else _AT.replace(microsecond=0)
        case sa.LargeBinary():
            return bytes([0, row, 255]) + f"{table.name}.{column.name}".encode()
        case sa.Boolean():
            return bool(row % 2)
        case sa.Float():
            return row + 0.1
        case BigId() | sa.BigInteger() | sa.Integer():
            return _FIRST + row
        case _:
            return _words(table, column, row)


def _words(table: sa.Table, column: sa.Column[Any], row: int) -> str:
    for check in table.constraints:
        known = re.match(rf"{column.name} IN \((.*)\)", str(getattr(check, "sqltext", "")))
        if known:
            words = re.findall(r"'(.*?)'", known[1])
            return words[row % len(words)]
    length = getattr(column.type, "length", None) or 60
    return f"{row} {column.name} ü🙂 'q' \"d\" \\ \t\n*"[:length]


def rows(connection: Connection, *, without: frozenset[str] = frozenset()) -> dict[str, list[tuple[Any, ...]]]:
    """Every value of every table, by table, in one order on both databases."""
    return {
        table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
        for table in metadata.sorted_tables
        if table.name not in without
    }
