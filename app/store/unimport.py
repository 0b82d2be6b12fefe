"""Imports looked back at: which there were, and contacts that one of them added taken out again while nothing hangs on them."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.broadcasts import airtime, recipient
from app.models.care import facilitator
from app.models.erasures import erasure
from app.models.messages import inbound, outbox
from app.models.people import contact, contact_import, contact_key, group_member, respondent
from app.models.runs import run, session
from app.store.batch import within

TAKEN_BACK = "taken_back"
_TRACES = (respondent, run, session, inbound, outbox, recipient, airtime, facilitator, erasure)
_COLUMNS = (contact_import.c.id, contact_import.c.digest, contact_import.c.imported_at, contact_import.c.counts)


class Imported(NamedTuple):
    """A file that was brought in."""

    id: int
    digest: str
    imported_at: datetime
    counts: Mapping[str, Any]


class Gone(NamedTuple):
    """Up to which contact was looked, and how many were taken out."""

    last: int
    removed: int


def latest(connection: Connection, *, count: int) -> list[Imported]:
    """The last imports, the newest first."""
    rows = connection.execute(sa.select(*_COLUMNS).order_by(contact_import.c.id.desc()).limit(count))
    return [_read(row) for row in rows]


def find(connection: Connection, import_id: int) -> Imported | None:
    """One of them."""
    row = connection.execute(sa.select(*_COLUMNS).where(contact_import.c.id == import_id)).first()
    return None if row is None else _read(row)


def take_out(connection: Connection, at: datetime, *, after: int, count: int) -> Gone | None:
    """Remove some contacts that an import added at this moment; None when there are no more.

    Who has answered, was written to, or asked for silence since stays: her wish must not be forgotten with her number.
    """
    some = (
        sa.select(contact.c.id)
        .where(contact.c.id > after, contact.c.created_at == at)
        .order_by(contact.c.id)
        .limit(count)
        .with_for_update()  # nobody hangs anything on them until this is done
    )
    ids = list(connection.execute(some).scalars())
    if not ids:
        return None
    unused = [sa.not_(sa.exists().where(table.c.contact_id == contact.c.id).correlate(contact)) for table in _TRACES]
    free = sa.select(contact.c.id).where(within(contact.c.id, "ids"), contact.c.stopped_at.is_(None), *unused)
    gone = list(connection.execute(free, {"ids": ids}).scalars())
    for column in (group_member.c.contact_id, contact_key.c.contact_id, contact.c.id):
        connection.execute(sa.delete(column.table).where(within(column, "ids")), {"ids": gone})
    return Gone(ids[-1], len(gone))


def note(connection: Connection, which: Imported, removed: int) -> None:
    """Write down beside an import how many contacts were taken out again."""
    counts = {**which.counts, TAKEN_BACK: removed}
    connection.execute(
        sa.update(contact_import).where(contact_import.c.id == which.id).values(counts=json.dumps(counts))
    )


def _read(row: Any) -> Imported:
    return Imported(row.id, row.digest, row.imported_at, json.loads(row.counts))
