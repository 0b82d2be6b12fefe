"""The keys of phones in backups: made by the first backup that meets a phone, gone with the phone (D17)."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import contact, contact_key
from app.store.batch import within
from app.store.bulk import Bulk, bytes_of, insert

_AT_ONCE = 2_000
_KEYLESS = (
    sa.select(contact.c.id)
    .outerjoin(contact_key, contact_key.c.contact_id == contact.c.id)
    .where(contact_key.c.contact_id.is_(None), contact.c.id > sa.bindparam("after"))
    .order_by(contact.c.id)
    .limit(_AT_ONCE)
)
# Held, so that none of them is erased between this look and the key.
_THERE = sa.select(contact.c.id).where(within(contact.c.id, "contacts")).with_for_update(key_share=True)
_SOME = sa.select(contact_key.c.contact_id, contact_key.c.key).where(within(contact_key.c.contact_id, "contacts"))
_ALL = sa.select(contact_key.c.key, contact.c.stopped_at).join(contact, contact.c.id == contact_key.c.contact_id)
_INSERT = Bulk.insert(contact_key, ("contact_id", "key"))


def keyless(connection: Connection, *, after: int = 0) -> list[int]:
    """Some contacts that have no key yet, in order."""
    return list(connection.execute(_KEYLESS, {"after": after}).scalars())


def make(connection: Connection, contact_ids: Sequence[int]) -> None:
    """Make keys for those contacts that are still there and have none."""
    there = connection.execute(_THERE, {"contacts": list(contact_ids)}).scalars()
    rows = [{"contact_id": each, "key": secrets.token_bytes(32)} for each in there]
    if rows:
        connection.execute(insert(connection, contact_key).on_conflict_do_nothing(index_elements=["contact_id"]), rows)


def some(connection: Connection, contact_ids: Sequence[int]) -> dict[int, bytes]:
    """The keys of some contacts."""
    rows = connection.execute(_SOME, {"contacts": list(contact_ids)})
    return {row[0]: bytes(row[1]) for row in rows}


def every(connection: Connection) -> Iterator[tuple[bytes, datetime | None]]:
    """All keys, with the moment at which their phone asked for silence."""
    rows = connection.execute(_ALL, execution_options={"yield_per": _AT_ONCE})
    return ((bytes(key), stopped_at) for key, stopped_at in rows)


def put_back(connection: Connection, keys: Iterable[tuple[int, bytes]]) -> None:
    """The keys of contacts that a restore has just brought back."""
    rows: list[tuple[Any, ...]] = [(each, bytes_of(connection, key)) for each, key in keys]
    _INSERT.write(connection, rows)
