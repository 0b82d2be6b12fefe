"""The latest turns at a question, for whoever looks after a survey: what happened, never what was said."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.runs import run, session, turn

_AMONG = 20_000  # turns looked through, so that it takes no longer however many there are


class Happened(NamedTuple):
    """One turn, without a word of it."""

    at: datetime
    medium: str
    locale: str
    outcome: str


def turns_at(connection: Connection, survey_id: int, question: str, *, limit: int = 20) -> list[Happened]:
    """The latest turns that replied to a question of a survey, the last one first; in repeats, at whatever place."""
    newest = sa.select(sa.func.max(turn.c.id)).scalar_subquery()
    at_it = sa.or_(turn.c.question == question, turn.c.question.startswith(f"{question}[", autoescape=True))
    statement = (
        sa.select(turn.c.at, session.c.medium, run.c.locale, turn.c.outcome)
        .join(run, run.c.id == turn.c.run_id)
        .join(session, session.c.id == turn.c.session_id)
        .where(turn.c.id > newest - _AMONG, at_it, run.c.survey_id == survey_id)
        .order_by(turn.c.id.desc())
        .limit(limit)
    )
    return [Happened(*row) for row in connection.execute(statement)]
