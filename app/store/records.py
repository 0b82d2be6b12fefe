"""Finished records: those that are still to be made, and all of them as they are given out, in the order of their runs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import respondent
from app.models.runs import record, run
from app.models.surveys import survey, survey_version
from app.store import flags
from app.store.batch import pages
from app.store.bulk import Bulk, Job, bytes_of, stamp
from app.values import Doubt, RunState

_EXPORT = (
    sa.select(
        record.c.run_id,
        record.c.xml,
        survey.c.name.label("survey"),
        survey_version.c.id.label("version_id"),
        survey_version.c.version,
        respondent.c.pseudonym.label("respondent"),
        run.c.state,
        run.c.locale,
        run.c.ended_at,
    )
    .join(run, run.c.id == record.c.run_id)
    .join(respondent, respondent.c.id == run.c.respondent_id)
    .join(survey_version, survey_version.c.id == run.c.survey_version_id)
    .join(survey, survey.c.id == survey_version.c.survey_id)
    .where(
        record.c.run_id > sa.bindparam("after"),
        record.c.xml.is_not(None),
        run.c.state.in_(sa.bindparam("states", expanding=True)),
    )
    .order_by(record.c.run_id)
    .limit(sa.bindparam("count"))
)


_FINISHED = Bulk.insert(record, ("run_id",))
_MADE = Bulk.update(record, ("xml", "made_at", "vector"), keys=("run_id",))
_UNMADE = (
    sa.select(
        run.c.id,
        run.c.contact_id,
        run.c.survey_id,
        run.c.survey_version_id,
        run.c.state,
        run.c.mode,
        run.c.memory,
        run.c.ended_at,
    )
    .join(record, record.c.run_id == run.c.id)
    .where(record.c.xml.is_(None))
    .order_by(record.c.run_id)
    .limit(sa.bindparam("count"))
)


def adding(run_ids: Iterable[int]) -> Job:
    """The noting of runs whose record is to be made."""
    return Job(_FINISHED, [(run_id,) for run_id in run_ids])


def unmade(connection: Connection, *, count: int) -> Sequence[Any]:
    """Finished runs without a record, the first to begin first, with what a record is made of."""
    return connection.execute(_UNMADE, {"count": count}).all()


def keep(connection: Connection, made: Mapping[int, str], vectors: Mapping[int, bytes], at: datetime) -> None:
    """Keep records with the hashes of what was chosen, by run. Whoever makes one makes the same, so twice does no harm."""
    _MADE.write(
        connection,
        [(xml, stamp(at), bytes_of(connection, vectors.get(run_id)), run_id) for run_id, xml in made.items()],
    )


def export(
    connection: Connection,
    *,
    survey_name: str | None,
    states: Collection[RunState],
    without: Collection[Doubt] = (),
    page: int = 500,
) -> Iterator[Any]:
    """Yield the records of runs that ended so and have none of these flags, a page at a time so that memory stays small."""
    statement = _EXPORT.where(survey.c.name == survey_name) if survey_name else _EXPORT
    statement = statement.where(~flags.flagged(run.c.id, without)) if without else statement
    return pages(connection, statement, key="run_id", page=page, states=sorted(states))


def left_out(
    connection: Connection, *, survey_name: str | None, states: Collection[RunState], without: Collection[Doubt]
) -> int:
    """How many runs that ended so, and have a record, have one of these flags."""
    recorded = sa.exists().where(record.c.run_id == run.c.id, record.c.xml.is_not(None))
    return flags.count(connection, without, recorded, run.c.state.in_(sorted(states)), survey_name=survey_name)
