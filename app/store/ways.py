"""What somebody answered and skipped on her way through a survey, as one short word: figures about a million runs are read from
these, not from all their answers. It is made when there is time, after a run has ended, and forgotten when its answers change.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.flows.flow import Flow
from app.models.runs import answer, run
from app.store.batch import within
from app.store.bulk import Bulk

FIRSTS = ("", "1", "1.1", "1.1.1")
"""The first place in repeats: who answered a question several times reached it once."""
_ANSWERED, _SKIPPED, _NEITHER = "1", "0", "-"
_LEFT = sa.select(run.c.id, run.c.survey_version_id).where(run.c.way.is_(None), run.c.state != sa.text("'active'"))
_SOME = (
    _LEFT.order_by(run.c.id)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True)  # nobody takes answers back between the reading of them and the writing
)
_SAID = sa.select(answer.c.run_id, answer.c.question, answer.c.value.is_not(None)).where(
    within(answer.c.run_id, "runs"), answer.c.set_aside_at.is_(None), answer.c.position.in_(FIRSTS)
)
_MADE = Bulk.update(run, ("way",), keys=("id",))

Unmade = Sequence[tuple[int, int]]
"""Runs, each with its version."""


def are_left(connection: Connection) -> bool:
    """Whether any run has ended whose way is not made."""
    return connection.execute(_LEFT.limit(1)).first() is not None


def unmade(connection: Connection, *, count: int) -> Unmade:
    """Runs that have ended and whose way is not made; nobody else changes them until the commit."""
    return [(row[0], row[1]) for row in connection.execute(_SOME, {"count": count})]


def make(connection: Connection, runs: Unmade, questions: Mapping[int, Sequence[str]]) -> None:
    """Make the ways of these runs; `questions` are those of each version, in its order."""
    said: dict[int, dict[str, bool]] = defaultdict(dict)
    for run_id, question, answered in connection.execute(_SAID, {"runs": [run_id for run_id, _ in runs]}):
        said[run_id][question] = answered
    _MADE.write(connection, [(_word(questions[version], said.get(run_id, {})), run_id) for run_id, version in runs])


def questions_of(flow: Flow) -> tuple[str, ...]:
    """The questions that the letters of a way stand for: of one version always the same, for its form does not change."""
    return tuple(dict.fromkeys(each.name for each in flow.questions[: flow.asked]))


def read(way: str, questions: Sequence[str]) -> Iterable[tuple[str, bool]]:
    """What was answered (True) and skipped (False) on a way."""
    for question, letter in zip(questions, way, strict=False):
        if letter != _NEITHER:
            yield question, letter == _ANSWERED


def _word(questions: Sequence[str], said: Mapping[str, Any]) -> str:
    letters = {True: _ANSWERED, False: _SKIPPED, None: _NEITHER}
    return "".join(letters[None if (found := said.get(each)) is None else bool(found)] for each in questions).rstrip(
        _NEITHER
    )
