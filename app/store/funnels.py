"""How far people got: at which questions runs stand, why, and what was answered before; grouped by the database."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import contact
from app.models.runs import answer, run, session

_FIRSTS = ("", "1", "1.1", "1.1.1")
"""The first place in repeats: who answered a question several times reached it once."""
_FIRST_COLUMN = sa.text("1")
_STEP = timedelta(hours=1)


class By(StrEnum):
    """What a funnel can be split by; each run is on one side of it."""

    CHANNEL = "channel"
    OPERATOR = "operator"
    HOUR = "hour"
    LANGUAGE = "language"


class Stand(NamedTuple):
    """So many runs that are not completed stand at a question, or left there."""

    side: str
    question: str
    state: str
    reason: str
    medium: str
    """Of the run's last session; empty where it has none any more."""
    end: str
    """What was said of the end of that session: `open`, `silence`, `incomplete`, `failed` or `closed`."""
    timed_out: bool
    """Whether that session had lasted as long as networks let it."""
    runs: int


class Passed(NamedTuple):
    """So many runs with an answer to a question, and so many that skipped it."""

    side: str
    question: str
    answered: int
    skipped: int


def sides(connection: Connection, survey_id: int, by: By | None, zone: ZoneInfo) -> dict[str, int]:
    """How many runs there are on each side."""
    side = _side(connection, survey_id, by, zone)
    statement = sa.select(side, sa.func.count()).select_from(_joined(by)).where(_of(survey_id)).group_by(_FIRST_COLUMN)
    return {_word(name): runs for name, runs in connection.execute(statement)}


def stands(
    connection: Connection, survey_id: int, by: By | None, zone: ZoneInfo, *, longest_ms: int
) -> Iterator[Stand]:
    """Where the runs of a survey stand that are not completed, and how the last session of each ended."""
    status = sa.func.lower(session.c.end_status)
    end = sa.case(
        (session.c.ended_at.is_(None), "open"),
        (status.in_(("silence", "incomplete", "failed")), status),
        else_="closed",
    )
    parts = (
        _side(connection, survey_id, by, zone).label("side"), run.c.question, run.c.state, run.c.reason,
        sa.func.coalesce(session.c.medium, "").label("medium"), sa.case((session.c.id.is_(None), ""), else_=end).label("end"),
        sa.case((session.c.duration_ms >= longest_ms, 1), else_=0).label("timed_out"),
    )  # fmt: skip
    joined = _joined(by, last=True)
    inner = (
        sa.select(*parts).select_from(joined).where(_of(survey_id), run.c.state != sa.text("'completed'")).subquery()
    )
    for row in connection.execute(sa.select(*inner.c, sa.func.count()).group_by(*inner.c)):
        yield Stand(_word(row[0]), *row[1:6], bool(row[6]), row[7])


def passed(connection: Connection, survey_id: int, by: By | None, zone: ZoneInfo) -> Iterator[Passed]:
    """What was answered and what was skipped; but for the question at which a run stands, to which she may have gone back."""
    side = _side(connection, survey_id, by, zone).label("side")
    completed = run.c.state == sa.text("'completed'")
    at = sa.case((completed, ""), else_=run.c.question).label("at")
    runs = (
        sa.select(run.c.id, side, at)
        .select_from(_joined(by))
        .where(_of(survey_id))
        .cte("runs")
        .prefix_with("MATERIALIZED", dialect="postgresql")  # a side is worked out once a run, not once an answer
    )
    statement = (
        sa.select(runs.c.side, answer.c.question, sa.func.count(answer.c.value), sa.func.count())
        .select_from(answer.join(runs, runs.c.id == answer.c.run_id))
        .where(answer.c.set_aside_at.is_(None), answer.c.position.in_(_FIRSTS), answer.c.question != runs.c.at)
        .group_by(runs.c.side, answer.c.question)
    )
    for side_, question, answered, together in connection.execute(statement):
        yield Passed(_word(side_), question, answered, together - answered)


def _of(survey_id: int) -> "sa.ColumnElement[bool]":
    return run.c.survey_id == survey_id


def _word(side: Any) -> str:
    return "" if side is None else str(side)


def _joined(by: By | None, *, last: bool = False) -> sa.FromClause:
    """Runs, with their last session and their phone where these are needed."""
    joined: sa.FromClause = run
    if last or by is By.CHANNEL:
        # Each once for all runs: looked up a run at a time, PostgreSQL did it once an answer.
        newest = (
            sa.select(session.c.run_id, sa.func.max(session.c.id).label("id"))
            .where(session.c.run_id.is_not(None))
            .group_by(session.c.run_id)
            .subquery("newest")
        )
        joined = joined.outerjoin(newest, newest.c.run_id == run.c.id).outerjoin(session, session.c.id == newest.c.id)
    if by is By.OPERATOR:
        joined = joined.outerjoin(contact, contact.c.id == run.c.contact_id)
    return joined


def _side(connection: Connection, survey_id: int, by: By | None, zone: ZoneInfo) -> "sa.ColumnElement[Any]":
    match by:
        case By.CHANNEL:
            return session.c.medium
        case By.OPERATOR:
            return contact.c.operator
        case By.LANGUAGE:
            return run.c.locale
        case By.HOUR:
            return _hour(connection, survey_id, zone)
        case None:
            return sa.literal_column("''")


def _hour(connection: Connection, survey_id: int, zone: ZoneInfo) -> "sa.ColumnElement[Any]":
    """The hour of the day in which a run began, on the respondents' clocks."""
    if connection.dialect.name == "postgresql":
        return sa.func.to_char(sa.func.timezone(zone.key, run.c.started_at), "HH24")
    first, last = connection.execute(
        sa.select(sa.func.min(run.c.started_at), sa.func.max(run.c.started_at)).where(_of(survey_id))
    ).one()
    shift = _shift(dict(_offsets(first, last, zone)) if first else {})
    return sa.func.strftime("%H", run.c.started_at, shift, type_=sa.String)


def _offsets(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, int]]:
    """From when on the clocks of a zone are so many minutes ahead of UTC, between two moments. SQLite knows no zones."""
    at, before = first.replace(minute=0, second=0, microsecond=0, tzinfo=UTC), None
    while at <= last:
        offset = at.astimezone(zone).utcoffset()
        if offset is not None and offset != before:
            yield at, int(offset.total_seconds() // 60)
            before = offset
        at += _STEP


def _shift(offsets: Mapping[datetime, int]) -> "sa.ColumnElement[str]":
    """As SQLite writes it: `+120 minutes`."""
    words = [(since, f"{minutes:+} minutes") for since, minutes in offsets.items()]
    if len(words) < 2:
        return sa.literal(words[0][1] if words else "+0 minutes")
    later = ((run.c.started_at >= since, word) for since, word in reversed(words[1:]))
    return sa.case(*later, else_=words[0][1])
