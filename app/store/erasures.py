"""Erasure: everything of a phone and of the people on it goes, but for what was published and the receipt.

It goes in one pass, and the phone itself when no message of its is under way any more: the word that it is done must still
reach her. Who comes back meanwhile is somebody new, and keeps what she says from then on.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.broadcasts import airtime, recipient
from app.models.care import distress_case, facilitator, flag
from app.models.consents import consent
from app.models.erasures import erasure
from app.models.messages import delivery_report, inbound, outbox
from app.models.people import contact, contact_key, group_member, respondent
from app.models.runs import answer, record, run, session, turn
from app.store.batch import within
from app.store.tallies import Changes


@dataclass(frozen=True, slots=True)
class Erasure:
    """A phone that is to be forgotten."""

    id: int
    uid: UUID
    contact_id: int
    asked_at: datetime
    removed: Counter[str]


class Receipt(NamedTuple):
    """That a phone was forgotten; nothing in it is of a person."""

    uid: UUID
    asked_by: str
    asked_at: datetime
    done_at: datetime | None
    removed: Mapping[str, int]


class Held(NamedTuple):
    """How much is kept of a phone, in rows."""

    respondents: int
    runs: int
    answers: int
    messages: int


_CONTACT: sa.BindParameter[int] = sa.bindparam("contact")
_ASKED = sa.bindparam("asked", type_=erasure.c.asked_at.type)
_ASKED_FOR = sa.select(contact.c.id, contact.c.msisdn_hash).where(
    within(contact.c.id, "contacts"),
    ~sa.exists().where(erasure.c.contact_id == contact.c.id, erasure.c.done_at.is_(None)),
)
# After its first pass a phone waits until no message to it is under way: in an outage that is for days.
_WAITS = sa.exists().where(outbox.c.contact_id == erasure.c.contact_id, outbox.c.state.in_(("queued", "sending")))
_PENDING = (
    sa.select(erasure.c.id, erasure.c.uid, erasure.c.contact_id, erasure.c.asked_at, erasure.c.removed)
    .where(erasure.c.done_at.is_(None), sa.or_(erasure.c.removed == "{}", ~_WAITS))
    .order_by(erasure.c.id)
    .limit(sa.bindparam("count"))
)
_OF_CONTACT = (
    sa.select(erasure.c.id, erasure.c.uid, erasure.c.contact_id, erasure.c.asked_at, erasure.c.removed)
    .where(erasure.c.contact_id == sa.bindparam("contact"), erasure.c.done_at.is_(None))
    .order_by(erasure.c.id)
)
_FORGOTTEN = sa.select(erasure.c.msisdn_hash).where(erasure.c.msisdn_hash.in_(sa.bindparam("hashes", expanding=True)))
_OURS = respondent.c.contact_id == _CONTACT
_PEOPLE = sa.select(respondent.c.id).where(_OURS, respondent.c.created_at <= _ASKED)
_RUNS = sa.select(run.c.id).where(run.c.respondent_id.in_(_PEOPLE))
# Where its link was cut (`retention`), a gift has no run any more.
_THANKS = (airtime.c.contact_id == _CONTACT) & (airtime.c.run_id.is_(None) | airtime.c.run_id.in_(_RUNS))
_SESSIONS = sa.select(session.c.id).where(session.c.contact_id == _CONTACT)
_SETTLED = outbox.c.state.not_in(("queued", "sending"))
_REPORTED = sa.select(outbox.c.channel_id, outbox.c.provider_id).where(
    outbox.c.contact_id == _CONTACT, _SETTLED, outbox.c.provider_id.is_not(None)
)
# Children before parents. What is counted goes onto the receipt by its name.
_STEPS: tuple[tuple[str, Any], ...] = (
    # Without it nothing of her can be read in any backup, once the keyring beside it is written anew (D17).
    ("", sa.delete(contact_key).where(contact_key.c.contact_id == _CONTACT)),
    ("", sa.update(airtime).where(_THANKS, airtime.c.state == "queued")
         .values(state="refused", reason="erased")),
    ("", sa.update(airtime).where(_THANKS, airtime.c.state != "sending")
         .values(contact_id=None, run_id=None)),
    ("answers", sa.delete(answer).where(answer.c.run_id.in_(_RUNS))),
    ("consents", sa.delete(consent).where(consent.c.run_id.in_(_RUNS))),
    ("records", sa.delete(record).where(record.c.run_id.in_(_RUNS))),
    ("cases", sa.delete(distress_case).where(distress_case.c.run_id.in_(_RUNS))),
    ("", sa.delete(flag).where(flag.c.run_id.in_(_RUNS))),
    ("turns", sa.delete(turn).where(turn.c.session_id.in_(_SESSIONS), turn.c.at <= _ASKED)),
    ("", sa.update(session).where(session.c.run_id.in_(_RUNS)).values(run_id=None, text="", shown=0, asking="")),
    ("runs", sa.delete(run).where(
        run.c.id.in_(_RUNS), ~sa.exists().where(airtime.c.run_id == run.c.id).correlate(run)
    )),
    ("messages", sa.delete(inbound).where(inbound.c.contact_id == _CONTACT, inbound.c.received_at <= _ASKED)),
    ("", sa.delete(delivery_report).where(
        sa.tuple_(delivery_report.c.channel_id, delivery_report.c.provider_id).in_(_REPORTED)
    )),
    ("messages", sa.delete(outbox).where(
        outbox.c.contact_id == _CONTACT, _SETTLED, outbox.c.created_at <= _ASKED
    )),
    ("respondents", sa.delete(respondent).where(
        respondent.c.id.in_(_PEOPLE), ~sa.exists().where(run.c.respondent_id == respondent.c.id).correlate(respondent)
    )),
    ("", sa.delete(group_member).where(group_member.c.contact_id == _CONTACT)),
    ("", sa.delete(facilitator).where(facilitator.c.contact_id == _CONTACT)),
)  # fmt: skip
_PLACES = sa.delete(recipient).where(recipient.c.contact_id == _CONTACT).returning(
    recipient.c.broadcast_id, recipient.c.state
)  # fmt: skip
_UNDER_WAY = sa.select(
    sa.exists().where(outbox.c.contact_id == _CONTACT, outbox.c.created_at <= _ASKED) | sa.exists().where(_THANKS)
)
_IS_BACK = sa.select(
    sa.exists().where(_OURS)
    | sa.exists().where(inbound.c.contact_id == _CONTACT)
    | sa.exists().where(outbox.c.contact_id == _CONTACT)
    | sa.exists().where(airtime.c.contact_id == _CONTACT)
    | sa.exists().where(turn.c.session_id.in_(_SESSIONS))
)


def ask(connection: Connection, contact_ids: Sequence[int], *, asked_by: str, at: datetime) -> int:
    """Take note that these phones are to be forgotten; returns how many of them were not noted before."""
    if not contact_ids:
        return 0
    again = sa.update(erasure).where(within(erasure.c.contact_id, "contacts"), erasure.c.done_at.is_(None))
    connection.execute(again.values(asked_at=at), {"contacts": list(contact_ids)})
    found = connection.execute(_ASKED_FOR, {"contacts": list(contact_ids)}).all()
    rows = [
        {"uid": uuid7(), "contact_id": key, "msisdn_hash": hashed, "asked_by": asked_by, "asked_at": at}
        for key, hashed in found
    ]
    if rows:
        connection.execute(sa.insert(erasure), rows)
        connection.execute(
            sa.update(contact)
            .where(within(contact.c.id, "contacts"))
            .values(stopped_at=sa.func.coalesce(contact.c.stopped_at, _ASKED), attributes="{}"),
            {"contacts": [row["contact_id"] for row in rows], "asked": at},
        )
    return len(rows)


def pending(connection: Connection, *, count: int = 20) -> list[Erasure]:
    """Phones of which something is still there, the first that asked first."""
    return [_erasure(row) for row in connection.execute(_PENDING, {"count": count})]


def of_contact(connection: Connection, contact_id: int) -> list[Erasure]:
    """What was asked for one phone and is not done yet."""
    return [_erasure(row) for row in connection.execute(_OF_CONTACT, {"contact": contact_id})]


def _erasure(row: Any) -> Erasure:
    return Erasure(row.id, row.uid, row.contact_id, row.asked_at, Counter(json.loads(row.removed)))


def held(connection: Connection, contact_id: int) -> Held:
    """How much is kept of a phone and of the people on it."""
    runs = sa.select(run.c.id).join(respondent, respondent.c.id == run.c.respondent_id).where(_OURS)

    def count(table: sa.Table, *which: sa.ColumnElement[bool]) -> int:
        counted = sa.select(sa.func.count()).select_from(table).where(*which)
        return int(connection.execute(counted, {"contact": contact_id}).scalar_one())

    messages = count(inbound, inbound.c.contact_id == _CONTACT) + count(outbox, outbox.c.contact_id == _CONTACT)
    return Held(
        count(respondent, _OURS), count(run, run.c.id.in_(runs)), count(answer, answer.c.run_id.in_(runs)), messages
    )


def erase(connection: Connection, which: Erasure, *, at: datetime) -> bool:
    """Remove all that can go now; says whether nothing is left."""
    given = {"contact": which.contact_id, "asked": which.asked_at}
    removed = Counter(which.removed)
    for name, statement in _STEPS:
        count = connection.execute(statement, given).rowcount
        if name and count:
            removed[name] += count
    _leave_broadcasts(connection, given)
    left = bool(connection.execute(_UNDER_WAY, given).scalar())
    gone = not left and not connection.execute(_IS_BACK, given).scalar()
    removed["phones"] = int(gone)
    values: dict[str, Any] = {"removed": json.dumps(removed, sort_keys=True)}
    if not left:
        values |= {"done_at": at, "contact_id": None}
    connection.execute(sa.update(erasure).where(erasure.c.id == which.id).values(**values))
    if gone:
        connection.execute(sa.delete(session).where(session.c.contact_id == _CONTACT), given)
        connection.execute(sa.update(erasure).where(erasure.c.contact_id == _CONTACT).values(contact_id=None), given)
        connection.execute(sa.delete(contact).where(contact.c.id == _CONTACT), given)
    return not left


def _leave_broadcasts(connection: Connection, given: dict[str, Any]) -> None:
    """Her places go; the figures stay: who was written to was, and whose turn did not come yet asked for silence."""
    changes = Changes()
    for row in connection.execute(_PLACES, given):
        if row.state == "waiting":
            changes.people(row.broadcast_id, "waiting", -1)
            changes.people(row.broadcast_id, "stopped")
    changes.write(connection)


def forgotten(connection: Connection, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of these numbers that asked to be forgotten."""
    return {bytes(each) for each in connection.execute(_FORGOTTEN, {"hashes": list(hashes)}).scalars()}


def receipts(connection: Connection) -> list[Receipt]:
    """All erasures, the first that was asked for first."""
    statement = sa.select(
        erasure.c.uid, erasure.c.asked_by, erasure.c.asked_at, erasure.c.done_at, erasure.c.removed
    ).order_by(erasure.c.id)
    rows = connection.execute(statement)
    return [Receipt(row.uid, row.asked_by, row.asked_at, row.done_at, json.loads(row.removed)) for row in rows]


_RUNS_ON = (
    sa.select(run.c.id)
    .join(respondent, respondent.c.id == run.c.respondent_id)
    .where(within(respondent.c.contact_id, "contacts"))
)


def withhold(connection: Connection, contact_ids: Sequence[int], *, at: datetime) -> None:
    """Let nothing count that was answered on these phones: no export has it from now on."""
    if contact_ids:
        given = {"contacts": list(contact_ids)}
        aside = sa.update(answer).where(answer.c.run_id.in_(_RUNS_ON), answer.c.set_aside_at.is_(None))
        connection.execute(aside.values(set_aside_at=at), given)
        connection.execute(sa.delete(record).where(record.c.run_id.in_(_RUNS_ON)), given)
