"""Attributes: what contacts may have. A name gets its kind when it first comes, and keeps it."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import attribute, contact
from app.store.audience import attribute_text
from app.store.bulk import insert


class Attribute(NamedTuple):
    """An attribute, and how many contacts have a value."""

    name: str
    kind: str
    contacts: int


def kinds(connection: Connection) -> dict[str, str]:
    """Name → kind."""
    return dict(connection.execute(sa.select(attribute.c.name, attribute.c.kind)).all())


def add(connection: Connection, wanted: Mapping[str, str], at: datetime) -> None:
    """Add attributes that are not there yet."""
    rows = [{"name": name, "kind": kind, "created_at": at} for name, kind in sorted(wanted.items())]
    if rows:
        statement = insert(connection, attribute).on_conflict_do_nothing(index_elements=["name"])
        connection.execute(statement, rows)


def every(connection: Connection) -> list[Attribute]:
    """All attributes by name, and how many contacts have a value of each."""
    known = sorted(kinds(connection).items())
    if not known:
        return []
    counts = [sa.func.count(attribute_text(contact.c.attributes, sa.literal(name))) for name, _ in known]
    found = connection.execute(sa.select(*counts)).one()
    return [Attribute(name, kind, count) for (name, kind), count in zip(known, found, strict=True)]
