"""Finished records as they are given out: page by page, in the order in which their runs began."""

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import respondent
from app.models.runs import record, run
from app.models.surveys import survey, survey_version
from app.values import RunState

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
    .where(record.c.run_id > sa.bindparam("after"), run.c.state.in_(sa.bindparam("states", expanding=True)))
    .order_by(record.c.run_id)
    .limit(sa.bindparam("count"))
)


def export(
    connection: Connection, *, survey_name: str | None, states: Collection[RunState], page: int = 500
) -> Iterator[Any]:
    """Yield the records of runs that ended so, a page at a time so that memory stays small."""
    statement = _EXPORT.where(survey.c.name == survey_name) if survey_name else _EXPORT
    after, wanted = 0, sorted(states)
    while rows := connection.execute(statement, {"after": after, "count": page, "states": wanted}).all():
        yield from rows
        after = rows[-1].run_id
