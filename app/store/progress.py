"""How far a broadcast has come with people, and its last messages: for a page that somebody looks at while it goes on."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.broadcasts import recipient
from app.models.messages import outbox
from app.models.runs import run
from app.models.surveys import survey_version
from app.store.broadcasts import Broadcast

_LOOKED_AT = 2_000  # of the newest messages of all: what is under way is among them


class Reached(NamedTuple):
    """How many runs of its survey recipients began since it started, and how many of these were completed."""

    started: int
    completed: int


class Event(NamedTuple):
    """One message, without its words."""

    contact_id: int
    kind: str
    state: str
    reason: str
    at: datetime


def reached(connection: Connection, which: Broadcast) -> Reached:
    """Count runs by their start, for which there is an index, and see who of them is a recipient."""
    if which.survey_id is None or which.started_at is None:
        return Reached(0, 0)
    versions = sa.select(survey_version.c.id).where(survey_version.c.survey_id == which.survey_id)
    hers = sa.exists().where(recipient.c.broadcast_id == which.id, recipient.c.contact_id == run.c.contact_id)
    completed = sa.func.coalesce(sa.func.sum(sa.case((run.c.state == "completed", 1), else_=0)), 0)
    counted = sa.select(sa.func.count(), completed).where(
        run.c.survey_version_id.in_(versions), run.c.started_at >= which.started_at, hers.correlate(run)
    )
    return Reached(*connection.execute(counted).one())


def latest(connection: Connection, broadcast_id: int, *, count: int) -> Sequence[Event]:
    """The last messages of a broadcast that are among the newest of all, the last one first."""
    newest = sa.select(outbox.c.id).order_by(outbox.c.id.desc()).limit(_LOOKED_AT).subquery()
    statement = (
        sa.select(
            outbox.c.contact_id, outbox.c.kind, outbox.c.state, outbox.c.reason,
            sa.func.coalesce(outbox.c.settled_at, outbox.c.created_at, type_=outbox.c.created_at.type),
        )
        .join(newest, newest.c.id == outbox.c.id)
        .where(outbox.c.broadcast_id == broadcast_id)
        .order_by(outbox.c.id.desc())
        .limit(count)
    )  # fmt: skip
    return [Event(*row) for row in connection.execute(statement)]
