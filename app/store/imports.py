"""Imports of contacts: which numbers a file has twice, which are known, and the writing of a batch of them."""

import json
import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.people import contact, contact_import, group_member, respondent
from app.store import erasures
from app.store.batch import Ids, within
from app.store.bulk import Bulk, Job, new_uid, stamp, write_together


class Known(NamedTuple):
    """A contact that is there already, as an import sees it."""

    id: int
    locale: str | None
    stopped: bool
    operator: str
    attributes: str
    answered: bool
    """Somebody has begun a survey on it, and so has chosen its language."""


class New(NamedTuple):
    """A contact to add."""

    hash: bytes
    sealed: bytes
    key_id: int
    locale: str | None
    operator: str
    attributes: str
    groups: Sequence[int]


class Changed(NamedTuple):
    """What becomes known of a contact that is there already. What is None or empty stays as it is."""

    id: int
    locale: str | None
    operator: str
    attributes: str
    groups: Sequence[int]


class Seen:
    """The numbers that a file has had so far, by their hashes; on disk, so that a million of them need no room.

    The file is SQLite's own, has no name, and is gone when it is closed.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode=OFF")
        self._file.execute("CREATE TABLE seen (hash BLOB PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID")
        self._file.execute("BEGIN")

    def first_rows(self, found: Sequence[tuple[bytes, int]]) -> dict[bytes, int]:
        """Take in (hash, row) of some rows; returns hash → the first row that had it, for those seen more than once."""
        before = self._file.total_changes
        self._file.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", found)
        if self._file.total_changes - before == len(found):
            return {}
        rows = {each: self._first(each) for each, _ in found}
        return {
            each: first for each, first in rows.items() if any(row != first for hash_, row in found if hash_ == each)
        }

    def _first(self, number: bytes) -> int:
        return int(self._file.execute("SELECT row FROM seen WHERE hash = ?", (number,)).fetchone()[0])

    def close(self) -> None:
        """Forget everything."""
        self._file.close()


_ANSWERED = sa.exists().where(respondent.c.contact_id == contact.c.id).correlate(contact)
_FIND = sa.select(
    contact.c.msisdn_hash,
    contact.c.id,
    contact.c.locale,
    contact.c.stopped_at.is_not(None),
    contact.c.operator,
    contact.c.attributes,
    _ANSWERED,
).where(contact.c.msisdn_hash.in_(sa.bindparam("hashes", expanding=True)))
_MEMBERS = sa.select(group_member.c.contact_id, group_member.c.group_id).where(
    within(group_member.c.contact_id, "contacts")
)
_BEFORE = sa.select(sa.func.max(contact_import.c.imported_at)).where(contact_import.c.digest == sa.bindparam("digest"))
_ADD = Bulk.insert(
    contact,
    ("id", "uid", "msisdn_hash", "msisdn_sealed", "key_id", "locale", "created_at", "operator", "attributes"),
)
_ATTRIBUTES = Bulk.update(contact, ("operator", "attributes"), keys=("id",))
_LOCALE = Bulk.update(contact, ("locale",), keys=("id",))
_JOIN = Bulk.insert(group_member, ("group_id", "contact_id"))


def find(connection: Connection, hashes: Sequence[bytes]) -> dict[bytes, Known]:
    """Hash → contact, for those that are there."""
    rows = connection.execute(_FIND, {"hashes": hashes})
    found = {bytes(row[0]): Known(row[1], row[2], bool(row[3]), row[4], row[5], bool(row[6])) for row in rows}
    missing = [each for each in hashes if each not in found]
    gone = erasures.forgotten(connection, missing) if missing else ()
    return found | {each: Known(0, None, True, "", "{}", True) for each in gone}


def groups_of(connection: Connection, contact_ids: Sequence[int]) -> dict[int, set[int]]:
    """Contact → its groups."""
    found: dict[int, set[int]] = defaultdict(set)
    for contact_id, group_id in connection.execute(_MEMBERS, {"contacts": contact_ids}):
        found[contact_id].add(group_id)
    return found


def write(
    connection: Connection, new: Sequence[New], changed: Sequence[Changed], at: datetime, ahead: dict[str, deque[int]]
) -> None:
    """Add contacts and change contacts. A number that another process adds meanwhile makes the unit of work begin anew."""
    ids, binary, created_at = Ids(lambda: connection, [contact], ahead), _binary(connection), stamp(at)
    added, members = list[tuple[Any, ...]](), list[tuple[int, int]]()
    for each in sorted(
        new
    ):  # in the order of the hashes: two processes then wait for each other, and never in a circle
        key = ids.take(contact)
        members += [(group, key) for group in each.groups]
        hashed, sealed = binary(each.hash), binary(each.sealed)
        added.append(
            (
                key,
                new_uid(connection),
                hashed,
                sealed,
                each.key_id,
                each.locale,
                created_at,
                each.operator,
                each.attributes,
            )
        )
    members += [(group, each.id) for each in changed for group in each.groups]
    _ADD.write(connection, added)
    jobs = [
        Job(_ATTRIBUTES, [(each.operator, each.attributes, each.id) for each in changed]),
        Job(_JOIN, members),
    ]
    write_together(connection, jobs)
    _LOCALE.write(connection, [(each.locale, each.id) for each in changed if each.locale])


def _binary(connection: Connection) -> Any:
    """How bytes go into a batch: as they are, or as PostgreSQL reads them from text."""
    return bytes if connection.dialect.name == "sqlite" else (lambda value: "\\x" + value.hex())


def before(connection: Connection, digest: str) -> datetime | None:
    """When this very file was last imported, if it was."""
    found: datetime | None = connection.execute(_BEFORE, {"digest": digest}).scalar()
    return found


def record(
    connection: Connection, digest: str, mapping: Mapping[str, Any], counts: Mapping[str, Any], at: datetime
) -> int:
    """Write down that a file was imported, how it was read, and what came of it; returns the key of that."""
    row = {
        "uid": uuid7(), "digest": digest, "mapping": json.dumps(mapping, ensure_ascii=False),
        "counts": json.dumps(counts), "imported_at": at,
    }  # fmt: skip
    return int(connection.execute(sa.insert(contact_import).values(row)).inserted_primary_key[0])  # type: ignore[index]


def counts(connection: Connection) -> dict[str, dict[str, int]]:
    """How many contacts there are, by language and by operator, and how many stopped."""

    def by(column: sa.ColumnElement[Any]) -> dict[str, int]:
        rows: Iterable[Any] = connection.execute(sa.select(column, sa.func.count()).group_by(column))
        found = [(str(value or ""), count) for value, count in rows]
        return dict(sorted(found, key=lambda item: (-item[1], item[0])))

    stopped = sa.case((contact.c.stopped_at.is_(None), "active"), else_="stopped")
    return {"state": by(stopped), "language": by(contact.c.locale), "operator": by(contact.c.operator)}
