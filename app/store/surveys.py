"""Surveys and their versions. A survey has at most one published version: the one that new runs get."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.runs import run
from app.models.surveys import survey, survey_version
from app.values import VersionStatus


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it is stored, but for its form, which may be large."""

    id: int
    survey_id: int
    survey: str
    version: str
    title: str
    digest: str
    filename: str
    status: VersionStatus
    created_at: datetime
    published_at: datetime | None
    changed_at: datetime
    change: int
    """Which of all changes of a status was its last."""


class Content(NamedTuple):
    """What a version is made of: the file as it was brought, and the XForm that it became."""

    name: str
    version: str
    title: str
    digest: str
    filename: str
    source: bytes
    xform: str


_VERSIONS = (
    sa.select(
        survey_version.c.id,
        survey_version.c.survey_id,
        survey.c.name.label("survey"),
        survey_version.c.version,
        survey_version.c.title,
        survey_version.c.digest,
        survey_version.c.filename,
        survey_version.c.status,
        survey_version.c.created_at,
        survey_version.c.published_at,
        survey_version.c.changed_at,
        survey_version.c.change,
    )
    .join(survey, survey.c.id == survey_version.c.survey_id)
    .order_by(survey_version.c.id)
)
_LOCK = 0x12573  # any number that only changes of versions use
_LAST_CHANGE = sa.select(sa.func.coalesce(sa.func.max(survey_version.c.change), 0))


def published(connection: Connection) -> list[Version]:
    """The published version of each survey that has one."""
    return _read(connection, _VERSIONS.where(survey_version.c.status == VersionStatus.PUBLISHED))


def every(connection: Connection) -> list[Version]:
    """All versions of all surveys, whatever their status, in the order in which they were brought."""
    return _read(connection, _VERSIONS)


def of_survey(connection: Connection, name: str) -> list[Version]:
    """All versions of a survey, in the order in which they were brought."""
    return _read(connection, _VERSIONS.where(survey.c.name == name))


def by_id(connection: Connection, version_id: int) -> Version:
    """One version, whatever its status: a run keeps the version that it began with."""
    (found,) = _read(connection, _VERSIONS.where(survey_version.c.id == version_id))
    return found


def ids(connection: Connection) -> dict[str, int]:
    """Name → key of every survey, whether or not it can be asked."""
    return dict(connection.execute(sa.select(survey.c.name, survey.c.id)).all())


def xform(connection: Connection, version_id: int) -> str:
    """The form that a version is run as."""
    statement = sa.select(survey_version.c.xform).where(survey_version.c.id == version_id)
    return str(connection.execute(statement).scalar_one())


def source(connection: Connection, version_id: int) -> bytes:
    """The file of a version as it was brought."""
    statement = sa.select(survey_version.c.source).where(survey_version.c.id == version_id)
    return bytes(connection.execute(statement).scalar_one())


def digests(connection: Connection) -> frozenset[str]:
    """The SHA-256 of every file that was brought."""
    return frozenset(connection.execute(sa.select(survey_version.c.digest)).scalars())


def last_change(connection: Connection) -> int:
    """The number of the last change of any version: costs one look into an index."""
    return int(connection.execute(_LAST_CHANGE).scalar_one())


def add(connection: Connection, content: Content, status: VersionStatus, at: datetime) -> int:
    """Store a version; returns its key."""
    survey_id = connection.execute(sa.select(survey.c.id).where(survey.c.name == content.name)).scalar()
    if survey_id is None:
        values = {"uid": uuid7(), "name": content.name, "created_at": at}
        survey_id = connection.execute(sa.insert(survey).values(values).returning(survey.c.id)).scalar_one()
    version = content._asdict() | {"uid": uuid7(), "survey_id": survey_id, "status": status, "created_at": at}
    del version["name"]
    version |= {"published_at": at if status == VersionStatus.PUBLISHED else None} | _changed(connection, at)
    return int(
        connection.execute(sa.insert(survey_version).values(version).returning(survey_version.c.id)).scalar_one()
    )


def set_status(connection: Connection, version_id: int, status: VersionStatus, at: datetime) -> None:
    """Give a version another status."""
    published_at = {"published_at": at} if status == VersionStatus.PUBLISHED else {}
    connection.execute(
        sa.update(survey_version)
        .where(survey_version.c.id == version_id)
        .values({"status": status} | published_at | _changed(connection, at))
    )


def drop_draft(connection: Connection, version_id: int) -> None:
    """Forget a draft. It has no runs: nobody is ever asked one."""
    draft = survey_version.c.status == VersionStatus.DRAFT
    connection.execute(sa.delete(survey_version).where(survey_version.c.id == version_id, draft))


def run_counts(connection: Connection) -> dict[int, dict[str, int]]:
    """Version id → state → number of runs."""
    counts: dict[int, dict[str, int]] = {}
    statement = sa.select(run.c.survey_version_id, run.c.state, sa.func.count()).group_by(
        run.c.survey_version_id, run.c.state
    )
    for version_id, state, count in connection.execute(statement):
        counts.setdefault(version_id, {})[state] = count
    return counts


class Counts(NamedTuple):
    """How many runs a version has, and how many of them are under way."""

    runs: int
    active: int


def counts(connection: Connection, survey_id: int) -> dict[int, Counts]:
    """Version id → how many runs there are of it; from indexes alone, however many there are."""
    every = sa.select(run.c.survey_version_id, sa.func.count()).join(
        survey_version, survey_version.c.id == run.c.survey_version_id
    )
    every = every.where(survey_version.c.survey_id == survey_id).group_by(run.c.survey_version_id)
    active: dict[int, int] = dict(
        connection.execute(
            sa.select(run.c.survey_version_id, sa.func.count())
            .where(run.c.survey_id == survey_id, run.c.state == sa.text("'active'"))
            .group_by(run.c.survey_version_id)
        ).all()
    )
    return {version_id: Counts(runs, active.get(version_id, 0)) for version_id, runs in connection.execute(every)}


def _read(connection: Connection, statement: "sa.Select[Any]") -> list[Version]:
    rows = connection.execute(statement).mappings()
    return [Version(**{**row, "status": VersionStatus(row["status"])}) for row in rows]


def _changed(connection: Connection, at: datetime) -> dict[str, object]:
    """Number a change. Who changes something else at this moment waits: it would get the same number, and begin anew."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    return {"changed_at": at, "change": last_change(connection) + 1}
