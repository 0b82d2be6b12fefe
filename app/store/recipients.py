"""The recipients of broadcasts: who they are, who is due, what was written for whom, and who has been invited."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.broadcasts import broadcast, recipient
from app.models.messages import outbox
from app.models.people import contact, respondent
from app.models.runs import run, session
from app.store.batch import within
from app.store.broadcasts import Broadcast
from app.store.bulk import Bulk, stamp
from app.store.tallies import Changes
from app.values import RunState


class Due(NamedTuple):
    """A recipient for whom there is something to do."""

    contact_id: int
    rounds: int
    lapsed: int
    asked_at: datetime | None
    locale: str | None
    operator: str
    stopped: bool
    contact_asked_at: datetime | None


class Invitation(NamedTuple):
    """The first question of a survey that a contact was sent, and has not answered."""

    survey_id: int
    version_id: int | None
    seed: int
    reminded: bool
    """Whether the last message was a reminder, so that a reply is no answer to the question."""
    respondent_id: int | None
    """Who began it and stopped half-way."""


class Place(NamedTuple):
    """A recipient's new place."""

    state: str
    reason: str
    rounds: int
    due_at: datetime | None
    asked_at: datetime | None


_DUE = (
    sa.select(
        recipient.c.contact_id, recipient.c.rounds, recipient.c.lapsed, recipient.c.asked_at, contact.c.locale,
        contact.c.operator, contact.c.stopped_at.is_not(None), contact.c.asked_at,
    )
    .join(contact, contact.c.id == recipient.c.contact_id)
    .where(
        recipient.c.broadcast_id == sa.bindparam("broadcast"),
        recipient.c.due_at <= sa.bindparam("at", type_=recipient.c.due_at.type),
    )
    .order_by(recipient.c.due_at, recipient.c.contact_id)
    .limit(sa.bindparam("count"))
    .with_for_update(of=recipient, skip_locked=True)
)  # fmt: skip
_PLACES = Bulk.update(
    recipient, ("state", "reason", "rounds", "due_at", "asked_at"), keys=("broadcast_id", "contact_id")
)
_ASKED = Bulk.update(contact, ("asked_at",), keys=("id",))
_STILL_WAITING = sa.select(outbox.c.id).where(
    within(outbox.c.id, "messages"),
    sa.exists().where(
        run.c.contact_id == outbox.c.contact_id,
        run.c.state == sa.text("'active'"),
        run.c.touched_at <= outbox.c.created_at,
    ),
)
_UNDER_WAY = sa.select(run.c.contact_id, run.c.survey_id).where(
    within(run.c.contact_id, "contacts"), run.c.state == sa.text("'active'")
)
_UNSENT = sa.select(outbox.c.contact_id).where(
    within(outbox.c.contact_id, "contacts"), outbox.c.broadcast_id == sa.bindparam("broadcast"),
    sa.or_(outbox.c.state == sa.text("'queued'"), outbox.c.state == sa.text("'sending'")),
)  # fmt: skip
_RUNS_SINCE = (
    sa.select(respondent.c.contact_id, run.c.id, run.c.state, run.c.started_at, run.c.respondent_id)
    .join(run, run.c.respondent_id == respondent.c.id)
    .where(within(respondent.c.contact_id, "contacts"), respondent.c.survey_id == sa.bindparam("survey"))
    .order_by(run.c.id)
)


_ANSWERED = {RunState.COMPLETED, RunState.DECLINED, RunState.SCREENED_OUT, RunState.STOPPED}
_INVITATION = (
    sa.select(
        broadcast.c.survey_id, broadcast.c.seed, broadcast.c.plan, broadcast.c.started_at, broadcast.c.created_at,
        recipient.c.rounds, recipient.c.lapsed,
    )
    .join(broadcast, broadcast.c.id == recipient.c.broadcast_id)
    .where(
        recipient.c.contact_id == sa.bindparam("contact"),
        recipient.c.asked_at >= sa.bindparam("since", type_=recipient.c.asked_at.type),
        recipient.c.rounds > recipient.c.lapsed,
        broadcast.c.mode == "conversation",
    )
    .order_by(recipient.c.asked_at.desc())
    .limit(1)
)  # fmt: skip


