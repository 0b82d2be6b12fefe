"""Cases are opened once for a run and question; facilitators are known among the phones of a batch."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app import main
from app.cli.handset import Clock
from app.models.care import distress_case
from app.models.people import contact
from app.models.runs import run
from app.store import cases, facilitators
from app.store.cases import Raised
from tests.phone import Phone


@pytest.fixture
def run_id(parts: main.Parts, phone: Phone) -> int:
    phone.dial()
    return int(parts.database.read(lambda connection: connection.execute(sa.select(run.c.id)).scalar_one()))


def test_a_case_is_opened_once_for_a_run_and_question(parts: main.Parts, run_id: int, clock: Clock) -> None:
    first = Raised(run_id, "story", clock(), clock() + timedelta(hours=24))
    again = first._replace(raised_at=clock() + timedelta(minutes=1))

    parts.database.write(lambda connection: cases.add(connection, [first, first._replace(question="needs")]))
    parts.database.write(lambda connection: cases.add(connection, [again, again._replace(question="fear"), again]))

    chosen = sa.select(distress_case.c.question, distress_case.c.raised_at).order_by(distress_case.c.question)
    rows = parts.database.read(lambda connection: connection.execute(chosen).all())
    assert [tuple(row) for row in rows] == [
        ("fear", again.raised_at), ("needs", first.raised_at), ("story", first.raised_at)
    ]  # fmt: skip


def test_a_facilitator_is_known_among_the_phones_of_a_batch(parts: main.Parts, run_id: int, clock: Clock) -> None:
    def contact_id(connection: Connection) -> int:
        return int(connection.execute(sa.select(contact.c.id)).scalar_one())

    there = parts.database.read(contact_id)

    def add(name: str) -> bool:
        return parts.database.write(lambda connection: facilitators.add(connection, there, name, clock()))

    def among() -> set[int]:
        return parts.database.read(lambda connection: facilitators.among(connection, [there, there + 1]))

    assert among() == set()
    assert [add("Gokwe 1"), add("Gokwe 1"), add("Gokwe 2")] == [True, False, False]
    assert among() == {there}
    assert parts.database.write(lambda connection: facilitators.remove(connection, "Gokwe 1"))
    assert among() == set()
    assert not parts.database.write(lambda connection: facilitators.remove(connection, "Gokwe 1"))
