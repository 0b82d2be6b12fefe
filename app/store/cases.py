"""Cases of distress: somebody may need help, and an officer sees to it. The answer that raised a case is never in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.care import distress_case
from app.models.people import respondent
from app.models.runs import run
from app.models.surveys import survey
from app.store.bulk import insert


class Raised(NamedTuple):
    """An answer that raised a case: in which run, to which question, and by when somebody should have seen to it."""

    run_id: int
    question: str
    raised_at: datetime
    due_at: datetime


def add(connection: Connection, raised: Sequence[Raised]) -> None:
    """Open these cases. A run has one for each question: the same one once more changes nothing, not even a closed one."""
    if not raised:
        return
    rows = [{"uid": uuid7(), "state": "open"} | each._asdict() for each in raised]
    once = insert(connection, distress_case).on_conflict_do_nothing(index_elements=["run_id", "question"])
    connection.execute(once, rows)


class Case(NamedTuple):
    """A case as an officer sees it."""

    uid: UUID
    pseudonym: str
    survey: str
    question: str
    state: str
    owner: str
    raised_at: datetime
    due_at: datetime
    closed_at: datetime | None
    outcome: str

    def overdue(self, at: datetime) -> bool:
        """Whether somebody should have seen to it by now."""
        return self.state != "closed" and self.due_at < at


OUTCOMES = ("helped", "referred", "no_contact", "no_need")

_ALL = (
    sa.select(
        distress_case.c.uid, respondent.c.pseudonym, survey.c.name, distress_case.c.question, distress_case.c.state,
        distress_case.c.owner, distress_case.c.raised_at, distress_case.c.due_at, distress_case.c.closed_at,
        distress_case.c.outcome,
    )
    .join(run, run.c.id == distress_case.c.run_id)
    .join(respondent, respondent.c.id == run.c.respondent_id)
    .join(survey, survey.c.id == run.c.survey_id)
    .order_by(distress_case.c.due_at, distress_case.c.id)
)  # fmt: skip
_ONE = distress_case.c.uid == sa.bindparam("case", type_=distress_case.c.uid.type)


def ended(connection: Connection, *, count: int) -> list[Case]:
    """The last cases that were closed, the newest first."""
    statement = _ALL.where(distress_case.c.state == "closed").order_by(None)
    statement = statement.order_by(distress_case.c.closed_at.desc(), distress_case.c.id.desc()).limit(count)
    return [Case._make(row) for row in connection.execute(statement)]


def every(connection: Connection, *, closed: bool = False) -> list[Case]:
    """The cases that wait for somebody, the most urgent first; with `closed` all that there ever were."""
    statement = _ALL if closed else _ALL.where(distress_case.c.state != "closed")
    return [Case._make(row) for row in connection.execute(statement)]


def find(connection: Connection, uid: UUID) -> Case | None:
    """One case."""
    row = connection.execute(_ALL.where(_ONE), {"case": uid}).first()
    return None if row is None else Case._make(row)


def take(connection: Connection, uid: UUID, owner: str, *, before: str) -> bool:
    """Let somebody see to a case whose owner was `before` (nobody: an empty text); False where that is so no more."""
    statement = sa.update(distress_case).where(_ONE, distress_case.c.state != "closed", distress_case.c.owner == before)
    return bool(connection.execute(statement.values(state="taken", owner=owner), {"case": uid}).rowcount)


def close(connection: Connection, uid: UUID, outcome: str, at: datetime) -> bool:
    """End a case that somebody has taken; False where nobody has, or it is closed already."""
    statement = sa.update(distress_case).where(_ONE, distress_case.c.state == "taken")
    return bool(
        connection.execute(statement.values(state="closed", outcome=outcome, closed_at=at), {"case": uid}).rowcount
    )
