"""How many people a broadcast would reach, by language and operator, and whom it would leave out and why."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import contact
from app.models.runs import run
from app.store.audience import audience, count
from app.store.broadcasts import Broadcast


class Count(NamedTuple):
    """So many people who are alike."""

    locale: str | None
    operator: str
    left_out: str
    """Why they are left out; empty for those who are not."""
    waits: bool
    """Whether another survey is being answered on their phone now."""
    people: int


def count_for(connection: Connection, which: Broadcast, at: datetime) -> list[Count]:
    """Count the audience of a broadcast as it is now."""
    answering = sa.select(run.c.id).where(run.c.contact_id == contact.c.id, run.c.state == sa.text("'active'"))
    here = answering.where(run.c.survey_id == which.survey_id).exists() if which.asks else sa.false()
    elsewhere = answering.where(run.c.survey_id != which.survey_id).exists() if which.asks else sa.false()
    lately = contact.c.asked_at > at - timedelta(days=which.rest_days) if which.asks else sa.false()
    left_out = sa.case(
        (contact.c.stopped_at.is_not(None), "stopped"), (here, "answering"), (sa.and_(lately, ~elsewhere), "asked_lately"),
        else_="",
    )  # fmt: skip
    each = sa.select(
        contact.c.locale,
        contact.c.operator,
        left_out.label("left_out"),
        sa.case((elsewhere, 1), else_=0).label("waits"),
    ).where(audience(connection, which.audience, at))
    alike = each.subquery()
    statement = sa.select(alike, sa.func.count()).group_by(*alike.c)
    return [
        Count(locale, operator, why, bool(waits) and not why, people)
        for locale, operator, why, waits, people in connection.execute(statement)
    ]


def answered(connection: Connection, which: Broadcast, survey: str, at: datetime) -> int:
    """On how many phones of the audience somebody has completed its survey already."""
    meant = audience(connection, which.audience, at) & audience(connection, f'completed "{survey}"', at)
    return count(connection, meant & contact.c.stopped_at.is_(None))
