"""How those who completed a survey came to it."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.broadcasts import broadcast, recipient
from app.models.runs import run
from app.values import RunState

_RUN_STATE_COMPLETED = run.c.state == sa.text(f"'{RunState.COMPLETED.value}'")
# Each person once: where somebody completed a survey again, her first time counts.
_FIRST = (
    sa.select(sa.func.min(run.c.id).label("id"))
    .where(run.c.survey_id == sa.bindparam("survey"), _RUN_STATE_COMPLETED)
    .group_by(run.c.respondent_id)
    .subquery("first")
)
INVITED = sa.exists().where(
    recipient.c.contact_id == run.c.contact_id,
    recipient.c.rounds > recipient.c.lapsed,
    broadcast.c.id == recipient.c.broadcast_id,
    broadcast.c.survey_id == run.c.survey_id,
    run.c.started_at >= sa.func.coalesce(broadcast.c.started_at, broadcast.c.created_at),
)
"""For a query of runs: whether a broadcast had asked that phone for this survey before the run began."""


class Ways(NamedTuple):
    """How many respondents came how."""

    invited: int
    """They were on the list of a broadcast."""
    own: int
    """They dialled or wrote by themselves."""
    facilitated: int
    """Somebody took them through it."""
    unlinked: int
    """Nobody can tell any more: the link to the phone was cut."""


def ways(connection: Connection, survey_id: int) -> Ways:
    """How the respondents of a survey came to it."""
    way = sa.case(
        (run.c.mode == sa.text("'facilitator'"), "facilitated"),
        (run.c.contact_id.is_(None), "unlinked"),
        (INVITED, "invited"),
        else_="own",
    )
    statement = sa.select(way, sa.func.count()).join(_FIRST, _FIRST.c.id == run.c.id).group_by(sa.text("1"))
    found = {row[0]: row[1] for row in connection.execute(statement, {"survey": survey_id})}
    return Ways(**{name: found.get(name, 0) for name in Ways._fields})
