"""What became of those who were asked, and of those who came by themselves: counted, never one by one."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.broadcasts import broadcast, recipient
from app.models.messages import outbox
from app.models.people import contact
from app.models.runs import run
from app.store.figures import Who, people, who
from app.store.profiles import INVITED

# What became of the messages to one phone, the best last: one that arrived counts more than one that did not.
DELIVERIES = ("never", "no_such_phone", "blocked", "failed", "waiting", "unknown", "sent", "delivered")
# As providers say it. A phone that is off, or has no credit, is a phone.
_NO_SUCH_PHONE = ("InvalidPhoneNumber", "UnsupportedNumberType", "UserDoesNotExist", "NotNetworkSubscriber")
_BLOCKED = ("UserInBlacklist",)


class Ended(NamedTuple):
    """Runs that stand at the same place."""

    version_id: int
    state: str
    reason: str
    question: str


class Outcome(NamedTuple):
    """So many people with the same outcome."""

    people: int
    run: Ended | None
    """Her best run, or else her last one; None where she began none."""
    place: str = ""
    """Her state in the broadcast: waiting, written, left_out or ended."""
    reason: str = ""
    asked: bool = False
    """Whether any message to her went out in time."""
    stopped: bool = False
    """Whether she has asked for silence since the broadcast began."""
    delivery: str = ""
    """One of `DELIVERIES`."""
    who: Who = (0, 0)


def of_broadcast(connection: Connection, broadcast_id: int) -> list[Outcome]:
    """Every recipient of a broadcast, once: a phone."""
    survey, began = connection.execute(
        sa.select(broadcast.c.survey_id, _BEGAN).where(broadcast.c.id == broadcast_id)
    ).one()
    best, messages = _best_of_phones(broadcast_id, survey, began), _messages(broadcast_id)
    asked, stopped = recipient.c.rounds > recipient.c.lapsed, contact.c.stopped_at >= sa.bindparam("began", began, _UTC)
    parts = (
        best.c.survey_version_id, best.c.state, best.c.reason, best.c.question, recipient.c.state, recipient.c.reason,
        sa.case((asked, 1), else_=0), sa.case((stopped, 1), else_=0), messages.c.rank,
    )  # fmt: skip
    joined = (
        recipient.join(contact, contact.c.id == recipient.c.contact_id)
        .outerjoin(best, sa.and_(best.c.contact_id == recipient.c.contact_id, best.c.place == 1))
        .outerjoin(messages, messages.c.contact_id == recipient.c.contact_id)
    )
    labelled = [part.label(f"part_{place}") for place, part in enumerate(parts)]
    inner = (
        sa.select(recipient.c.contact_id, *labelled)
        .select_from(joined)
        .where(recipient.c.broadcast_id == broadcast_id)
        .subquery()
    )
    rows = connection.execute(sa.select(*inner.c[1:], *people(inner.c.contact_id)).group_by(*inner.c[1:]))
    return [
        Outcome(
            count, None if version is None else Ended(version, *ended), place, why, bool(was_asked), bool(silent),
            DELIVERIES[rank or 0], sums,
        )
        for (version, *ended, place, why, was_asked, silent, rank, count, _, _), sums in ((row, who(row)) for row in rows)
    ]  # fmt: skip


def of_others(connection: Connection, survey_id: int) -> list[Outcome]:
    """Every person who came to a survey without a broadcast that asked her phone."""
    ranked = (
        sa.select(
            run.c.survey_version_id,
            run.c.state,
            run.c.reason,
            run.c.question,
            run.c.respondent_id,
            _place(run.c.respondent_id),
        )
        .where(run.c.survey_id == survey_id, ~INVITED)
        .subquery()
    )
    parts = (ranked.c.survey_version_id, ranked.c.state, ranked.c.reason, ranked.c.question)
    statement = sa.select(*parts, *people(ranked.c.respondent_id)).where(ranked.c.place == 1).group_by(*parts)
    return [Outcome(row[4], Ended(*row[:4]), who=who(row)) for row in connection.execute(statement)]


def unlinked(connection: Connection, survey_id: int, *, broadcast_id: int) -> tuple[int, Who]:
    """The runs since a broadcast began that can no longer be told to be a recipient's, because their link was cut."""
    began = sa.select(_BEGAN).where(broadcast.c.id == broadcast_id).scalar_subquery()
    statement = (
        sa.select(*people(run.c.id))
        .select_from(run)
        .where(run.c.survey_id == survey_id, run.c.contact_id.is_(None), run.c.started_at >= began)
    )
    row = connection.execute(statement).one()
    return int(row[0]), who(row)


_BEGAN = sa.func.coalesce(broadcast.c.started_at, broadcast.c.created_at)
_UTC = run.c.started_at.type


def _place(whose: "sa.Column[int]") -> "sa.Label[int]":
    """1 for the run that counts of somebody: a completed one, else the last."""
    completed = sa.case((run.c.state == sa.text("'completed'"), 0), else_=1)
    return sa.func.row_number().over(partition_by=whose, order_by=(completed, run.c.id.desc())).label("place")


def _best_of_phones(broadcast_id: int, survey_id: int, began: datetime) -> sa.Subquery:
    return (
        sa.select(
            run.c.contact_id,
            run.c.survey_version_id,
            run.c.state,
            run.c.reason,
            run.c.question,
            _place(run.c.contact_id),
        )
        .join(recipient, recipient.c.contact_id == run.c.contact_id)
        .where(
            recipient.c.broadcast_id == broadcast_id,
            run.c.survey_id == survey_id,
            run.c.started_at >= sa.bindparam("since", began, _UTC),
        )
        .subquery("best")
    )


def _messages(broadcast_id: int) -> sa.Subquery:
    failed = outbox.c.state == sa.text("'failed'")
    word = sa.case(
        (failed & outbox.c.reason.in_(_NO_SUCH_PHONE), DELIVERIES.index("no_such_phone")),
        (failed & outbox.c.reason.in_(_BLOCKED), DELIVERIES.index("blocked")),
        (failed, DELIVERIES.index("failed")),
        (outbox.c.state.in_(("queued", "sending")), DELIVERIES.index("waiting")),
        *((outbox.c.state == name, DELIVERIES.index(name)) for name in ("unknown", "sent", "delivered")),
        else_=DELIVERIES.index("never"),
    )
    return (
        sa.select(outbox.c.contact_id, sa.func.max(word).label("rank"))
        .where(outbox.c.broadcast_id == broadcast_id)
        .group_by(outbox.c.contact_id)
        .subquery("messages")
    )
