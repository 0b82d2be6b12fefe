"""What happened on one phone, for a person who looks after it: never a number, and never an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from json import loads
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.broadcasts import broadcast
from app.models.consents import consent
from app.models.messages import inbound, outbox
from app.models.people import contact, contact_group, group_member, respondent
from app.models.runs import channel, run, session
from app.models.surveys import survey
from app.store.batch import within
from app.values import RunState

_MOST = 100  # of each kind


class Moment(NamedTuple):
    """One thing that happened."""

    at: datetime
    what: str
    """`run`, `session`, `message`, `heard`, `consent`."""
    subject: str
    """Which survey, channel, broadcast or purpose."""
    state: str
    words: str
    """Of a broadcast's message, while they are kept."""
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Phone:
    """What is known of a contact."""

    id: int
    locale: str | None
    operator: str
    attributes: Mapping[str, Any]
    groups: Sequence[str]
    people: int
    created_at: datetime
    stopped_at: datetime | None
    asked_at: datetime | None


def phone(connection: Connection, contact_id: int) -> Phone | None:
    """What is known of a contact; None where there is none."""
    row = connection.execute(
        sa.select(
            contact.c.id, contact.c.locale, contact.c.operator, contact.c.attributes, contact.c.created_at,
            contact.c.stopped_at, contact.c.asked_at,
        ).where(contact.c.id == contact_id)
    ).first()  # fmt: skip
    if row is None:
        return None
    named = sa.select(contact_group.c.name).join(group_member, group_member.c.group_id == contact_group.c.id)
    groups = connection.execute(named.where(group_member.c.contact_id == contact_id).order_by(contact_group.c.name))
    people = sa.select(sa.func.count()).select_from(respondent).where(respondent.c.contact_id == contact_id)
    return Phone(
        row.id, row.locale, row.operator, loads(row.attributes), list(groups.scalars()),
        connection.execute(people).scalar_one(), row.created_at, row.stopped_at, row.asked_at,
    )  # fmt: skip


def of(connection: Connection, contact_id: int) -> list[Moment]:
    """What happened, the last thing first."""
    found = [
        Moment(*row) for statement in _STATEMENTS for row in connection.execute(statement, {"contact": contact_id})
    ]
    return sorted(found, key=lambda each: each.at, reverse=True)


def some(connection: Connection, condition: sa.ColumnElement[bool], *, count: int) -> list[tuple[int, str, str]]:
    """A few contacts who are meant: key, language, operator."""
    statement = sa.select(contact.c.id, contact.c.locale, contact.c.operator).where(condition).limit(count)
    return [(row.id, row.locale or "", row.operator) for row in connection.execute(statement)]


def stop_runs(connection: Connection, contact_id: int, *, reason: str, at: datetime) -> None:
    """End what is under way on a phone, as her word STOP does."""
    active = sa.select(run.c.id).where(run.c.contact_id == contact_id, run.c.state == sa.text("'active'"))
    ids = list(connection.execute(active).scalars())
    ended = {"state": RunState.STOPPED, "reason": reason, "ended_at": at, "touched_at": at}
    connection.execute(
        sa.update(run)
        .where(within(run.c.id, "ids"), run.c.state == sa.text("'active'"))
        .values(**ended, revision=run.c.revision + 1),
        {"ids": ids},
    )


_CONTACT: sa.BindParameter[int] = sa.bindparam("contact")
_NONE = sa.literal("")
_NEVER = sa.null()
_RUNS = (
    sa.select(run.c.started_at, sa.literal("run"), survey.c.name, run.c.state, _NONE, run.c.ended_at)
    .join(survey, survey.c.id == run.c.survey_id)
    .where(run.c.contact_id == _CONTACT)
    .order_by(run.c.id.desc())
    .limit(_MOST)
)
_SESSIONS = (
    sa.select(session.c.started_at, sa.literal("session"), channel.c.name, session.c.medium, _NONE, session.c.ended_at)
    .join(channel, channel.c.id == session.c.channel_id)
    .where(session.c.contact_id == _CONTACT)
    .order_by(session.c.id.desc())
    .limit(_MOST)
)
# Replies may repeat what she answered: their words are never shown. Those of broadcasts are the same for many.
_MESSAGES = (
    sa.select(
        outbox.c.created_at, sa.literal("message"), sa.func.coalesce(broadcast.c.name, ""), outbox.c.state,
        sa.case((outbox.c.broadcast_id.is_not(None), outbox.c.body), else_=""), outbox.c.settled_at,
    )
    .outerjoin(broadcast, broadcast.c.id == outbox.c.broadcast_id)
    .where(outbox.c.contact_id == _CONTACT)
    .order_by(outbox.c.id.desc())
    .limit(_MOST)
)  # fmt: skip
_HEARD = (
    sa.select(inbound.c.received_at, sa.literal("heard"), channel.c.name, _NONE, _NONE, _NEVER)
    .join(channel, channel.c.id == inbound.c.channel_id)
    .where(inbound.c.contact_id == _CONTACT)
    .order_by(inbound.c.id.desc())
    .limit(_MOST)
)
_CONSENTS = (
    sa.select(
        consent.c.at, sa.literal("consent"), consent.c.purpose, sa.case((consent.c.granted, "given"), else_="refused"),
        survey.c.name, consent.c.withdrawn_at,
    )
    .join(run, run.c.id == consent.c.run_id)
    .join(survey, survey.c.id == run.c.survey_id)
    .where(run.c.contact_id == _CONTACT)
    .order_by(consent.c.id.desc())
    .limit(_MOST)
)  # fmt: skip
_STATEMENTS = (_RUNS, _SESSIONS, _MESSAGES, _HEARD, _CONSENTS)
