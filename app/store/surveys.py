"""Surveys and their versions."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.runs import run
from app.models.surveys import survey, survey_version


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it is stored."""

    id: int
    survey_id: int
    survey: str
    version: str
    title: str
    digest: str
    xform: str
    created_at: datetime


_VERSIONS = (
    sa.select(
        survey_version.c.id,
        survey_version.c.survey_id,
        survey.c.name,
        survey_version.c.version,
        survey_version.c.title,
        survey_version.c.digest,
        survey_version.c.xform,
        survey_version.c.created_at,
    )
    .join(survey, survey.c.id == survey_version.c.survey_id)
    .where(survey_version.c.status == "published")
    .order_by(survey_version.c.id)
)


def published(connection: Connection) -> list[Version]:
    """All published versions, the oldest first; the last of a survey is the one that new runs get."""
    return [Version(*row) for row in connection.execute(_VERSIONS)]


def by_id(connection: Connection, version_id: int) -> Version:
    """One version, whatever its status: a run keeps the version that it began with."""
    row = connection.execute(_VERSIONS.where(survey_version.c.id == version_id)).one()
    return Version(*row)


def digests(connection: Connection) -> frozenset[str]:
    """The SHA-256 of every file that was brought."""
    return frozenset(connection.execute(sa.select(survey_version.c.digest)).scalars())


def publish(
    connection: Connection,
    *,
    name: str,
    version: str,
    title: str,
    digest: str,
    filename: str,
    source: bytes,
    xform: str,
    at: datetime,
) -> None:
    """Store a version of a survey; the same file again changes nothing."""
    survey_id = connection.execute(sa.select(survey.c.id).where(survey.c.name == name)).scalar()
    if survey_id is None:
        values = {"uid": uuid7(), "name": name, "created_at": at}
        survey_id = connection.execute(sa.insert(survey).values(values).returning(survey.c.id)).scalar_one()
    connection.execute(
        sa.insert(survey_version),
        {
            "uid": uuid7(), "survey_id": survey_id, "version": version, "title": title, "digest": digest,
            "filename": filename, "source": source, "xform": xform, "status": "published", "created_at": at,
        },
    )  # fmt: skip


def run_counts(connection: Connection) -> dict[int, dict[str, int]]:
    """Version id → state → number of runs."""
    counts: dict[int, dict[str, int]] = {}
    statement = sa.select(run.c.survey_version_id, run.c.state, sa.func.count()).group_by(
        run.c.survey_version_id, run.c.state
    )
    for version_id, state, count in connection.execute(statement):
        counts.setdefault(version_id, {})[state] = count
    return counts
