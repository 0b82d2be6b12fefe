"""Writes all rows of one moment into a backup, some at a time, so that memory stays as it is however much there is."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.erasures import erasure
from app.store.backups.belonging import at_once, kept, rows_of
from app.store.backups.blocks import Row, Writing
from app.store.backups.keyring import Forgotten, receipt
from app.store.bulk import stamp

Told = Callable[[str, int], None]
"""Is told the table and how many of its rows are written."""


def dump(connection: Connection, writing: Writing, late: Mapping[int, bytes], told: Told) -> None:
    """Write all tables. `late` has the keys of phones that came between the making of keys and this moment."""
    for table in kept():
        writing.table(table.name, [column.name for column in table.columns])
        rows = connection.execute(rows_of(table), execution_options={"yield_per": at_once(table)})
        for some in rows.partitions():
            _write(writing, some, late)
            told(table.name, writing.counts[table.name])


def _write(writing: Writing, rows: Any, late: Mapping[int, bytes]) -> None:
    nobodys: list[Row] = []
    by_owner: dict[bytes, list[Row]] = {}
    for *values, owner, key in rows:
        row = [stamp(each) if isinstance(each, datetime) else each for each in values]
        if owner is None:
            nobodys.append(row)
        else:
            by_owner.setdefault(bytes(key) if key is not None else _late(late, owner), []).append(row)
    if nobodys:
        writing.plain(nobodys)
    for key, theirs in by_owner.items():
        writing.of_one(key, theirs)


def _late(late: Mapping[int, bytes], owner: int) -> bytes:
    """Whoever was erased while the backup began has no key: a new one that nobody keeps forgets her here too."""
    return late.get(owner) or secrets.token_bytes(32)


def forgotten(connection: Connection) -> list[Forgotten]:
    """The receipts of all erasures."""
    return [receipt(row) for row in connection.execute(sa.select(erasure).order_by(erasure.c.id))]
