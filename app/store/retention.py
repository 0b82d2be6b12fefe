"""What is not kept for ever: the words of messages and turns, and whose answers are whose once a survey has been closed.

Words go in the order in which they came: `purge` notes how far it got, so that nothing is looked at twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.broadcasts import airtime
from app.models.consents import consent
from app.models.erasures import purge
from app.models.messages import inbound, outbox
from app.models.people import respondent
from app.models.runs import answer, record, run, session, turn
from app.models.surveys import survey_version
from app.store.batch import within
from app.values import Medium, VersionStatus

LINKS = "links"
_AT_ONCE = 5_000


class Words(NamedTuple):
    """A table with words that people typed or read, when each row came, and what is left of it."""

    table: sa.Table
    came: sa.Column[datetime]
    emptied: dict[str, Any]


WORDS = {
    each.table.name: each
    for each in (
        Words(inbound, inbound.c.received_at, {"text": ""}),
        Words(outbox, outbox.c.created_at, {"body": ""}),
        Words(turn, turn.c.at, {"typed": None, "screen": ""}),
        Words(session, session.c.started_at, {"text": ""}),
    )
}


class Purged(NamedTuple):
    """What was removed so far of one kind, and when last."""

    what: str
    rows: int
    last_at: datetime


def empty_words(connection: Connection, name: str, *, before: datetime, at: datetime) -> int:
    """Remove the words of some rows that came before; returns how many, 0 when there are no more."""
    words = WORDS[name]
    mark = connection.execute(sa.select(sa.func.max(purge.c.upto)).where(purge.c.what == name)).scalar() or 0
    key = words.table.c.id
    later = sa.select(key, words.came).where(key > mark).order_by(key).limit(_AT_ONCE)
    ids = []
    for row in connection.execute(later):
        if row[1] >= before:
            break
        ids.append(row[0])
    if not ids:
        return 0
    connection.execute(sa.update(words.table).where(within(key, "ids")).values(**words.emptied), {"ids": ids})
    _note(connection, name, ids[-1], len(ids), at)
    return len(ids)


_OPEN = sa.select(survey_version.c.survey_id).where(survey_version.c.status == VersionStatus.PUBLISHED.value)
_CLOSED = (
    sa.select(survey_version.c.survey_id)
    .where(survey_version.c.published_at.is_not(None), survey_version.c.survey_id.not_in(_OPEN))
    .group_by(survey_version.c.survey_id)
    .having(sa.func.max(survey_version.c.changed_at) < sa.bindparam("before", type_=survey_version.c.changed_at.type))
)
_LINKED = (
    sa.select(respondent.c.id)
    .where(within(respondent.c.survey_id, "surveys"), respondent.c.contact_id.is_not(None))
    .where(~sa.exists().where(run.c.respondent_id == respondent.c.id, run.c.state == "active"))
    .limit(_AT_ONCE)
)
_RUNS = sa.select(run.c.id).where(within(run.c.respondent_id, "people"))
_ON_LINES = sa.select(session.c.id).where(
    session.c.medium == Medium.SMS.value,
    session.c.contact_id.in_(sa.select(respondent.c.contact_id).where(within(respondent.c.id, "people"))),
)
# A dialled session is a run's; a line by SMS is a phone's and goes on, so there the turns lose their run.
_CUTS: Sequence[Any] = (
    sa.update(turn).where(turn.c.session_id.in_(_ON_LINES), turn.c.run_id.in_(_RUNS)).values(run_id=None),
    sa.update(session)
    .where(session.c.run_id.in_(_RUNS), session.c.medium == Medium.SMS.value)
    .values(run_id=None, shown=0, asking=""),
    sa.update(session).where(session.c.run_id.in_(_RUNS)).values(contact_id=None),
    sa.update(airtime).where(airtime.c.run_id.in_(_RUNS)).values(run_id=None),
    sa.update(run).where(run.c.id.in_(_RUNS)).values(contact_id=None),
    sa.update(respondent).where(within(respondent.c.id, "people")).values(contact_id=None, pin_hash=None),
)


def cut_links(connection: Connection, *, before: datetime, at: datetime) -> int:
    """Forget whose answers are whose, in surveys that were closed before; returns for how many people, 0 at the end."""
    closed = list(connection.execute(_CLOSED, {"before": before}).scalars())
    people = list(connection.execute(_LINKED, {"surveys": closed}).scalars()) if closed else []
    if people:
        for statement in _CUTS:
            connection.execute(statement, {"people": people})
        _note(connection, LINKS, max(people), len(people), at)
    return len(people)


def _note(connection: Connection, what: str, upto: int, count: int, at: datetime) -> None:
    connection.execute(sa.insert(purge), {"what": what, "upto": upto, "rows": count, "at": at})


def removed(connection: Connection) -> list[Purged]:
    """What was removed so far, by kind."""
    statement = sa.select(purge.c.what, sa.func.sum(purge.c.rows), sa.func.max(purge.c.at)).group_by(purge.c.what)
    return [Purged(what, int(rows), at) for what, rows, at in connection.execute(statement.order_by(purge.c.what))]


_HIDE = sa.update(turn).values(typed=None, screen=sa.case((turn.c.final, turn.c.screen), else_=""), final=sa.true())
_OF_RUN = sa.select(session.c.id).where(session.c.run_id == sa.bindparam("run"))
_SINCE = sa.select(run.c.started_at).where(run.c.id == sa.bindparam("run")).scalar_subquery()
_OWNER = sa.select(run.c.contact_id).where(run.c.id == sa.bindparam("run")).scalar_subquery()
_FORGET: tuple[sa.UpdateBase, ...] = (
    sa.delete(answer).where(answer.c.run_id == sa.bindparam("run")),
    sa.delete(consent).where(consent.c.run_id == sa.bindparam("run")),
    sa.delete(record).where(record.c.run_id == sa.bindparam("run")),
    _HIDE.where(turn.c.session_id.in_(_OF_RUN), turn.c.run_id == sa.bindparam("run")),
    sa.update(session)
    .where(session.c.run_id == sa.bindparam("run"), session.c.text != "", session.c.text.not_like("\x1f%"))
    .values(text=sa.literal("\x1f").concat(sa.cast(sa.func.length(session.c.text), sa.String))),
    sa.update(run).where(run.c.id == sa.bindparam("run")).values(proxy=sa.false()),
    sa.update(outbox)
    .where(outbox.c.contact_id == _OWNER, outbox.c.created_at >= _SINCE, outbox.c.state.not_in(("queued", "sending")))
    .values(body=""),
    sa.update(inbound).where(inbound.c.contact_id == _OWNER, inbound.c.received_at >= _SINCE).values(text=""),
)


def hide(connection: Connection, session_ids: Sequence[int]) -> None:
    """Keep neither what was typed nor what was shown in some sessions, but for the last screen of each."""
    if session_ids:
        statement = _HIDE.where(within(turn.c.session_id, "sessions"))
        connection.execute(statement, {"sessions": list(session_ids)})


def forget(connection: Connection, run_ids: Sequence[int]) -> None:
    """Keep nothing of some runs but how they ended."""
    for run_id in run_ids:
        for statement in _FORGET:
            connection.execute(statement, {"run": run_id})
