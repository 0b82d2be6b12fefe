"""Facilitators: phones whose holders take several people through a survey, one after another."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.care import facilitator
from app.store.batch import within


class Facilitator(NamedTuple):
    """A phone that takes people through surveys, as the office calls it."""

    contact_id: int
    name: str
    added_at: datetime


_ALL = sa.select(facilitator.c.contact_id, facilitator.c.name, facilitator.c.added_at)
_SAME = sa.select(sa.exists().where(
    (facilitator.c.contact_id == sa.bindparam("contact")) | (facilitator.c.name == sa.bindparam("name"))
))  # fmt: skip
_AMONG = sa.select(facilitator.c.contact_id).where(within(facilitator.c.contact_id, "contacts"))


def add(connection: Connection, contact_id: int, name: str, at: datetime) -> bool:
    """Let this phone take people through surveys; False where it does so already, or another has this name."""
    if connection.execute(_SAME, {"contact": contact_id, "name": name}).scalar():
        return False
    connection.execute(sa.insert(facilitator).values(contact_id=contact_id, name=name, added_at=at))
    return True


def remove(connection: Connection, name: str) -> bool:
    """Let the phone of this name be one like all others; says whether there was one."""
    return bool(connection.execute(sa.delete(facilitator).where(facilitator.c.name == name)).rowcount)


def every(connection: Connection) -> list[Facilitator]:
    """All facilitators, by name."""
    return [Facilitator(*row) for row in connection.execute(_ALL.order_by(facilitator.c.name))]


def among(connection: Connection, contact_ids: Sequence[int]) -> set[int]:
    """Which of these phones are a facilitator's: one statement, the same for every batch of turns."""
    return set(connection.execute(_AMONG, {"contacts": contact_ids}).scalars())
