"""Groups: lists of contacts that somebody made."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.people import contact_group, group_member


class Group(NamedTuple):
    """A group, and how many contacts are in it."""

    name: str
    contacts: int


def ids(connection: Connection) -> dict[str, int]:
    """Name, whatever its case → key."""
    rows = connection.execute(sa.select(contact_group.c.name, contact_group.c.id))
    return {name.casefold(): key for name, key in rows}


def add(connection: Connection, names: Iterable[str], at: datetime) -> None:
    """Add groups that are not there yet."""
    known = ids(connection)
    missing = {name.casefold(): name for name in names if name.casefold() not in known}
    rows = [{"uid": uuid7(), "name": name, "created_at": at} for _, name in sorted(missing.items())]
    if rows:
        connection.execute(sa.insert(contact_group), rows)


def every(connection: Connection) -> list[Group]:
    """All groups by name."""
    members = sa.func.count(group_member.c.contact_id)
    joined = contact_group.outerjoin(group_member, group_member.c.group_id == contact_group.c.id)
    grouped = (
        sa.select(contact_group.c.name, members).select_from(joined).group_by(contact_group.c.id, contact_group.c.name)
    )
    return [Group(*row) for row in connection.execute(grouped.order_by(contact_group.c.name))]


def names(connection: Connection) -> list[str]:
    """The names of all groups."""
    return list(connection.execute(sa.select(contact_group.c.name)).scalars())
