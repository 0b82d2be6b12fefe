"""Answers: written with their turn; one row for each question of a run, whatever happens."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import respondent
from app.models.runs import answer, run
from app.models.surveys import survey, survey_version
from app.store import flags
from app.store.batch import second
from app.store.bulk import Bulk, Job, new_uid, stamp
from app.values import Doubt


@dataclass(slots=True)
class Answer:
    """The value given to a question, with the words as typed."""

    run_id: int
    question: str
    value: str | None
    raw: str | None
    locale: str
    channel_id: int
    medium: str
    attempts: int
    choice_order: str | None
    asked_at: datetime
    answered_at: datetime
    set_aside_at: datetime | None = None
    position: str = ""


_COLUMNS = (
    "uid", "run_id", "question", "position", "value", "raw", "locale", "channel_id", "medium", "attempts",
    "choice_order", "asked_at", "answered_at", "set_aside_at",
)  # fmt: skip
_UPSERT = Bulk.upsert(answer, _COLUMNS, keys=("run_id", "question", "position"))
_SET_ASIDE = (
    sa.update(answer)
    .where(
        answer.c.run_id == sa.bindparam("run"),
        answer.c.question == sa.bindparam("name"),
        answer.c.position == sa.bindparam("place"),
    )
    .values(set_aside_at=sa.bindparam("moment"))
)


def saving(connection: Connection, answers: Iterable[Answer]) -> Job:
    """The writing of answers; a new answer to the same question of the same run takes the place of the old one."""
    return Job(
        _UPSERT,
        [
            (
                new_uid(connection), each.run_id, each.question, each.position, each.value, each.raw, each.locale,
                each.channel_id, each.medium, each.attempts, each.choice_order, stamp(each.asked_at),
                stamp(each.answered_at), stamp(each.set_aside_at),
            )
            for each in answers
        ],
    )  # fmt: skip


def set_aside(connection: Connection, moments: Mapping[tuple[int, tuple[str, str]], datetime | None]) -> None:
    """Set answers (run, question and position) aside from a moment on, or (None) let them count again."""
    if moments:
        rows = [
            {"run": run_id, "name": name, "place": position, "moment": moment}
            for (run_id, (name, position)), moment in moments.items()
        ]
        connection.execute(_SET_ASIDE, rows)


_DISCARD = sa.delete(answer).where(
    answer.c.run_id == sa.bindparam("run"),
    answer.c.question == sa.bindparam("name"),
    answer.c.position == sa.bindparam("place"),
)


def discard(connection: Connection, gone: Collection[tuple[int, tuple[str, str]]]) -> None:
    """Remove answers (run, question and position) as if they had never been given."""
    if gone:
        connection.execute(
            _DISCARD, [{"run": key, "name": name, "place": place} for key, (name, place) in sorted(gone)]
        )


_EXPORT = (
    sa.select(
        respondent.c.pseudonym.label("respondent"),
        survey.c.name.label("survey"),
        survey_version.c.id.label("version_id"),
        survey_version.c.version.label("version"),
        answer.c.question,
        answer.c.position,
        answer.c.value,
        answer.c.raw,
        answer.c.locale,
        answer.c.medium,
        second(answer.c.answered_at),
        run.c.mode,
        sa.case((run.c.proxy, "yes"), else_="no").label("proxy"),
        flags.kinds_of(run.c.id).label("flags"),
        answer.c.id.label("row"),
    )
    .join(run, run.c.id == answer.c.run_id)
    .join(respondent, respondent.c.id == run.c.respondent_id)
    .join(survey_version, survey_version.c.id == run.c.survey_version_id)
    .join(survey, survey.c.id == survey_version.c.survey_id)
    .where(answer.c.set_aside_at.is_(None), answer.c.id > sa.bindparam("after"))
    .order_by(answer.c.id)
    .limit(sa.bindparam("count"))
)


def export(
    connection: Connection, *, survey_name: str | None, without: Collection[Doubt] = (), page: int = 5000
) -> Iterator[Any]:
    """Yield every answer that counts, but for runs `without` whose flags it is to be, in the order given, page by page.

    Columns are those of `_EXPORT`; rows are the driver's own, for there may be millions.
    """
    statement = _EXPORT.where(survey.c.name == survey_name) if survey_name else _EXPORT
    statement = statement.where(~flags.flagged(run.c.id, without)) if without else statement
    after = 0
    while rows := connection.execute(statement, {"after": after, "count": page}).cursor.fetchall():
        yield from rows
        after = rows[-1][-1]


def left_out(connection: Connection, *, survey_name: str | None, without: Collection[Doubt]) -> int:
    """How many runs with answers that count have one of these flags."""
    counting = sa.exists().where(answer.c.run_id == run.c.id, answer.c.set_aside_at.is_(None))
    return flags.count(connection, without, counting, survey_name=survey_name)


def of_contact(connection: Connection, contact_id: int) -> Sequence[Any]:
    """The answers of a phone's latest run, for the phone in the browser."""
    latest = (
        sa.select(run.c.id)
        .where(run.c.contact_id == contact_id)
        .order_by(run.c.started_at.desc(), run.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        sa.select(
            survey_version.c.id.label("version_id"),
            survey.c.name.label("survey"),
            survey_version.c.version,
            run.c.state,
            run.c.question.label("open"),
            run.c.locale.label("run_locale"),
            answer.c.question,
            answer.c.position,
            answer.c.value,
            answer.c.raw,
            answer.c.locale,
            answer.c.medium,
            answer.c.answered_at,
            answer.c.set_aside_at,
        )
        .select_from(run)
        .outerjoin(answer, answer.c.run_id == run.c.id)
        .join(survey_version, survey_version.c.id == run.c.survey_version_id)
        .join(survey, survey.c.id == survey_version.c.survey_id)
        .where(run.c.id == latest)
        .order_by(answer.c.id)
    )
    return connection.execute(statement).all()


_OF_RUN = (
    sa.select(
        answer.c.question, answer.c.position, answer.c.value, answer.c.raw, answer.c.medium, answer.c.set_aside_at
    )
    .where(answer.c.run_id == sa.bindparam("run"))
    .order_by(answer.c.id)
)


def of_run(connection: Connection, run_id: int) -> Sequence[Any]:
    """The answers of one run, in the order in which their questions were first answered."""
    return connection.execute(_OF_RUN, {"run": run_id}).all()


def count(connection: Connection) -> int:
    """How many answers there are."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(answer)).scalar_one())
