"""Respondents straight in the tables: as if they had answered, by the hundred."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.people import respondent
from app.models.runs import answer, run
from app.store import surveys
from app.values import Medium, RunState

START = datetime(2026, 10, 31, 21, 30, tzinfo=UTC)
SURVEY = "leave_no_one_behind"


def complete(
    connection: Connection,
    people: Sequence[Mapping[str, str | None]],
    *,
    who: Sequence[int] | None = None,
    state: RunState = RunState.COMPLETED,
    **about: Any,
) -> list[int]:
    """Give each of these answers to a respondent, a new one unless `who` names one; returns the respondents."""
    version = surveys.of_survey(connection, SURVEY)[-1]
    survey_id = surveys.ids(connection)[SURVEY]
    found = []
    for place, answers in enumerate(people):
        before = connection.execute(sa.select(sa.func.count()).select_from(run)).scalar_one()
        at = START + timedelta(minutes=before)
        person = who[place] if who else _person(connection, survey_id, at)
        run_id = connection.execute(
            sa.insert(run).returning(run.c.id),
            {
                "uid": uuid7(), "respondent_id": person, "survey_id": survey_id, "survey_version_id": version.id,
                "state": state, "reason": "", "question": "", "locale": "en", "memory": "", "revision": 1,
                "started_at": at, "touched_at": at, "ended_at": None if state is RunState.ACTIVE else at, **about,
            },
        ).scalar_one()  # fmt: skip
        rows = [_answer(run_id, question, value, at) for question, value in answers.items()]
        if rows:
            connection.execute(sa.insert(answer), rows)
        found.append(person)
    return found


def _person(connection: Connection, survey_id: int, at: datetime) -> int:
    values = {"uid": uuid7(), "pseudonym": uuid7().hex, "survey_id": survey_id, "position": 1, "created_at": at}
    return int(connection.execute(sa.insert(respondent).returning(respondent.c.id), values).scalar_one())


def _answer(run_id: int, question: str, value: str | None, at: datetime) -> dict[str, Any]:
    return {
        "uid": uuid7(), "run_id": run_id, "question": question, "position": "", "value": value, "locale": "en",
        "channel_id": 1, "medium": Medium.USSD, "attempts": 1, "asked_at": at, "answered_at": at,
    }  # fmt: skip
