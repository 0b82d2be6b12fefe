"""Runs: reading those that are under way, adding new ones, writing what turns changed, and letting old ones expire."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.runs import run
from app.store.batch import within
from app.store.unit import Conflict
from app.values import RunState


@dataclass(slots=True)
class Run:
    """A run as a turn sees it. `read_revision` is what the store had; None for one that is not stored yet."""

    id: int
    contact_id: int | None
    respondent_id: int
    survey_id: int
    version_id: int
    state: str
    question: str
    locale: str
    memory: str
    revision: int
    touched_at: datetime
    reason: str = ""
    ended_at: datetime | None = None
    read_revision: int | None = None


COLUMNS = (
    run.c.id,
    run.c.contact_id,
    run.c.respondent_id,
    run.c.survey_id,
    run.c.survey_version_id,
    run.c.state,
    run.c.question,
    run.c.locale,
    run.c.memory,
    run.c.revision,
    run.c.touched_at,
)
_ACTIVE = sa.select(*COLUMNS).where(within(run.c.contact_id, "contacts"), run.c.state == sa.text("'active'"))
_UPDATE = (
    sa.update(run)
    .where(run.c.id == sa.bindparam("run"), run.c.revision == sa.bindparam("was"))
    .values({name: sa.bindparam(f"to_{name}") for name in (
        "state", "reason", "question", "locale", "memory", "revision", "touched_at", "ended_at",
    )})
)  # fmt: skip


def from_row(row: Sequence[object]) -> Run:
    """Read the columns of `COLUMNS`."""
    return Run(*row, read_revision=row[9])  # type: ignore[arg-type]


def active(connection: Connection, contact_ids: Sequence[int]) -> dict[tuple[int, int], Run]:
    """(contact, survey) → the run that is under way there."""
    runs = (from_row(row) for row in connection.execute(_ACTIVE, {"contacts": contact_ids}))
    return {(each.contact_id or 0, each.survey_id): each for each in runs}


def add(connection: Connection, runs: Sequence[Run], at: datetime) -> None:
    """Store new runs."""
    if runs:
        connection.execute(sa.insert(run), [_new_row(each, at) for each in runs])


def save(connection: Connection, runs: Iterable[Run]) -> None:
    """Write changed runs; raises `Conflict` if another process was faster with one of them."""
    rows = [_changes(each) for each in sorted(runs, key=lambda each: each.id)]
    if rows and connection.execute(_UPDATE, rows).rowcount != len(rows):
        raise Conflict


def expire(connection: Connection, *, before: datetime, at: datetime, limit: int = 500) -> int:
    """End runs that nobody has touched since `before`; returns how many."""
    ids = connection.execute(
        sa.select(run.c.id)
        .where(run.c.state == sa.text("'active'"), run.c.touched_at < before)
        .order_by(run.c.touched_at)
        .limit(limit)
    ).scalars()
    statement = (
        sa.update(run)
        .where(run.c.id == sa.bindparam("run"), run.c.state == sa.text("'active'"), run.c.touched_at < before)
        .values(state=RunState.EXPIRED, reason="no_reply", ended_at=at, revision=run.c.revision + 1)
    )
    rows = [{"run": each} for each in sorted(ids)]
    if rows:
        connection.execute(statement, rows)
    return len(rows)


def counts(connection: Connection) -> dict[str, int]:
    """State → number of runs."""
    return {row[0]: row[1] for row in connection.execute(sa.select(run.c.state, sa.func.count()).group_by(run.c.state))}


_OF_CONTACT = (
    sa.select(run.c.id, run.c.survey_version_id, run.c.state, run.c.reason, run.c.question, run.c.locale, run.c.memory)
    .where(run.c.contact_id == sa.bindparam("contact"))
    .order_by(run.c.id)
)


def of_contact(connection: Connection, contact_id: int) -> Sequence[Any]:
    """Every run on a phone, the first one first."""
    return connection.execute(_OF_CONTACT, {"contact": contact_id}).all()


def _new_row(each: Run, at: datetime) -> dict[str, object]:
    return {
        "id": each.id, "uid": uuid7(), "contact_id": each.contact_id, "respondent_id": each.respondent_id,
        "survey_id": each.survey_id, "survey_version_id": each.version_id, "state": each.state, "reason": each.reason,
        "question": each.question, "locale": each.locale, "memory": each.memory, "revision": each.revision,
        "started_at": at, "touched_at": each.touched_at, "ended_at": each.ended_at,
    }  # fmt: skip


def _changes(each: Run) -> dict[str, object]:
    return {
        "run": each.id, "was": each.read_revision, "to_state": each.state, "to_reason": each.reason,
        "to_question": each.question, "to_locale": each.locale, "to_memory": each.memory,
        "to_revision": each.revision, "to_touched_at": each.touched_at, "to_ended_at": each.ended_at,
    }  # fmt: skip
