"""The trail: who did what, in rows that are chained by a secret from outside of the database.

Each row's digest is taken with that secret over the digest before it and the row itself. So whoever has the database only
can change, remove or put in no row without breaking the chain; what was cut off at the end shows against a digest that was
written down elsewhere (`Head`).
"""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.access import audit
from app.store.batch import pages
from app.store.bulk import stamp
from app.values import Role

_PAGE = 1_000
_RECENT = 5_000
_COLUMNS = (audit.c.number, audit.c.at, audit.c.actor, audit.c.role, audit.c.action, audit.c.subject, audit.c.reason)
# As it is kept: a moment that somebody spoilt on SQLite is to be found, not to be stumbled over.
_AS_KEPT = (audit.c.number, sa.type_coerce(audit.c.at, sa.types.NullType()).label("at"), *_COLUMNS[2:], audit.c.digest)
_LAST = sa.select(audit.c.number, audit.c.digest).order_by(audit.c.number.desc()).limit(1)
_CHAIN = (
    sa.select(*_AS_KEPT)
    .where(audit.c.number > sa.bindparam("after"))
    .order_by(audit.c.number)
    .limit(sa.bindparam("count"))
)


class Entry(NamedTuple):
    """One thing that somebody did."""

    number: int
    at: datetime
    actor: str
    role: str
    action: str
    subject: str
    reason: str


class Head(NamedTuple):
    """Where the trail stood at some time: written down elsewhere, it shows whether anything was cut off since."""

    number: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.digest.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read what was written down; raises ValueError where it is none."""
        number, _, digest = text.strip().partition(":")
        return cls(int(number), bytes.fromhex(digest))


class Verdict(NamedTuple):
    """What `verify` found: so many rows hold, up to the head; the first that does not, and what is wrong with it."""

    rows: int
    head: Head
    broken: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Trail:
    """The pen of somebody who does things."""

    secret: bytes
    actor: str
    role: Role

    def note(self, connection: Connection, action: str, subject: str, *, at: datetime, reason: str = "") -> None:
        """Note what is done, in the transaction that does it."""
        entry = (self.actor, str(self.role), action, subject, reason)
        append(connection, self.secret, at, *entry)


def append(
    connection: Connection, secret: bytes, at: datetime, actor: str, role: str, action: str, subject: str, reason: str
) -> None:
    """Add a row: the last thing that a transaction does, for on PostgreSQL others wait with theirs until it is committed.

    SQLite has one writer in any case.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE")
    last = connection.execute(_LAST).first()
    number, before = (last.number + 1, bytes(last.digest)) if last else (1, b"")
    entry = Entry(number, at, actor, role, action, _fitting(subject, audit.c.subject), _fitting(reason, audit.c.reason))
    connection.execute(sa.insert(audit).values(**entry._asdict(), digest=_digest(secret, before, entry)))


def head(connection: Connection) -> Head:
    """Where the trail stands now."""
    last = connection.execute(_LAST).first()
    return Head(last.number, bytes(last.digest)) if last else Head(0, b"")


def has(connection: Connection, which: Head) -> bool:
    """Whether the trail has come past this place."""
    digest = connection.execute(sa.select(audit.c.digest).where(audit.c.number == which.number)).scalar()
    return digest is not None and hmac.compare_digest(bytes(digest), which.digest)


def every(connection: Connection, *, since: datetime | None = None, until: datetime | None = None) -> list[Entry]:
    """What was done in a span, the first thing first."""
    statement = sa.select(*_COLUMNS).order_by(audit.c.number)
    if since is not None:
        statement = statement.where(audit.c.at >= since)
    if until is not None:
        statement = statement.where(audit.c.at <= until)
    return [Entry(*row) for row in connection.execute(statement)]


class Wanted(NamedTuple):
    """Which rows somebody wants to see; what is empty asks for nothing."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    action: str = ""
    """How it begins: `account` is all that was done to accounts."""


def latest(connection: Connection, wanted: Wanted, *, before: int | None, count: int) -> list[Entry]:
    """The last things that were done, the newest first; with `before` those before that row."""
    statement = sa.select(*_COLUMNS).order_by(audit.c.number.desc()).limit(count)
    if before is not None:
        statement = statement.where(audit.c.number < before)
    if wanted.since is not None:
        statement = statement.where(audit.c.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(audit.c.at < wanted.until)
    if wanted.actor:
        statement = statement.where(audit.c.actor == wanted.actor)
    if wanted.action:
        statement = statement.where(audit.c.action.startswith(wanted.action, autoescape=True))
    return [Entry(*row) for row in connection.execute(statement)]


def named(connection: Connection) -> tuple[list[str], list[str]]:
    """Who did things lately, and what: for somebody to choose from."""
    recent = sa.select(audit.c.actor, audit.c.action).order_by(audit.c.number.desc()).limit(_RECENT).subquery()
    actors = connection.execute(sa.select(recent.c.actor).distinct().order_by(recent.c.actor)).scalars().all()
    actions = connection.execute(sa.select(recent.c.action).distinct().order_by(recent.c.action)).scalars().all()
    return list(actors), list(actions)


def verify(connection: Connection, secret: bytes, *, head: Head | None = None) -> Verdict:
    """Go along the chain to its end, or to the first row that was changed, removed or put in."""
    at = Head(0, b"")
    for number, digest, right in _links(connection, secret):
        if number != at.number + 1:
            return Verdict(at.number, at, at.number + 1, "was removed")
        if not hmac.compare_digest(digest, right):
            return Verdict(at.number, at, number, "was changed or put in, or the row before it was")
        if head is not None and number == head.number and not hmac.compare_digest(digest, head.digest):
            return Verdict(at.number, at, number, "is not the one that the head was written down of")
        at = Head(number, digest)
    if head is not None and at.number < head.number:
        return Verdict(at.number, at, at.number + 1, "and what followed it was cut off")
    return Verdict(at.number, at, None, "")


def _links(connection: Connection, secret: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, digest, and what the digest has to be after the row before."""
    before = b""
    for *values, digest in pages(connection, _CHAIN, key="number", page=_PAGE):
        yield values[0], bytes(digest), _digest(secret, before, values)
        before = bytes(digest)


def _digest(secret: bytes, before: bytes, entry: Any) -> bytes:
    number, at, *words = entry
    moment = at if isinstance(at, str) else stamp(at)
    said = json.dumps([number, moment, *words], ensure_ascii=True, separators=(",", ":"))
    return hmac.digest(secret, before + said.encode(), "sha256")


def _fitting(text: str, column: sa.Column[Any]) -> str:
    return text[: cast(sa.String, column.type).length]
