"""How far people got: at which questions runs stand, and why, and who completed; grouped by the database."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import contact
from app.models.runs import run, session
from app.store import figures
from app.store.figures import Axis, Count, Kind, Who, people, who

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
    who: Who = (0, 0)


def completed(connection: Connection, survey_id: int, by: By | None, zone: ZoneInfo) -> list[Count]:
    """The respondents whom figures count, by the side on which their runs are."""
    match by:
        case None:
            axes = []
        case By.CHANNEL | By.LANGUAGE:
            axes = [Axis(Kind(by.value))]  # as figures tell them apart, so that the two cannot be compared
        case By.OPERATOR:
            operator = sa.select(contact.c.operator).where(contact.c.id == run.c.contact_id).scalar_subquery()
            axes = [Axis(Kind.OTHER, expression=operator)]
        case By.HOUR:
            axes = [Axis(Kind.OTHER, expression=_hour(connection, survey_id, zone))]
    return figures.count(connection, survey_id, axes)


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
        run.c.id, _side(connection, survey_id, by, zone).label("side"), run.c.question, run.c.state, run.c.reason,
        sa.func.coalesce(session.c.medium, "").label("medium"), sa.case((session.c.id.is_(None), ""), else_=end).label("end"),
        sa.case((session.c.duration_ms >= longest_ms, 1), else_=0).label("timed_out"),
    )  # fmt: skip
    joined = _joined(by)
    inner = (
        sa.select(*parts).select_from(joined).where(_of(survey_id), run.c.state != sa.text("'completed'")).subquery()
    )
    for row in connection.execute(sa.select(*inner.c[1:], *people(inner.c.id)).group_by(*inner.c[1:])):
        side, question, state, reason, medium, ended, late, runs, *_ = row
        yield Stand(word(side), question, state, reason, medium, ended, bool(late), runs, who(row))


def word(side: Any) -> str:
    """What a side is called; empty where it is not known."""
    return "" if side is None else str(side)


def _of(survey_id: int) -> "sa.ColumnElement[bool]":
    return run.c.survey_id == survey_id


def _joined(by: By | None) -> sa.FromClause:
    """Runs, with their last session, and with their phone where that is needed."""
    newest = (
        sa.select(session.c.run_id, sa.func.max(session.c.id).label("id"))
        .where(session.c.run_id.is_not(None))
        .group_by(session.c.run_id)
        .subquery("newest")
    )
    joined = run.outerjoin(newest, newest.c.run_id == run.c.id).outerjoin(session, session.c.id == newest.c.id)
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
