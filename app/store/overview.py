"""How surveys stand, in a few queries that stay fast with a million respondents: for the first page that people see."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.access import audit
from app.models.broadcasts import broadcast, tally
from app.models.runs import answer, run
from app.models.surveys import survey, survey_version
from app.values import VersionStatus

_LATEST = 2_000  # answers looked at for the last of each survey


class Overview(NamedTuple):
    """One survey."""

    name: str
    title: str
    status: VersionStatus
    """Of its newest version that people were ever asked; `draft` where nobody was."""
    runs: Mapping[str, int]
    """State → number of runs."""
    messages: Mapping[str, int]
    """State → number of messages of its broadcasts; `waiting` for those that were not sent yet."""
    spent: Mapping[str, int]
    """Currency → millionths that its broadcasts cost."""
    answered_at: datetime | None
    """When the last answer came, as far as is known."""


def every(connection: Connection) -> list[Overview]:
    """All surveys, the one that was answered last first."""
    runs = _runs(connection)
    messages, spent = _messages(connection), _spent(connection)
    answered = _answered(connection)
    found = [
        Overview(
            row.name, row.title, VersionStatus(row.status), runs.get(row.id, {}), messages.get(row.id, {}),
            spent.get(row.id, {}), answered.get(row.id),
        )
        for row in connection.execute(_SURVEYS)
    ]  # fmt: skip
    return sorted(
        found, key=lambda each: (each.answered_at is None, -(each.answered_at or _NEVER).timestamp(), each.name)
    )


def backed_up_at(connection: Connection) -> datetime | None:
    """When the last backup was begun, as the trail says."""
    found: datetime | None = connection.execute(
        sa.select(audit.c.at).where(audit.c.action == "backup").order_by(audit.c.number.desc()).limit(1)
    ).scalar()
    return found


_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_ASKED = sa.case((survey_version.c.status == VersionStatus.DRAFT, 1), else_=0)
_RANKED = sa.select(
    survey_version.c.survey_id,
    survey_version.c.title,
    survey_version.c.status,
    sa.func.row_number()
    .over(partition_by=survey_version.c.survey_id, order_by=(_ASKED, survey_version.c.id.desc()))
    .label("rank"),
).subquery("ranked")
_SURVEYS = (
    sa.select(survey.c.id, survey.c.name, _RANKED.c.title, _RANKED.c.status)
    .join(_RANKED, (_RANKED.c.survey_id == survey.c.id) & (_RANKED.c.rank == 1))
    .order_by(survey.c.name)
)


def _runs(connection: Connection) -> dict[int, dict[str, int]]:
    counted = sa.select(run.c.survey_id, run.c.state, sa.func.count()).group_by(run.c.survey_id, run.c.state)
    return _nested(connection, counted)


def _messages(connection: Connection) -> dict[int, dict[str, int]]:
    state = sa.func.substr(tally.c.what, len("messages:") + 1)
    counted = (
        sa.select(broadcast.c.survey_id, state, sa.func.sum(tally.c.count))
        .join(tally, tally.c.broadcast_id == broadcast.c.id)
        .where(broadcast.c.survey_id.is_not(None), tally.c.what.startswith("messages:"))
        .group_by(broadcast.c.survey_id, state)
    )
    return _nested(connection, counted)


def _spent(connection: Connection) -> dict[int, dict[str, int]]:
    summed = (
        sa.select(broadcast.c.survey_id, broadcast.c.currency, sa.func.sum(broadcast.c.spent))
        .where(broadcast.c.survey_id.is_not(None), broadcast.c.spent > 0)
        .group_by(broadcast.c.survey_id, broadcast.c.currency)
    )
    return _nested(connection, summed)


def _answered(connection: Connection) -> dict[int, datetime]:
    """The last answer of each survey that is among the latest; else when the last of its runs was completed."""
    latest = sa.select(answer.c.run_id, answer.c.answered_at).order_by(answer.c.id.desc()).limit(_LATEST).subquery()
    newest = (
        sa.select(run.c.survey_id, sa.func.max(latest.c.answered_at))
        .join(run, run.c.id == latest.c.run_id)
        .group_by(run.c.survey_id)
    )
    ended = sa.select(run.c.ended_at).where(run.c.survey_id == survey.c.id, run.c.state == "completed")
    last = sa.select(survey.c.id, ended.order_by(run.c.ended_at.desc()).limit(1).scalar_subquery())
    found = {row[0]: row[1] for row in connection.execute(last) if row[1] is not None}
    return found | {row[0]: row[1] for row in connection.execute(newest) if row[1] is not None}


def _nested(connection: Connection, statement: "sa.Select[*tuple[int, str, int]]") -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for one, other, count in connection.execute(statement):
        if count:
            found.setdefault(one, {})[other] = int(count)
    return found
