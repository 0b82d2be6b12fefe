"""Counting respondents for figures. What is counted here is shown only as `reports.figures.publish` makes it.

A respondent counts with her latest completed run. Those who completed last wait until there are ten of them: figures change
in steps of ten people, so that nobody sees what one of them said by looking before and after.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.care import flag
from app.models.consents import consent
from app.models.runs import answer, run
from app.models.surveys import survey_version
from app.values import SMALLEST_FLOOR, RunState

NOT_ASKED, SKIPPED = "not asked", "passed over"
"""No choice has such a name: names have no blanks."""
Who = tuple[int, int]
"""Two sums over some people that tell who they are, without telling it of any one."""
_PRIME = 2147483647  # a square below it fits into 64 bits


class Kind(StrEnum):
    """What respondents are told apart by."""

    ANSWER = "answer"
    """The value of an answer."""
    CHOSEN = "chosen"
    """Whether one choice of several was chosen."""
    ASKED = "asked"
    """The value of an answer; where there is none, why: `NOT_ASKED` or `SKIPPED`."""
    LANGUAGE = "language"
    CHANNEL = "channel"
    MODE = "mode"
    VERSION = "version"
    MONTH = "month"
    FLAGGED = "flagged"
    OTHER = "other"
    """What an expression says of the run."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One way to tell respondents apart."""

    kind: Kind
    question: str = ""
    choice: str = ""
    starts: tuple[datetime, ...] = ()
    """When each month but the first begins."""
    expression: Any = None


@dataclass(frozen=True, slots=True)
class Count:
    """Respondents who are alike in all ways: how many, and two sums that tell who they are."""

    values: tuple[str | None, ...]
    n: int
    who: Who


def count(connection: Connection, survey_id: int, axes: Sequence[Axis]) -> list[Count]:
    """Count the respondents of a survey by these axes. A value is None where she did not answer."""
    counting = _counting(connection, survey_id)
    source: Any = run
    values = []
    for axis in axes:
        value, source = _value(axis, source)
        values.append(value)
    statement = (
        sa.select(*(value.label(f"value_{place}") for place, value in enumerate(values)), *people(run.c.respondent_id))
        .select_from(source)
        .where(*counting)
        .group_by(*values)
    )
    rows = connection.execute(statement).all()
    return [Count(tuple(row[: len(axes)]), int(row[-3]), who(row)) for row in rows if row[-3]]


def people(key: Any) -> tuple[Any, ...]:
    """The last columns of a query that counts: how many there are of this key, and who."""
    folded = key % _PRIME
    return sa.func.count(), sa.func.sum(key), sa.func.sum(folded * folded % _PRIME)


def who(row: Any) -> Who:
    """The two sums at the end of a row of such a query."""
    return int(row[-2] or 0), int(row[-1] or 0)


def span(connection: Connection, survey_id: int) -> tuple[datetime, datetime] | None:
    """When the first and the last of the completed runs ended."""
    statement = sa.select(sa.func.min(run.c.ended_at), sa.func.max(run.c.ended_at)).where(*_completed(survey_id))
    first, last = connection.execute(statement).one()
    return (first, last) if first is not None else None


def _completed(survey_id: int) -> tuple[Any, ...]:
    withdrawn = sa.select(consent.c.run_id).where(
        consent.c.purpose == "take_part", consent.c.withdrawn_by.in_(("withdraw", "delete"))
    )
    return run.c.survey_id == survey_id, run.c.state == RunState.COMPLETED.value, run.c.id.not_in(withdrawn)


def _counting(connection: Connection, survey_id: int) -> tuple[Any, ...]:
    """Which runs count: of each respondent the latest, but for those that wait. Who answers again comes last again."""
    completed = _completed(survey_id)
    how_many = sa.select(sa.func.count(), sa.func.count(sa.distinct(run.c.respondent_id))).where(*completed)
    runs, people = connection.execute(how_many).one()
    counting = completed if runs == people else (*completed, run.c.id.in_(_latest(completed)))
    if not people % SMALLEST_FLOOR:
        return counting
    last = (
        sa.select(run.c.id)
        .where(*counting)
        .order_by(run.c.ended_at.desc(), run.c.id.desc())
        .limit(people % SMALLEST_FLOOR)
    )
    return *counting, run.c.id.not_in(list(connection.execute(last).scalars()))


def _latest(completed: tuple[Any, ...]) -> Any:
    return sa.select(sa.func.max(run.c.id)).where(*completed).group_by(run.c.respondent_id)


def _value(axis: Axis, source: Any) -> tuple[Any, Any]:
    """The SQL of an axis, and what it is read from."""
    match axis.kind:
        case Kind.ANSWER | Kind.CHOSEN | Kind.ASKED:
            given = answer.alias()
            joined = source.outerjoin(
                given,
                sa.and_(
                    given.c.run_id == run.c.id,
                    given.c.question == axis.question,
                    given.c.position == "",
                    given.c.set_aside_at.is_(None),
                ),
            )
            return _given(axis, given), joined
        case Kind.VERSION:
            return survey_version.c.version, source.join(survey_version, survey_version.c.id == run.c.survey_version_id)
        case _:
            return _of_run(axis), source


def _given(axis: Axis, given: Any) -> Any:
    match axis.kind:
        case Kind.CHOSEN:
            return _chosen(given.c.value, axis.choice)
        case Kind.ASKED:
            silent = sa.case((given.c.run_id.is_(None), NOT_ASKED), else_=SKIPPED)
            return sa.func.coalesce(given.c.value, silent)
        case _:
            return given.c.value


def _chosen(value: Any, choice: str) -> Any:
    there = (" " + value + " ").contains(f" {choice} ", autoescape=True)
    return sa.case((value.is_(None), None), (there, "yes"), else_="no")


def _of_run(axis: Axis) -> Any:
    match axis.kind:
        case Kind.LANGUAGE:
            return run.c.locale
        case Kind.MODE:
            return run.c.mode
        case Kind.CHANNEL:
            return sa.select(sa.func.min(answer.c.medium)).where(answer.c.run_id == run.c.id).scalar_subquery()
        case Kind.FLAGGED:
            return sa.case((sa.exists().where(flag.c.run_id == run.c.id), "yes"), else_="no")
        case Kind.OTHER:
            return axis.expression
        case _:
            return sum((sa.case((run.c.ended_at >= start, 1), else_=0) for start in axis.starts), start=sa.literal(0))
