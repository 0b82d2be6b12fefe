"""Records as ODK Central gives submissions: those of completed runs of a survey, the newest first, from one key to the next.

A run's end never changes, so whoever goes on after a key gets nothing twice and nothing less, whatever comes in meanwhile.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import respondent
from app.models.runs import record, run
from app.models.surveys import survey_version
from app.store.unit import Database

# Written out, not bound: else no database sees that `ix_run_completed` is meant.
_OF_SURVEY = (
    (run.c.survey_id == sa.bindparam("survey")) & sa.text("run.state = 'completed'") & record.c.xml.is_not(None)
)
_ALL = (
    sa.select(
        run.c.id.label("run_id"),
        run.c.uid,
        run.c.ended_at,
        record.c.xml,
        respondent.c.pseudonym.label("respondent"),
        survey_version.c.version,
    )
    .join(record, record.c.run_id == run.c.id)
    .join(respondent, respondent.c.id == run.c.respondent_id)
    .join(survey_version, survey_version.c.id == run.c.survey_version_id)
    .where(_OF_SURVEY)
    .order_by(run.c.ended_at.desc(), run.c.id.desc())
    .limit(sa.bindparam("count"))
)
_KEY = sa.tuple_(run.c.ended_at, run.c.id)
_AFTER = sa.tuple_(
    sa.bindparam("at", type_=run.c.ended_at.type), sa.bindparam("id", type_=run.c.id.type), types=[
        run.c.ended_at.type, run.c.id.type,
    ]
)  # fmt: skip
_COUNT = (
    sa.select(sa.func.count(), sa.func.max(run.c.ended_at, type_=run.c.ended_at.type).label("last"))
    .select_from(run)
    .join(record, record.c.run_id == run.c.id)
    .join(respondent, respondent.c.id == run.c.respondent_id)
    .where(_OF_SURVEY)
)
_PAGE = 200

Where = sa.ColumnElement[bool] | None
"""Which of them are wanted; see `filtering`."""


class Key(NamedTuple):
    """Where one is in the order of all submissions."""

    ended_at: datetime
    run_id: int

    @classmethod
    def of(cls, row: Any) -> "Key":
        """The key of a row."""
        return cls(row.ended_at, row.run_id)


class Tally(NamedTuple):
    """How many there are, and when the last of them came."""

    submissions: int
    last: datetime | None


def every(
    database: Database, survey_id: int, *, where: Where = None, after: Key | None = None, itself: bool = False,
    skip: int = 0,
) -> Iterator[Any]:  # fmt: skip
    """Yield all after a key, or from `itself` on. Each page is a reading of its own: slow readers hold no connection."""
    statement, given = _from(survey_id, where, after, itself=itself)
    statement = statement.offset(skip) if skip else statement
    while rows := database.read(partial(_page, statement=statement, given=given)):
        yield from rows
        statement, given = _from(survey_id, where, Key.of(rows[-1]))


def tally(connection: Connection, survey_id: int, where: Where = None) -> Tally:
    """Count them."""
    statement = _COUNT if where is None else _COUNT.where(where)
    return Tally(*connection.execute(statement, {"survey": survey_id}).one())


def one(connection: Connection, survey_id: int, uid: UUID) -> Any | None:
    """The submission of this name."""
    return connection.execute(_ALL.where(run.c.uid == uid), {"survey": survey_id, "count": 1}).first()


def _from(
    survey_id: int, where: Where, after: Key | None, *, itself: bool = False
) -> tuple[sa.Select[Any], dict[str, Any]]:
    statement, given = _ALL, dict[str, Any](survey=survey_id, count=_PAGE)
    if where is not None:
        statement = statement.where(where)
    if after is not None:
        statement = statement.where(_KEY <= _AFTER if itself else _KEY < _AFTER)
        given |= {"at": after.ended_at, "id": after.run_id}
    return statement, given


def _page(connection: Connection, *, statement: sa.Select[Any], given: dict[str, Any]) -> list[Any]:
    return list(connection.execute(statement, given).all())
