"""Records to push: queued when they are made, claimed with a lease, settled once. A record keeps its name, so what nobody
answered is sent again: the other side knows it by that name, and has it once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import respondent
from app.models.push import push
from app.models.runs import record, run
from app.models.surveys import survey, survey_version
from app.store.batch import within
from app.store.bulk import insert
from app.store.demo import MARK
from app.values import PushState, RunState

NO_FORM, OTHER_FORM, OTHER_VERSION = "the form is not there", "the form there is another", "another version is there"
"""Reasons that only a person mends."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A record that this attempt, and no other, may send."""

    id: int
    uid: UUID
    version_id: int
    attempts: int
    doubt: bool
    due_at: datetime


class Settled(NamedTuple):
    """What became of a claimed record. `due_at` says when to try again, where it is queued."""

    id: int
    state: PushState
    reason: str
    doubt: bool
    attempts: int
    due_at: datetime


class Count(NamedTuple):
    """How many stand so, and why."""

    target: str
    survey: str
    version: str
    state: PushState
    reason: str
    records: int


class Sent(NamedTuple):
    """A record that is in another project and no more here."""

    target: str
    survey: str
    uid: UUID
    doubt: bool


_QUEUED, _SENDING = push.c.state == sa.text("'queued'"), push.c.state == sa.text("'sending'")
_THERE = sa.exists().where(run.c.uid == push.c.uid, record.c.run_id == run.c.id, record.c.xml.is_not(None))
_GOES = (
    sa.select(run.c.uid, run.c.survey_version_id)
    .join(record, record.c.run_id == run.c.id)
    .join(survey, survey.c.id == run.c.survey_id)
    .join(respondent, respondent.c.id == run.c.respondent_id)
    # Simulated respondents stay here.
    .where(record.c.xml.is_not(None), run.c.state == RunState.COMPLETED, ~respondent.c.pseudonym.startswith(MARK))
)
_DUE = (
    sa.select(push.c.id)
    .where(push.c.target == sa.bindparam("to"), _QUEUED, push.c.due_at <= sa.bindparam("at", type_=push.c.due_at.type))
    .order_by(push.c.due_at, push.c.id)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    sa.update(push)
    .where(within(push.c.id, "ids"), _QUEUED)
    .values(
        state="sending", attempts=push.c.attempts + 1,
        attempt=sa.bindparam("attempt_id", type_=push.c.attempt.type),
        lease_until=sa.bindparam("lease", type_=push.c.lease_until.type),
    )
    .returning(push.c.id, push.c.uid, push.c.survey_version_id, push.c.attempts, push.c.doubt, push.c.due_at)
)  # fmt: skip
_SETTLE = (
    sa.update(push)
    .where(push.c.id == sa.bindparam("row"), push.c.attempt == sa.bindparam("held_by"), _SENDING)
    .values({name: sa.bindparam(f"to_{name}") for name in (
        "state", "reason", "doubt", "attempts", "due_at", "lease_until", "settled_at",
    )})
)  # fmt: skip
_XML = (
    sa.select(record.c.xml)
    .join(run, run.c.id == record.c.run_id)
    .where(run.c.uid == sa.bindparam("uid", type_=run.c.uid.type))
)


def add_made(
    connection: Connection, run_ids: Sequence[int], targets: Mapping[str, Iterable[str]], at: datetime
) -> None:
    """Queue records that were just made, for each target that wants their survey."""
    for target, surveys in targets.items():
        wanted = _GOES.where(within(run.c.id, "runs"), survey.c.name.in_(sorted(surveys)))
        _add(connection, target, connection.execute(wanted, {"runs": list(run_ids)}).all(), at)


def add_all(connection: Connection, target: str, surveys: Iterable[str], at: datetime, *, count: int = 1000) -> int:
    """Queue some of the records that a target does not have yet; returns how many, 0 when it has all."""
    known = sa.exists().where(push.c.target == target, push.c.uid == run.c.uid)
    missing = _GOES.where(survey.c.name.in_(sorted(surveys)), ~known).order_by(run.c.id).limit(count)
    found = connection.execute(missing).all()
    _add(connection, target, found, at)
    return len(found)


