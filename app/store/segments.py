"""Saved segments: a name for a description of an audience. Who is in one is found out each time it is used."""

import re
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.broadcasts import broadcast
from app.models.people import segment
from app.store import query
from app.store.query import BadSegment

_NAME = re.compile(r"[^\W\d][\w-]{0,63}")
_OVER = ("done", "cancelled", "failed")


class Segment(NamedTuple):
    """A saved segment."""

    name: str
    query: str
    changed_at: datetime


def every(connection: Connection) -> list[Segment]:
    """All saved segments, by name."""
    rows = connection.execute(sa.select(segment.c.name, segment.c.query, segment.c.changed_at).order_by(segment.c.name))
    return [Segment(*row) for row in rows]


def find(connection: Connection, name: str) -> Segment | None:
    """The segment of this name, in whatever case it is written."""
    return next((each for each in every(connection) if each.name.casefold() == name.casefold()), None)


def save(connection: Connection, name: str, text: str, at: datetime) -> None:
    """Save a segment, or give the one of this name another query. Raises `BadSegment` if the name is no name."""
    known = find(connection, name)
    if known is not None:
        changed = {"query": text, "changed_at": at}
        connection.execute(sa.update(segment).where(segment.c.name == known.name).values(changed))
        return
    if not _NAME.fullmatch(name) or name.lower() in query.RESERVED:
        raise BadSegment(f"{name!r} cannot be a name: use letters, figures, _ and -, and no word that queries have")
    row = {"uid": uuid7(), "name": name, "query": text, "created_at": at, "changed_at": at}
    connection.execute(sa.insert(segment).values(row))


def remove(connection: Connection, name: str) -> None:
    """Forget a segment. Contacts stay as they are."""
    connection.execute(sa.delete(segment).where(segment.c.name == name))


def users(connection: Connection, name: str) -> list[str]:
    """What would miss a segment: other segments, and broadcasts that are not over."""
    found = [f"the segment {each.name}" for each in every(connection) if _names(each.query, name)]
    waiting = sa.select(broadcast.c.name, broadcast.c.audience).where(broadcast.c.state.not_in(_OVER))
    rows = connection.execute(waiting.order_by(broadcast.c.name))
    return found + [f"the broadcast {each.name}" for each in rows if _names(each.audience, name)]


def _names(text: str, name: str) -> bool:
    """Whether a query speaks of a segment."""
    if text.strip().casefold() == name.casefold():
        return True
    try:
        return any(each.casefold() == name.casefold() for each in query.saved_in(query.parse(text)))
    except BadSegment:  # it cannot be used in any case
        return False
