"""Simulated respondents, written in bulk as turns would have written them, and removed again.

Their pseudonyms begin with `demo-`. No other pseudonym has a hyphen, so nobody real is ever taken for one of them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.care import distress_case, flag
from app.models.consents import consent
from app.models.people import respondent
from app.models.runs import answer, channel, record, run, session, turn
from app.store import answers, contacts, records, runs, sessions
from app.store.answers import Answer
from app.store.batch import Ids, within
from app.store.bulk import Bulk, Job, new_uid, stamp, write_together
from app.store.consents import Consent
from app.store.contacts import Person
from app.store.runs import Run
from app.store.sessions import Session, Turn

MARK = "demo-"
CHANNEL = "demo"
_AT_ONCE = 500
_SESSIONS = Bulk.insert(
    session,
    ("id", "channel_id", "medium", "ref", "contact_id", "address", "network_code", "started_at", "end_status", "cost",
     "run_id", "shown", "asking", "text", "turns", "touched_at", "ended_at", "duration_ms"),
)  # fmt: skip
_CONSENTS = Bulk.insert(
    consent,
    ("uid", "run_id", "question", "purpose", "granted", "text_hash", "locale", "channel_id", "medium", "at",
     "withdrawn_at", "withdrawn_by"),
)  # fmt: skip


class Dialogue(NamedTuple):
    """A session, when it began and how it ended."""

    session: Session
    started_at: datetime
    ended_at: datetime | None
    end_status: str


class Simulated(NamedTuple):
    """One respondent with all that came of her. Keys are her own: sessions are counted from 0, the run is 0."""

    pseudonym: str
    started_at: datetime
    run: Run
    dialogues: Sequence[Dialogue]
    turns: Sequence[Turn]
    answers: Sequence[Answer]
    consents: Sequence[Consent]
    finished: bool
    """Whether a record is to be made of the run."""
    withdrawn_by: str
    """The word that took her consents back."""


def there(connection: Connection, pseudonym: str) -> bool:
    """Say whether this respondent is stored."""
    return connection.execute(sa.select(respondent.c.id).where(respondent.c.pseudonym == pseudonym)).first() is not None


def count(connection: Connection) -> int:
    """How many simulated respondents there are."""
    marked = respondent.c.pseudonym.between(MARK, MARK[:-1] + chr(ord(MARK[-1]) + 1))  # a range of the index
    return int(connection.execute(sa.select(sa.func.count()).select_from(respondent).where(marked)).scalar_one())


def others(connection: Connection) -> bool:
    """Whether there is a respondent who is not simulated."""
    real = sa.or_(respondent.c.pseudonym < MARK, respondent.c.pseudonym >= MARK[:-1] + chr(ord(MARK[-1]) + 1))
    return connection.execute(sa.select(respondent.c.id).where(real).limit(1)).first() is not None


def ensure_channel(connection: Connection, at: datetime) -> int:
    """The key of the channel that simulated sessions came by; nothing is ever sent by it."""
    return sessions.ensure_channel(connection, name=CHANNEL, provider="simulated", at=at)


def add(connection: Connection, people: Sequence[Simulated]) -> None:
    """Write respondents, parents before children, in as few statements as turns do."""
    ids, rows = Ids(lambda: connection, (session, run, respondent), {}), _Rows(connection)
    for each in people:
        rows.add(each, ids.take(respondent), ids.take(run), [ids.take(session) for _ in each.dialogues])
    write_together(connection, rows.jobs())


class _Rows:
    """The rows of many respondents, by table."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._people: list[tuple[Any, ...]] = []
        self._runs: list[tuple[Any, ...]] = []
        self._sessions: list[tuple[Any, ...]] = []
        self._turns: list[Turn] = []
        self._answers: list[Answer] = []
        self._finished: list[int] = []
        self._consents: list[tuple[Any, ...]] = []

    def add(self, one: Simulated, person_id: int, run_id: int, session_ids: Sequence[int]) -> None:
        connection = self._connection
        person = Person(person_id, 0, one.run.survey_id, 1, one.pseudonym)
        # As after the retention time: whose phone it was is not known.
        for key, _, *rest in contacts.adding_respondents(connection, [person], one.started_at).rows:
            self._people.append((key, None, *rest))
        one.run.id, one.run.respondent_id = run_id, person_id
        self._runs += runs.adding(connection, [one.run], one.started_at).rows
        for key, each in zip(session_ids, one.dialogues, strict=True):
            self._sessions.append(_session(each, key, run_id, f"{one.pseudonym}:{each.session.id}"))
        self._turns += [each._replace(session_id=session_ids[each.session_id], run_id=run_id) for each in one.turns]
        for answer_ in one.answers:
            answer_.run_id = run_id
        self._answers += one.answers
        self._finished += [run_id] if one.finished else []
        taken_back = stamp(one.run.ended_at) if one.withdrawn_by else None
        self._consents += [
            (
                new_uid(connection), run_id, each.question, each.purpose, each.granted, each.text_hash, each.locale,
                each.channel_id, each.medium, stamp(each.at), taken_back if each.granted else None,
                one.withdrawn_by if each.granted else "",
            )
            for each in one.consents
        ]  # fmt: skip

    def jobs(self) -> list[Job]:
        """All of it, parents first."""
        return [
            Job(contacts.PEOPLE, self._people),
            Job(runs.NEW, self._runs),
            Job(_SESSIONS, self._sessions),
            sessions.adding_turns(self._turns),
            answers.saving(self._connection, self._answers),
            records.adding(self._finished),
            Job(_CONSENTS, self._consents),
        ]


def _session(each: Dialogue, key: int, run_id: int, ref: str) -> tuple[Any, ...]:
    one = each.session
    lasted = round((each.ended_at - each.started_at).total_seconds() * 1000) if each.ended_at else None
    return (
        key, one.channel_id, str(one.medium), ref, None, one.address, one.network_code, stamp(each.started_at),
        each.end_status, "", run_id, one.shown, one.asking, one.text, one.turns, stamp(one.touched_at),
        stamp(each.ended_at), lasted,
    )  # fmt: skip


_MARKED = (
    sa.select(respondent.c.id)
    .where(respondent.c.id > sa.bindparam("after"), respondent.c.pseudonym.startswith(MARK))
    .order_by(respondent.c.id)
    .limit(_AT_ONCE)
)
_RUNS = sa.select(run.c.id).where(within(run.c.respondent_id, "people"))
_DIALOGUES = sa.select(session.c.id).where(session.c.run_id.in_(_RUNS))
_REMOVALS: Iterable[Any] = (
    sa.delete(turn).where(turn.c.session_id.in_(_DIALOGUES)),
    sa.delete(session).where(session.c.run_id.in_(_RUNS)),
    *(sa.delete(table).where(table.c.run_id.in_(_RUNS)) for table in (answer, consent, record, flag, distress_case)),
    sa.delete(run).where(within(run.c.respondent_id, "people")),
    sa.delete(respondent).where(within(respondent.c.id, "people")),
)
_UNUSED = sa.delete(channel).where(channel.c.name == CHANNEL, ~sa.exists().where(session.c.channel_id == channel.c.id))


def remove(connection: Connection, after: int) -> tuple[int, int]:
    """Remove some simulated respondents; returns how many, and the last one's key. 0 when none is left."""
    people = list(connection.execute(_MARKED, {"after": after}).scalars())
    if not people:
        connection.execute(_UNUSED)
        return 0, after
    for statement in _REMOVALS:
        connection.execute(statement, {"people": people})
    return len(people), people[-1]