def claim(
    connection: Connection, *, target: str, count: int, attempt: UUID, lease: timedelta, at: datetime
) -> list[Claimed]:
    """Take some that are due for a target."""
    ids = list(connection.execute(_DUE, {"to": target, "at": at, "count": count}).scalars())
    if not ids:
        return []
    rows = connection.execute(_CLAIM, {"ids": ids, "attempt_id": attempt, "lease": at + lease})
    return sorted((Claimed(*row) for row in rows), key=lambda each: each.id)


def settle(connection: Connection, *, attempt: UUID, results: Sequence[Settled], at: datetime) -> None:
    """Write down what came of an attempt, where it still holds the record."""
    for each in results:
        ended = at if each.state is not PushState.QUEUED else None
        values = {
            "to_state": each.state, "to_reason": each.reason, "to_doubt": each.doubt, "to_attempts": each.attempts,
            "to_due_at": each.due_at, "to_lease_until": None, "to_settled_at": ended,
        }  # fmt: skip
        connection.execute(_SETTLE, {"row": each.id, "held_by": attempt} | values)


def sweep(connection: Connection, *, at: datetime) -> int:
    """Let what was claimed and never settled wait again; it may be there already."""
    ended = sa.update(push).where(_SENDING, push.c.lease_until <= at)
    values = {"state": "queued", "doubt": True, "reason": "no answer before the lease ended", "lease_until": None}
    return int(connection.execute(ended.values(values)).rowcount)


def xml(connection: Connection, uid: UUID) -> str | None:
    """A record as it is to be sent; None when it was withdrawn or erased."""
    found: str | None = connection.execute(_XML, {"uid": uid}).scalar()
    return found


def stopped(connection: Connection, target: str, reasons: Sequence[str]) -> bool:
    """Whether a target was stopped for one of these reasons."""
    found = sa.exists().where(push.c.target == target, push.c.state == PushState.STOPPED, push.c.reason.in_(reasons))
    return bool(connection.execute(sa.select(found)).scalar())


def again(connection: Connection, target: str, at: datetime) -> int:
    """Let what has stopped, or waits, be tried now; returns how many."""
    waits = sa.update(push).where(push.c.target == target, push.c.state.in_(("stopped", "queued")))
    values = {"state": "queued", "reason": "", "attempts": 0, "due_at": at, "settled_at": None}
    return int(connection.execute(waits.values(values)).rowcount)


def counts(connection: Connection) -> list[Count]:
    """How all stand."""
    columns = (push.c.target, survey.c.name, survey_version.c.version, push.c.state, push.c.reason)
    statement = (
        sa.select(*columns, sa.func.count())
        .join(survey_version, survey_version.c.id == push.c.survey_version_id)
        .join(survey, survey.c.id == survey_version.c.survey_id)
        .group_by(*columns)
        .order_by(*columns)
    )
    return [Count(a, b, c, PushState(d), e, f) for a, b, c, d, e, f in connection.execute(statement)]


def forgotten(connection: Connection) -> list[Sent]:
    """What is, or may be, in other projects though its respondent took it back: only people there can remove it."""
    sent = sa.or_(push.c.state == PushState.THERE, push.c.doubt, _SENDING)
    statement = (
        sa.select(push.c.target, survey.c.name, push.c.uid, push.c.state != PushState.THERE)
        .join(survey_version, survey_version.c.id == push.c.survey_version_id)
        .join(survey, survey.c.id == survey_version.c.survey_id)
        .where(sent, ~_THERE)
        .order_by(push.c.target, push.c.id)
    )
    return [Sent(*row) for row in connection.execute(statement)]


def _add(connection: Connection, target: str, found: Sequence[Any], at: datetime) -> None:
    rows = [
        {
            "target": target, "uid": row.uid, "survey_version_id": row.survey_version_id, "state": PushState.QUEUED,
            "doubt": False, "reason": "", "attempts": 0, "due_at": at, "created_at": at,
        }
        for row in found
    ]  # fmt: skip
    if rows:
        connection.execute(insert(connection, push).on_conflict_do_nothing(), rows)
