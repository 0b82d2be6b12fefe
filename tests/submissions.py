"""Completed runs with their records, as many as a test needs, written straight into the database."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from app.models.people import respondent
from app.models.runs import record, run
from app.models.surveys import survey, survey_version
from app.store.unit import Database
from app.values import RunState

PLAIN = "<data><meta><instanceID>uuid:{uid}</instanceID></meta></data>"


def store_submissions(
    database: Database, name: str, ends: Sequence[datetime], xml: Callable[[int, UUID], str] | None = None
) -> list[UUID]:
    """Store a completed run of a survey's newest version for each moment; returns their names."""
    uids = [uuid7() for _ in ends]

    def work(connection: sa.Connection) -> None:
        survey_id, version_id = connection.execute(
            sa.select(survey.c.id, sa.func.max(survey_version.c.id))
            .join(survey_version, survey_version.c.survey_id == survey.c.id)
            .where(survey.c.name == name)
            .group_by(survey.c.id)
        ).one()
        for number, (uid, at) in enumerate(zip(uids, ends, strict=True)):
            person = connection.execute(
                sa.insert(respondent).values(
                    uid=uuid7(), pseudonym=str(uid.int % 10**30), survey_id=survey_id, position=1, created_at=at
                )
            ).inserted_primary_key[0]  # fmt: skip
            run_id = connection.execute(
                sa.insert(run).values(
                    uid=uid, respondent_id=person, survey_id=survey_id, survey_version_id=version_id,
                    state=RunState.COMPLETED, reason="", question="", locale="en", memory="{}", revision=1,
                    started_at=at - timedelta(minutes=2), touched_at=at, ended_at=at,
                )
            ).inserted_primary_key[0]  # fmt: skip
            written = xml(number, uid) if xml else PLAIN.format(uid=uid)
            connection.execute(sa.insert(record).values(run_id=run_id, xml=written, made_at=at))

    database.write(work)
    return uids
