"""What people wrote in their own words, for whoever reads it before others may: the newest first, a few runs at a time.

There is no number here, and no pseudonym: who wrote it is of no concern to a reader.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.consents import consent
from app.models.runs import answer, run
from app.models.surveys import survey
from app.values import RunState

_RUNS, _LOOKS = 400, 10
"""So many runs are looked through at a time, and so often, before somebody has to ask for more."""


@dataclass(frozen=True, slots=True)
class Story:
    """Some words, and what she agreed to."""

    uid: UUID
    survey: str
    question: str
    words: str
    language: str
    at: datetime
    purposes: frozenset[str]
    """What she agreed to and did not take back: `story`, `story_named` …"""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of them."""

    stories: Sequence[Story]
    before: int | None
    """Where the next page begins; None where there is none."""


_COLUMNS = (
    answer.c.uid, answer.c.run_id, answer.c.question, answer.c.value, answer.c.locale, answer.c.answered_at,
    survey.c.name.label("survey"),
)  # fmt: skip
_WORDS = (
    sa.select(*_COLUMNS)
    .join(run, run.c.id == answer.c.run_id)
    .join(survey, survey.c.id == run.c.survey_id)
    .where(run.c.state == RunState.COMPLETED, answer.c.set_aside_at.is_(None), answer.c.value.is_not(None))
)


def latest(
    connection: Connection, survey_id: int, questions: Collection[str], *, before: int | None, count: int
) -> Found:
    """The newest words of a survey, of runs before this one; `questions` are those that are answered in own words."""
    found: list[Story] = []
    for _ in range(_LOOKS):
        runs = _runs(connection, survey_id, before)
        if not runs or not questions:
            return Found(found, None)
        told = _told(connection, runs, questions)
        for before in runs:  # the words of one run stay together
            found += told.get(before, ())
            if len(found) >= count:
                return Found(found, before)
    return Found(found, before)


def _told(connection: Connection, runs: Sequence[int], questions: Collection[str]) -> dict[int, list[Story]]:
    """Run → the words in it."""
    wanted = _WORDS.where(answer.c.run_id.in_(runs), answer.c.question.in_(sorted(questions))).order_by(answer.c.id)
    rows = connection.execute(wanted).all()
    agreed = _agreed(connection, {row.run_id for row in rows})
    found: dict[int, list[Story]] = {}
    for row in rows:
        if row.run_id in agreed:
            found.setdefault(row.run_id, []).append(_story(row, agreed[row.run_id]))
    return found


def find(connection: Connection, uid: UUID) -> Story | None:
    """One of them; None where there is none, or it was taken back."""
    row = connection.execute(_WORDS.where(answer.c.uid == uid)).first()
    agreed = _agreed(connection, {row.run_id}) if row is not None else {}
    return _story(row, agreed[row.run_id]) if row is not None and row.run_id in agreed else None


def _runs(connection: Connection, survey_id: int, before: int | None) -> list[int]:
    wanted = sa.select(run.c.id).where(run.c.survey_id == survey_id, run.c.state == RunState.COMPLETED)
    wanted = wanted.where(run.c.id < before) if before is not None else wanted
    return list(connection.execute(wanted.order_by(run.c.id.desc()).limit(_RUNS)).scalars())


def _agreed(connection: Connection, runs: Collection[int]) -> dict[int, frozenset[str]]:
    """Run → what she agreed to; a run whose part in the survey was taken back is not there."""
    rows = connection.execute(
        sa.select(consent.c.run_id, consent.c.purpose, consent.c.granted, consent.c.withdrawn_at)
        .where(consent.c.run_id.in_(sorted(runs)))
        .order_by(consent.c.id)
    ).all()
    last = {(row.run_id, row.purpose): row for row in rows}
    gone = {key for (key, purpose), row in last.items() if purpose == "take_part" and row.withdrawn_at is not None}
    return {
        key: frozenset(
            purpose for (mine, purpose), row in last.items() if mine == key and row.granted and row.withdrawn_at is None
        )
        for key in set(runs) - gone
    }


def _story(row: Any, purposes: frozenset[str]) -> Story:
    return Story(row.uid, row.survey, row.question, row.value, row.locale, row.answered_at, purposes)
