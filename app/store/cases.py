"""Cases of distress: somebody may need help, and an officer sees to it. The answer that raised a case is never in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.care import distress_case
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
