"""What is held of people, in figures: for the reports that the law asks for. Nothing of a person is in it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.care import distress_case, facilitator
from app.models.consents import consent
from app.models.messages import inbound, outbox
from app.models.people import contact, respondent
from app.models.push import push
from app.models.runs import answer, record, run, turn
from app.models.surveys import survey

# What is held → the rows that are it.
_HELD: Mapping[str, tuple[sa.Table, sa.ColumnElement[bool]]] = {
    "phone numbers (encrypted)": (contact, sa.true()),
    "of these, phones with attributes from a list": (contact, contact.c.attributes != "{}"),
    "respondents (pseudonyms)": (respondent, sa.true()),
    "of these, respondents whose phone is known": (respondent, respondent.c.contact_id.is_not(None)),
    "runs of surveys": (run, sa.true()),
    "answers": (answer, sa.true()),
    "finished records": (record, record.c.xml.is_not(None)),
    "consents given or refused": (consent, sa.true()),
    "messages from respondents": (inbound, sa.true()),
    "of these, messages whose words are kept": (inbound, inbound.c.text != ""),
    "messages to phones": (outbox, sa.true()),
    "of these, messages to phones whose words are kept": (outbox, outbox.c.body != ""),
    "steps of sessions": (turn, sa.true()),
    "of these, steps whose words are kept": (turn, (turn.c.screen != "") | turn.c.typed.is_not(None)),
    "records that are in other projects too": (push, push.c.state == "there"),
    "cases of distress": (distress_case, sa.true()),
    "facilitators' phones": (facilitator, sa.true()),
}


class OfSurvey(NamedTuple):
    """How much is held of one survey."""

    survey: str
    respondents: int
    linked: int
    """Respondents whose phone is known."""
    answers: int


def counts(connection: Connection) -> dict[str, int]:
    """How many rows of each kind are held now."""
    return {name: _count(connection, table, which) for name, (table, which) in _HELD.items()}


def by_survey(connection: Connection) -> list[OfSurvey]:
    """How much is held of each survey, by name."""
    answers = (
        sa.select(run.c.survey_id, sa.func.count().label("count"))
        .join(answer, answer.c.run_id == run.c.id)
        .group_by(run.c.survey_id)
        .subquery()
    )
    people = (
        sa.select(
            respondent.c.survey_id,
            sa.func.count().label("count"),
            sa.func.count(respondent.c.contact_id).label("linked"),
        )
        .group_by(respondent.c.survey_id)
        .subquery()
    )
    statement = (
        sa.select(
            survey.c.name,
            sa.func.coalesce(people.c.count, 0),
            sa.func.coalesce(people.c.linked, 0),
            sa.func.coalesce(answers.c.count, 0),
        )
        .outerjoin(people, people.c.survey_id == survey.c.id)
        .outerjoin(answers, answers.c.survey_id == survey.c.id)
        .order_by(survey.c.name)
    )
    return [OfSurvey(*row) for row in connection.execute(statement)]


def purposes(connection: Connection) -> list[tuple[str, int]]:
    """What people agreed to, and how many of these consents stand."""
    statement = (
        sa.select(consent.c.purpose, sa.func.count())
        .where(consent.c.granted, consent.c.withdrawn_at.is_(None))
        .group_by(consent.c.purpose)
        .order_by(consent.c.purpose)
    )
    return [(row[0], row[1]) for row in connection.execute(statement)]


def sealed(connection: Connection) -> dict[int, int]:
    """Key → how many numbers it seals."""
    statement = sa.select(contact.c.key_id, sa.func.count()).group_by(contact.c.key_id).order_by(contact.c.key_id)
    return {row[0]: row[1] for row in connection.execute(statement)}


def _count(connection: Connection, table: Any, which: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(which)).scalar_one())
