"""Sessions and turns: a provider's dialogue with a phone, and each thing that was said in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.runs import channel, run, session, turn
from app.store import runs
from app.store.batch import within
from app.store.bulk import Bulk, Job, stamp
from app.store.runs import Run


@dataclass(slots=True)
class Session:
    """A session as a turn sees it; `stored` says whether the store has it yet."""

    id: int
    channel_id: int
    ref: str
    medium: str
    contact_id: int | None
    run_id: int | None
    shown: int
    asking: str
    text: str
    turns: int
    address: str
    network_code: str
    touched_at: datetime
    stored: bool = True
    read_turns: int = 0
    """How many turns the store had of it."""


class Turn(NamedTuple):
    """One turn, as it is written down."""

    session_id: int
    key: int
    run_id: int | None
    typed: str | None
    question: str
    outcome: str
    screen: str
    final: bool
    at: datetime


_COLUMNS = (
    session.c.id,
    session.c.channel_id,
    session.c.ref,
    session.c.medium,
    session.c.contact_id,
    session.c.run_id,
    session.c.shown,
    session.c.asking,
    session.c.text,
    session.c.turns,
    session.c.address,
    session.c.network_code,
    session.c.touched_at,
)
_FIND = (
    sa.select(*_COLUMNS, *runs.COLUMNS)
    .select_from(session.outerjoin(run, run.c.id == session.c.run_id))
    .where(session.c.channel_id == sa.bindparam("channel"), within(session.c.ref, "refs"))
)
# PostgreSQL: the sessions are locked, in the order of their keys; their runs are guarded by their revision. SQLite has one
# writer, and for that order it would read the whole table.
_LOAD = {"sqlite": _FIND, "postgresql": _FIND.order_by(session.c.id).with_for_update(of=session)}
_CHANGED = ("run_id", "shown", "asking", "text", "turns", "touched_at")
_UPDATE = Bulk.update(session, _CHANGED, keys=("id", "turns"))
_INSERT = Bulk.insert(
    session,
    ("id", "channel_id", "medium", "ref", "contact_id", "address", "network_code", "started_at", "end_status", "cost",
     *_CHANGED),
)  # fmt: skip
_TURNS = Bulk.insert(turn, ("session_id", "key", "run_id", "typed", "question", "outcome", "screen", "final", "at"))
_END = (
    sa.update(session)
    .where(session.c.channel_id == sa.bindparam("channel"), session.c.ref == sa.bindparam("at_ref"))
    .values(
        ended_at=sa.func.coalesce(session.c.ended_at, sa.bindparam("at", type_=session.c.ended_at.type)),
        end_status=sa.bindparam("status"),
        cost=sa.bindparam("to_cost"),
        duration_ms=sa.bindparam("duration"),
    )
)
_SCREEN = sa.select(turn.c.screen, turn.c.final).where(
    turn.c.session_id == sa.bindparam("session"), turn.c.key == sa.bindparam("at_key")
)
_LAST_SCREEN = (
    sa.select(turn.c.screen, turn.c.final)
    .where(turn.c.session_id == sa.bindparam("session"))
    .order_by(turn.c.id.desc())
    .limit(1)
)


def load(connection: Connection, channel_id: int, refs: Sequence[str]) -> list[tuple[Session, Run | None]]:
    """Read sessions of a channel with their runs, and keep other processes from them until the commit."""
    width = len(_COLUMNS)
    rows = connection.execute(_LOAD[connection.dialect.name], {"channel": channel_id, "refs": refs}).all()
    return [(_from_row(row[:width]), runs.from_row(row[width:]) if row[width] else None) for row in rows]


def _from_row(row: Sequence[Any]) -> Session:
    found = Session(*row)
    found.read_turns = found.turns
    return found


def adding(sessions: Iterable[Session], at: datetime) -> Job:
    """The writing of new sessions."""
    started_at = stamp(at)
    return Job(
        _INSERT,
        [
            (
                each.id, each.channel_id, each.medium, each.ref, each.contact_id, each.address, each.network_code,
                started_at, "", "", *_changes(each),
            )
            for each in sessions
        ],
    )  # fmt: skip


def saving(sessions: Iterable[Session]) -> Job:
    """The writing of changed sessions; exact, for another process may have been faster with one of them."""
    return Job(_UPDATE, [(*_changes(each), each.id, each.read_turns) for each in sessions], exact=True)


def _changes(each: Session) -> tuple[object, ...]:
    return (each.run_id, each.shown, each.asking, each.text, each.turns, stamp(each.touched_at))


def adding_turns(turns: Iterable[Turn]) -> Job:
    """The writing down of turns."""
    return Job(
        _TURNS,
        [
            (
                each.session_id, each.key, each.run_id, each.typed, each.question, each.outcome, each.screen,
                each.final, stamp(each.at),
            )
            for each in turns
        ],
    )  # fmt: skip


def screen_of(connection: Connection, session_id: int, key: int) -> tuple[str, bool] | None:
    """The screen that this very turn earned when it came first: its text and whether it was the last."""
    row = connection.execute(_SCREEN, {"session": session_id, "at_key": key}).first()
    return None if row is None else (row[0], row[1])


def last_screen(connection: Connection, session_id: int) -> tuple[str, bool] | None:
    """The screen that a session showed last."""
    row = connection.execute(_LAST_SCREEN, {"session": session_id}).first()
    return None if row is None else (row[0], row[1])


def end(
    connection: Connection, *, channel_id: int, ref: str, status: str, cost: str, duration_ms: int | None, at: datetime
) -> None:
    """Write down what the provider says of the end of a session; a session we never saw changes nothing."""
    values = {
        "channel": channel_id, "at_ref": ref, "at": at, "status": status, "to_cost": cost, "duration": duration_ms,
    }  # fmt: skip
    connection.execute(_END, values)


def end_silent(connection: Connection, *, before: datetime, at: datetime) -> int:
    """Close USSD sessions that have been silent since `before`: a provider's end event may never come."""
    statement = (
        sa.update(session)
        .where(
            session.c.ended_at.is_(None),
            session.c.medium == sa.text("'ussd'"),
            session.c.started_at < before,
            session.c.touched_at < before,
        )
        .values(ended_at=at, end_status="silence")
    )
    return connection.execute(statement).rowcount


def ensure_channel(connection: Connection, *, name: str, provider: str, at: datetime) -> int:
    """The key of a channel, added if it is new."""
    found = connection.execute(sa.select(channel.c.id).where(channel.c.name == name)).scalar()
    if found is not None:
        return int(found)
    values = {"name": name, "provider": provider, "created_at": at}
    return int(connection.execute(sa.insert(channel).values(values).returning(channel.c.id)).scalar_one())
