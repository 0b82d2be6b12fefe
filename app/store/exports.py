"""Runs of a survey with their answers, as they are given out: page by page in the order of their keys, in constant memory."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import respondent
from app.models.runs import answer, run
from app.models.surveys import survey, survey_version
from app.store import flags
from app.store.batch import within
from app.values import Doubt, Medium, RunState

Given = Mapping[str, str | None]
"""Question → value; None when it was skipped. What was not asked is not there."""
_PAGE = 500


class Having(NamedTuple):
    """An answer that a run is to have."""

    question: str
    value: str
    among: bool = False
    """Whether the value is one of several choices."""


@dataclass(frozen=True, slots=True)
class Which:
    """The runs that are wanted."""

    survey: str
    states: tuple[RunState, ...] = (RunState.COMPLETED,)
    since: datetime | None = None
    """Those that ended then or later."""
    until: datetime | None = None
    """Those that ended before."""
    language: str | None = None
    medium: Medium | None = None
    """Those with an answer that came so."""
    version: str | None = None
    having: tuple[Having, ...] = ()
    without: frozenset[Doubt] = frozenset()


class Count(NamedTuple):
    """How often a question was asked and what came of it; each place in a repeat counts."""

    asked: int = 0
    skipped: int = 0
    refused: int = 0
    unknown: int = 0

    @property
    def answered(self) -> int:
        """How often there is a value that says something."""
        return self.asked - self.skipped - self.refused - self.unknown


class Case(NamedTuple):
    """A run with the answers that count, by their place in repeats; outside of them the place is empty."""

    run: Any
    given: Mapping[str, Given]
    media: Sequence[str]
    """How its answers came, in alphabetical order."""


_RUNS = (
    sa.select(
        run.c.id,
        run.c.uid,
        respondent.c.pseudonym.label("respondent"),
        survey_version.c.version,
        run.c.state,
        run.c.reason,
        run.c.locale,
        run.c.mode,
        run.c.proxy,
        flags.kinds_of(run.c.id).label("flags"),
        run.c.question,
        run.c.started_at,
        run.c.ended_at,
    )
    .join(respondent, respondent.c.id == run.c.respondent_id)
    .join(survey_version, survey_version.c.id == run.c.survey_version_id)
)
_ANSWERS = sa.select(answer.c.run_id, answer.c.question, answer.c.position, answer.c.value, answer.c.medium).where(
    within(answer.c.run_id, "runs"), answer.c.set_aside_at.is_(None)
)
_IN_FULL = (
    sa.select(
        answer.c.run_id,
        answer.c.question,
        answer.c.position,
        answer.c.value,
        answer.c.raw,
        answer.c.locale,
        answer.c.medium,
        answer.c.attempts,
        answer.c.asked_at,
        answer.c.answered_at,
        answer.c.uid,
    )
    .where(within(answer.c.run_id, "runs"), answer.c.set_aside_at.is_(None))
    .order_by(answer.c.run_id, answer.c.id)
)
Told = Callable[[int], None]


def still(connection: Connection) -> Connection:
    """A connection whose statements all see the same moment, so that tables of one export fit together.

    On SQLite a transaction always does. It can be asked for before the first statement only.
    """
    if connection.dialect.name == "postgresql" and not connection.in_transaction():
        return connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


def cases(connection: Connection, which: Which, told: Told = lambda _: None, *, page: int = _PAGE) -> Iterator[Case]:
    """Yield the runs that are wanted with their answers; `told` hears how many after each page."""
    for rows in _pages(connection, which, told, page):
        given: dict[int, dict[str, dict[str, str | None]]] = {row.id: defaultdict(dict) for row in rows}
        media = defaultdict[int, set[str]](set)
        for key, question, position, value, medium in connection.execute(_ANSWERS, {"runs": list(given)}):
            given[key][position][question] = value
            media[key].add(medium)
        yield from (Case(row, given[row.id], sorted(media[row.id])) for row in rows)


def answers(
    connection: Connection, which: Which, told: Told = lambda _: None, *, page: int = _PAGE
) -> Iterator[tuple[Any, Any]]:
    """Yield each answer of the runs that are wanted, with its run before it."""
    for rows in _pages(connection, which, told, page):
        runs = {row.id: row for row in rows}
        for found in connection.execute(_IN_FULL, {"runs": list(runs)}):
            yield runs[found.run_id], found


def count(connection: Connection, which: Which) -> int:
    """How many runs are wanted."""
    return int(connection.execute(_wanted(sa.select(sa.func.count()).select_from(run), which)).scalar_one())


def counts(
    connection: Connection,
    which: Which,
    *,
    refused: Collection[str],
    unknown: Collection[str],
    choices: Collection[str],
) -> dict[str, Count]:
    """Question → how often it was asked and what came of it, in one pass.

    `refused` and `unknown` are the names of choices that mean so, at the questions of `choices`.
    """
    chosen = answer.c.question.in_(sorted(choices))

    def times(what: "sa.ColumnElement[bool]") -> "sa.ColumnElement[int]":
        return sa.func.sum(sa.case((what, 1), else_=0))

    statement = sa.select(
        answer.c.question,
        sa.func.count(),
        times(answer.c.value.is_(None)),
        times(chosen & answer.c.value.in_(sorted(refused))),
        times(chosen & answer.c.value.in_(sorted(unknown))),
    ).select_from(answer)
    with _sorting_on_disk(connection):
        rows = connection.execute(_of_answers(statement, which).group_by(answer.c.question)).all()
    return {row[0]: Count(*(int(each or 0) for each in row[1:])) for row in rows}


def frequencies(connection: Connection, which: Which, questions: Collection[str]) -> dict[str, dict[str | None, int]]:
    """Question → value → how often it was given; for questions with choices."""
    statement = sa.select(answer.c.question, answer.c.value, sa.func.count()).select_from(answer)
    statement = _of_answers(statement, which).where(answer.c.question.in_(sorted(questions)))
    found = defaultdict[str, dict[str | None, int]](dict)
    with _sorting_on_disk(connection):
        rows = connection.execute(statement.group_by(answer.c.question, answer.c.value)).all()
    for question, value, times in rows:
        found[question][value] = times
    return found


@contextmanager
def _sorting_on_disk(connection: Connection) -> Iterator[None]:
    """Let SQLite sort in a file meanwhile: in memory, where turns want it, a million answers would take 70 MB."""
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql("PRAGMA temp_store=FILE")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA temp_store=MEMORY")


def _pages(connection: Connection, which: Which, told: Told, page: int) -> Iterator[Sequence[Any]]:
    statement = _wanted(_RUNS, which).where(run.c.id > sa.bindparam("after")).order_by(run.c.id).limit(page)
    after, done = 0, 0
    while rows := connection.execute(statement, {"after": after}).all():
        yield rows
        after, done = rows[-1].id, done + len(rows)
        told(done)


def _of_answers(statement: "sa.Select[Any]", which: Which) -> "sa.Select[Any]":
    statement = statement.join(run, run.c.id == answer.c.run_id)
    return _wanted(statement, which).where(answer.c.set_aside_at.is_(None))


def _wanted(statement: "sa.Select[Any]", which: Which) -> "sa.Select[Any]":
    own = sa.select(survey.c.id).where(survey.c.name == which.survey).scalar_subquery()
    statement = statement.where(run.c.survey_id == own, run.c.state.in_(sorted(which.states)))
    if which.since is not None:
        statement = statement.where(run.c.ended_at >= which.since)
    if which.until is not None:
        statement = statement.where(run.c.ended_at < which.until)
    if which.language is not None:
        statement = statement.where(run.c.locale == which.language)
    if which.version is not None:
        of_it = survey_version.alias("wanted_version")
        named = sa.exists().where(of_it.c.id == run.c.survey_version_id, of_it.c.version == which.version)
        statement = statement.where(named)
    for each in (*([_came_by(which.medium)] if which.medium else ()), *map(_has, which.having)):
        statement = statement.where(each)
    return statement.where(~flags.flagged(run.c.id, which.without)) if which.without else statement


def _came_by(medium: Medium) -> "sa.ColumnElement[bool]":
    one = answer.alias("came_by")
    return sa.exists().where(one.c.run_id == run.c.id, one.c.set_aside_at.is_(None), one.c.medium == medium.value)


def _has(having: Having) -> "sa.ColumnElement[bool]":
    one = answer.alias()
    listed = sa.literal(" ") + one.c.value + sa.literal(" ")
    fits = listed.contains(f" {having.value} ", autoescape=True) if having.among else one.c.value == having.value
    return sa.exists().where(
        one.c.run_id == run.c.id, one.c.question == having.question, one.c.set_aside_at.is_(None), fits
    )