def prepare(
    connection: Connection, which: Broadcast, audience: sa.ColumnElement[bool], *, due_at: datetime, count: int
) -> tuple[int, int]:
    """Note the next `count` contacts as recipients, as far as they are in the audience; those who stopped are left out.

    Returns how many contacts were looked at and how many became recipients; the first is 0 when there are no more.
    """
    ids = sa.select(contact.c.id).where(contact.c.id > which.prepared_to).order_by(contact.c.id).limit(count).subquery()
    seen, last = connection.execute(sa.select(sa.func.count(), sa.func.max(ids.c.id))).one()
    if not seen:
        return 0, 0
    stopped = contact.c.stopped_at.is_not(None)
    chosen = sa.select(
        sa.literal(which.id, sa.BigInteger), contact.c.id, sa.case((stopped, "left_out"), else_="waiting"),
        sa.case((stopped, "stopped"), else_=""), sa.literal(0), sa.literal(0),
        sa.case((stopped, sa.null()), else_=sa.literal(due_at, recipient.c.due_at.type)),
    ).where(contact.c.id > which.prepared_to, contact.c.id <= last, audience)  # fmt: skip
    columns = ["broadcast_id", "contact_id", "state", "reason", "rounds", "lapsed", "due_at"]
    connection.execute(sa.insert(recipient).from_select(columns, chosen))
    mine = sa.select(recipient.c.state, recipient.c.reason, sa.func.count()).where(
        recipient.c.broadcast_id == which.id, recipient.c.contact_id > which.prepared_to, recipient.c.contact_id <= last
    )
    changes, total = Changes(), 0
    for state, reason, number in connection.execute(mine.group_by(recipient.c.state, recipient.c.reason)):
        changes.people(which.id, reason or state, number)
        total += number
    changes.write(connection)
    connection.execute(sa.update(broadcast).where(broadcast.c.id == which.id).values(prepared_to=last))
    return seen, total


def due(connection: Connection, broadcast_id: int, *, count: int, at: datetime) -> list[Due]:
    """Up to `count` recipients for whom there is something to do, held until the transaction ends."""
    rows = connection.execute(_DUE, {"broadcast": broadcast_id, "at": at, "count": count})
    return [Due(*row) for row in rows]


def depth(connection: Connection, broadcast_id: int, *, most: int) -> int:
    """How many messages of a broadcast wait to be sent; counts no further than `most`."""
    some = (
        sa.select(outbox.c.id)
        .where(outbox.c.broadcast_id == broadcast_id, outbox.c.state == sa.text("'queued'"))
        .limit(most)
    )
    return int(connection.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one())


def under_way(connection: Connection, contact_ids: Sequence[int]) -> dict[int, set[int]]:
    """Contact → the surveys that are being answered there now."""
    found: dict[int, set[int]] = {}
    for contact_id, survey_id in connection.execute(_UNDER_WAY, {"contacts": contact_ids}):
        found.setdefault(contact_id, set()).add(survey_id)
    return found


def still_waiting(connection: Connection, message_ids: Sequence[int]) -> set[int]:
    """Those of some messages since which nothing has happened in a run that is under way on their phone."""
    return set(connection.execute(_STILL_WAITING, {"messages": message_ids}).scalars())


def unsent(connection: Connection, broadcast_id: int, contact_ids: Sequence[int]) -> set[int]:
    """Those of the contacts for whom a message of a broadcast still waits, or is being sent."""
    return set(connection.execute(_UNSENT, {"contacts": contact_ids, "broadcast": broadcast_id}).scalars())


def runs_of(connection: Connection, contact_ids: Sequence[int], survey_id: int) -> dict[int, list[Any]]:
    """Contact → the runs of a survey there, the first one first."""
    found: dict[int, list[Any]] = {}
    for row in connection.execute(_RUNS_SINCE, {"contacts": contact_ids, "survey": survey_id}):
        found.setdefault(row.contact_id, []).append(row)
    return found


def place(connection: Connection, broadcast_id: int, places: Mapping[int, Place]) -> None:
    """Give recipients their new places, by contact."""
    rows = [
        (each.state, each.reason, each.rounds, stamp(each.due_at), stamp(each.asked_at), broadcast_id, contact_id)
        for contact_id, each in places.items()
    ]
    _PLACES.write(connection, rows)


def asked(connection: Connection, contact_ids: Sequence[int], at: datetime) -> None:
    """Note that these contacts are asked for answers now."""
    _ASKED.write(connection, [(stamp(at), contact_id) for contact_id in contact_ids])


def invitation_of(connection: Connection, contact_id: int, since: datetime) -> Invitation | None:
    """The last first question that a contact was sent as an SMS since a moment, unless she has answered its survey after it."""
    row = connection.execute(_INVITATION, {"contact": contact_id, "since": since}).first()
    if row is None:
        return None
    runs = runs_of(connection, [contact_id], row.survey_id).get(contact_id, [])
    after = [each for each in runs if each.started_at >= (row.started_at or row.created_at)]
    if any(each.state in _ANSWERED for each in after):
        return None
    version = (json.loads(row.plan) if row.plan else {}).get("version")
    person = after[-1].respondent_id if after else None
    return Invitation(row.survey_id, version, row.seed, row.rounds - row.lapsed > 1, person)


