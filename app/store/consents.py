"""Consent: written with the turn that gave or refused it, taken back by a word, given out for whoever must prove it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.consents import consent
from app.models.people import respondent
from app.models.runs import run
from app.models.surveys import survey, survey_version
from app.store.batch import pages, within
from app.store.bulk import Bulk, Job, new_uid, stamp


@dataclass(frozen=True, slots=True)
class Consent:
    """An answer to a question that asks for consent."""

    run_id: int
    question: str
    purpose: str
    granted: bool
    text_hash: str
    """SHA-256 of the words that asked for it, as they were read."""
    locale: str
    channel_id: int
    medium: str
    at: datetime


_INSERT = Bulk.insert(
    consent,
    ("uid", "run_id", "question", "purpose", "granted", "text_hash", "locale", "channel_id", "medium", "at",
     "withdrawn_by"),
)  # fmt: skip
_WITHDRAW = (
    sa.update(consent)
    .where(
        consent.c.run_id.in_(
            sa.select(run.c.id)
            .join(respondent, respondent.c.id == run.c.respondent_id)
            .where(within(respondent.c.contact_id, "contacts"))
        ),
        consent.c.granted,
        within(consent.c.withdrawn_by, "weaker"),
    )
    .values(
        withdrawn_at=sa.func.coalesce(
            consent.c.withdrawn_at, sa.bindparam("moment", type_=consent.c.withdrawn_at.type)
        ),
        withdrawn_by=sa.bindparam("word"),
    )
)
# STOP ends the talking, WITHDRAW also the use of what was said, DELETE its being there: a later, stronger word counts.
_WORDS = ("", "stop", "withdraw", "delete")
_EXPORT = (
    sa.select(
        respondent.c.pseudonym.label("respondent"),
        survey.c.name.label("survey"),
        survey_version.c.version,
        consent.c.purpose,
        consent.c.granted,
        consent.c.question,
        consent.c.text_hash,
        consent.c.locale,
        consent.c.medium,
        consent.c.at,
        consent.c.withdrawn_at,
        consent.c.withdrawn_by,
        consent.c.id.label("row"),
    )
    .join(run, run.c.id == consent.c.run_id)
    .join(respondent, respondent.c.id == run.c.respondent_id)
    .join(survey_version, survey_version.c.id == run.c.survey_version_id)
    .join(survey, survey.c.id == survey_version.c.survey_id)
    .where(consent.c.id > sa.bindparam("after"))
    .order_by(consent.c.id)
    .limit(sa.bindparam("count"))
)


def adding(connection: Connection, consents: Iterable[Consent]) -> Job:
    """The writing down of consents given and refused."""
    return Job(
        _INSERT,
        [
            (
                new_uid(connection), each.run_id, each.question, each.purpose, each.granted, each.text_hash, each.locale,
                each.channel_id, each.medium, stamp(each.at), "",
            )
            for each in consents
        ],
    )  # fmt: skip


def discard(connection: Connection, gone: Collection[tuple[int, str]]) -> None:
    """Remove what was agreed to (run and question), as if it had never been asked."""
    if gone:
        statement = sa.delete(consent).where(
            consent.c.run_id == sa.bindparam("run"), consent.c.question == sa.bindparam("name")
        )
        connection.execute(statement, [{"run": run_id, "name": name} for run_id, name in sorted(gone)])


def withdraw(connection: Connection, contact_ids: Sequence[int], *, word: str, at: datetime) -> int:
    """Take back whatever was agreed to on these phones; returns how many consents it were."""
    if not contact_ids:
        return 0
    weaker = _WORDS[: _WORDS.index(word)]
    given = {"contacts": list(contact_ids), "moment": at, "word": word, "weaker": weaker}
    return int(connection.execute(_WITHDRAW, given).rowcount)


def export(connection: Connection, *, survey_name: str | None, page: int = 5000) -> Iterator[Any]:
    """Yield every consent in the order given, a page at a time so that memory stays small."""
    statement = _EXPORT.where(survey.c.name == survey_name) if survey_name else _EXPORT
    return pages(connection, statement, key="row", page=page)
