"""Runs: reading those that are under way, adding new ones, writing what turns changed, and letting old ones expire."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.runs import run
from app.store.batch import within
from app.store.bulk import Bulk, Job, stamp, uid_of
from app.values import Mode, RunState


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
    mode: str = Mode.SELF
    uid: str = ""
    """Of a new run only."""


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
    run.c.reason,
    run.c.ended_at,
    run.c.mode,
)
_ACTIVE = sa.select(*COLUMNS).where(within(run.c.contact_id, "contacts"), run.c.state == sa.text("'active'"))
_CHANGED = ("state", "reason", "question", "locale", "memory", "revision", "touched_at", "ended_at")
_UPDATE = Bulk.update(run, _CHANGED, keys=("id", "revision"))
NEW = Bulk.insert(
    run, ("id", "uid", "contact_id", "respondent_id", "survey_id", "survey_version_id", "mode", "started_at", *_CHANGED)
)


def from_row(row: Sequence[Any]) -> Run:
    """Read the columns of `COLUMNS`."""
    *values, mode = row
    found = Run(*values)
    found.read_revision, found.mode = found.revision, mode
    return found


def active(connection: Connection, contact_ids: Sequence[int]) -> list[Run]:
    """The runs that are under way on some phones."""
    return [from_row(row) for row in connection.execute(_ACTIVE, {"contacts": contact_ids})]


def set_proxies(connection: Connection, proxies: Mapping[int, bool]) -> None:
    """Note which runs are answered on behalf of somebody else."""
    if proxies:
        statement = sa.update(run).where(run.c.id == sa.bindparam("run")).values(proxy=sa.bindparam("is_proxy"))
        connection.execute(statement, [{"run": key, "is_proxy": proxy} for key, proxy in sorted(proxies.items())])


def adding(connection: Connection, runs: Iterable[Run], at: datetime) -> Job:
    """The writing of new runs."""
    started_at = stamp(at)
    return Job(
        NEW,
        [
            (
                each.id, uid_of(connection, each.uid), each.contact_id, each.respondent_id, each.survey_id, each.version_id,
                each.mode, started_at, *_changes(each),
            )
            for each in runs
        ],
    )  # fmt: skip


def saving(runs: Iterable[Run]) -> Job:
    """The writing of changed runs; exact, for another process may have been faster with one of them."""
    return Job(_UPDATE, [(*_changes(each), each.id, each.read_revision) for each in runs], exact=True)


def expire(connection: Connection, *, before: datetime, at: datetime, limit: int = 500) -> int:
    """End runs that nobody has touched since `before`; returns how many."""
    ids = connection.execute(
        sa.select(run.c.id)
        .where(run.c.state == sa.text("'active'"), run.c.started_at < before, run.c.touched_at < before)
        .order_by(run.c.started_at)
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
    .order_by(run.c.started_at, run.c.id)
)


def of_contact(connection: Connection, contact_id: int) -> Sequence[Any]:
    """Every run on a phone, the first one first."""
    return connection.execute(_OF_CONTACT, {"contact": contact_id}).all()


def _changes(each: Run) -> tuple[object, ...]:
    return (
        each.state, each.reason, each.question, each.locale, each.memory, each.revision, stamp(each.touched_at),
        stamp(each.ended_at),
    )  # fmt: skip
