"""Flags on runs: what is known of finished runs when they are judged, and the doubts that came of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.care import flag
from app.models.people import contact
from app.models.runs import answer, record, run
from app.models.surveys import survey
from app.store import contacts
from app.store.batch import within
from app.store.bulk import insert
from app.store.keys import Keys
from app.values import Doubt, Mode, Msisdn, RunState

_CELLS = 50
"""How many cells of numbers are looked up at once: of a hundred numbers each, each a parameter."""
_ANSWERS = sa.select(
    answer.c.run_id,
    answer.c.question,
    answer.c.position,
    answer.c.value,
    answer.c.choice_order,
    answer.c.asked_at,
    answer.c.answered_at,
).where(within(answer.c.run_id, "runs"), answer.c.raw.is_not(None), answer.c.set_aside_at.is_(None))
_NEAR = sa.select(contact.c.id, contact.c.msisdn_hash).where(
    contact.c.msisdn_hash.in_(sa.bindparam("hashes", expanding=True))
)
_COMPLETED = sa.select(run.c.id, run.c.contact_id, run.c.survey_id, run.c.respondent_id, run.c.ended_at).where(
    within(run.c.contact_id, "contacts"),
    run.c.state == RunState.COMPLETED.value,
    (run.c.ended_at >= sa.bindparam("since", type_=run.c.ended_at.type)) | within(run.c.contact_id, "own"),
    run.c.mode != Mode.FACILITATOR.value,
)
_OTHER = record.alias("other")
# One that was there before is enough: where there were two, both have their flag. Who withdrew has no record any more.
_ALIKE = sa.select(
    record.c.run_id,
    record.c.vector,
    sa.select(_OTHER.c.run_id)
    .where(_OTHER.c.vector == record.c.vector, ~within(_OTHER.c.run_id, "runs"))
    .limit(1)
    .scalar_subquery()
    .label("other"),
).where(within(record.c.run_id, "runs"))


def answers(connection: Connection, run_ids: Sequence[int]) -> dict[int, list[Any]]:
    """The typed answers that count, by run."""
    found = defaultdict[int, list[Any]](list)
    for row in connection.execute(_ANSWERS, {"runs": run_ids}):
        found[row.run_id].append(row)
    return found


def cells(connection: Connection, keys: Keys, contact_ids: Sequence[int]) -> dict[int, int]:
    """Phone → its cell: of these phones, and of all whose numbers differ from theirs in the last two digits only."""
    numbers = contacts.addresses(connection, keys, contact_ids).values()
    stems = sorted({each.msisdn.e164[:-2] for each in numbers})
    found = {}
    for begin in range(0, len(stems), _CELLS):
        cell_of = {
            keys.find(Msisdn(f"{stem}{last:02}")): begin + place
            for place, stem in enumerate(stems[begin : begin + _CELLS])
            for last in range(100)
        }
        for row in connection.execute(_NEAR, {"hashes": list(cell_of)}):
            found[row.id] = cell_of[bytes(row.msisdn_hash)]
    return found


def completed(
    connection: Connection, contact_ids: Sequence[int], *, own: Sequence[int], since: datetime
) -> Sequence[Any]:
    """The completed runs on these phones since a moment, on their `own` all; but for those that a facilitator held."""
    return connection.execute(_COMPLETED, {"contacts": contact_ids, "own": own, "since": since}).all()


def alike(connection: Connection, run_ids: Sequence[int]) -> Sequence[Any]:
    """Those of these runs that count, with the hash of what was chosen, and one other run that has the same."""
    return connection.execute(_ALIKE, {"runs": run_ids}).all()


def put(connection: Connection, doubts: Iterable[tuple[int, Doubt]], at: datetime) -> None:
    """Flag runs; a flag that is there stays as it is."""
    rows = [{"run_id": run_id, "kind": kind.value, "at": at} for run_id, kind in sorted(doubts)]
    if rows:
        connection.execute(insert(connection, flag).on_conflict_do_nothing(), rows)


def kinds_of(run_id: "sa.ColumnElement[int]") -> "sa.ScalarSelect[str]":
    """For a query of runs: the flags of each, parted by blanks, in no order."""
    return sa.select(sa.func.aggregate_strings(flag.c.kind, " ")).where(flag.c.run_id == run_id).scalar_subquery()


def flagged(run_id: "sa.ColumnElement[int]", kinds: Iterable[Doubt]) -> "sa.ColumnElement[bool]":
    """For a query of runs: whether one has a flag of these kinds."""
    return sa.exists().where(flag.c.run_id == run_id, flag.c.kind.in_([each.value for each in sorted(kinds)]))


def count(
    connection: Connection, kinds: Iterable[Doubt], *which: "sa.ColumnElement[bool]", survey_name: str | None
) -> int:
    """How many runs of a survey (None: of all) have a flag of these kinds."""
    statement = sa.select(sa.func.count()).select_from(run).where(flagged(run.c.id, kinds), *which)
    if survey_name:
        statement = statement.join(survey, survey.c.id == run.c.survey_id).where(survey.c.name == survey_name)
    return int(connection.execute(statement).scalar_one())