def forget_screens(connection: Connection, run_ids: Sequence[int]) -> None:
    """Let the next text message in these runs be no answer: the question stands in a message of some days ago."""
    if run_ids:
        connection.execute(
            sa.update(session).where(within(session.c.run_id, "runs"), session.c.medium == "sms").values(shown=-1),
            {"runs": list(run_ids)},
        )


def due_again(connection: Connection, broadcast_id: int, *, at: datetime) -> int:
    """Let those who were written to, and are not known to have answered, be looked at now; returns how many."""
    statement = (
        sa.update(recipient)
        .where(recipient.c.broadcast_id == broadcast_id, recipient.c.state == "written", recipient.c.rounds > 0)
        .values(due_at=at)
    )
    return connection.execute(statement).rowcount


def is_over(connection: Connection, broadcast_id: int) -> bool:
    """Whether nobody is due any more, and no message waits or is being sent.

    One statement, one picture: a message that is put back while this looks is seen as the one or as the other.
    """
    someone = sa.select(recipient.c.contact_id).where(
        recipient.c.broadcast_id == broadcast_id, recipient.c.due_at.is_not(None)
    )
    mine = sa.select(outbox.c.id).where(outbox.c.broadcast_id == broadcast_id)
    waiting, under_way = (
        mine.where(outbox.c.state == sa.text("'queued'")),
        mine.where(outbox.c.state == sa.text("'sending'")),
    )
    is_not = sa.or_(someone.exists(), waiting.exists(), under_way.exists())
    return not connection.execute(sa.select(sa.case((is_not, 1), else_=0))).scalar_one()


def unfinished(connection: Connection) -> list[int]:
    """The cancelled broadcasts that still have messages that wait, or recipients who are due."""
    due = sa.select(recipient.c.contact_id).where(
        recipient.c.broadcast_id == broadcast.c.id, recipient.c.due_at.is_not(None)
    )
    waiting = sa.select(outbox.c.id).where(
        outbox.c.broadcast_id == broadcast.c.id, outbox.c.state == sa.text("'queued'")
    )
    statement = sa.select(broadcast.c.id).where(
        broadcast.c.state == sa.text("'cancelled'"), sa.or_(due.exists(), waiting.exists())
    )
    return list(connection.execute(statement).scalars())


def end_all(connection: Connection, broadcast_id: int, *, reason: str, count: int = 5000) -> int:
    """Let so many recipients who are due be due no more; returns how many it were."""
    some = (
        sa.select(recipient.c.contact_id)
        .where(recipient.c.broadcast_id == broadcast_id, recipient.c.due_at.is_not(None))
        .limit(count)
        .scalar_subquery()
    )
    waiting = recipient.c.state == "waiting"
    rows = connection.execute(
        sa.update(recipient)
        .where(
            recipient.c.broadcast_id == broadcast_id,
            recipient.c.contact_id.in_(some),
            recipient.c.due_at.is_not(None),  # again, for another process may have ended them while this one waited
        )
        .values(
            state=sa.case((waiting, "left_out"), else_=recipient.c.state),
            reason=sa.case((waiting, reason), else_=recipient.c.reason),
            due_at=None,
        )
        .returning(recipient.c.state, recipient.c.reason)
    ).all()
    changes = Changes()
    left_out = sum(row.state == "left_out" for row in rows)
    changes.people(broadcast_id, "waiting", -left_out)
    changes.people(broadcast_id, reason, left_out)
    changes.write(connection)
    return len(rows)


def lapse(connection: Connection, gone: Sequence[tuple[int, int]], at: datetime) -> None:
    """Let recipients, by broadcast and contact, whose message was past its time be due again, if theirs still runs."""
    if gone:
        # Written out: a list of values cannot be used where many rows are changed.
        goes_on = sa.or_(broadcast.c.state == sa.text("'running'"), broadcast.c.state == sa.text("'paused'"))
        connection.execute(
            sa.update(recipient)
            .where(
                recipient.c.broadcast_id == sa.bindparam("b"), recipient.c.contact_id == sa.bindparam("c"),
                recipient.c.state == sa.text("'written'"),  # who has ended since, or answered, is left in peace
                recipient.c.broadcast_id.in_(sa.select(broadcast.c.id).where(goes_on)),
            )
            .values(lapsed=recipient.c.lapsed + 1, due_at=at),
            [{"b": broadcast_id, "c": contact_id} for broadcast_id, contact_id in gone],
        )  # fmt: skip


def stopped_since(connection: Connection, broadcast_id: int, since: datetime) -> int:
    """How many recipients asked for silence since a moment."""
    return int(
        connection.execute(
            sa.select(sa.func.count())
            .select_from(recipient)
            .join(contact, contact.c.id == recipient.c.contact_id)
            .where(recipient.c.broadcast_id == broadcast_id, contact.c.stopped_at >= since)
        ).scalar_one()
    )
