"""The trail: one row after another without a gap, and whatever somebody does to it is found."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app import main
from app.cli.handset import Clock
from app.settings import Settings
from app.store import audit
from app.store.audit import Head, Trail, Verdict
from app.store.unit import Database
from app.values import Role


@pytest.fixture
def pen(parts: main.Parts, clock: Clock) -> Trail:
    """A pen, and five rows that are written with it."""
    made = Trail(parts.keys.trail, "Rudo", Role.DUTY_OFFICER)
    for each in range(5):
        clock.pass_time(seconds=1)
        note(parts, made, clock, f"p{each}")
    return made


def note(parts: main.Parts, pen: Trail, clock: Clock, subject: str) -> None:
    parts.database.write(
        lambda connection: pen.note(connection, "contacts reveal", subject, at=clock(), reason="zvakakosha, é")
    )


def spoil(parts: main.Parts, statement: str) -> None:
    parts.database.write(lambda connection: connection.exec_driver_sql(statement).close())


def verify(parts: main.Parts, head: Head | None = None) -> Verdict:
    return parts.database.read(lambda connection: audit.verify(connection, parts.keys.trail, head=head))


def test_what_nobody_touched_holds(parts: main.Parts, pen: Trail, clock: Clock) -> None:
    first = verify(parts)
    note(parts, pen, clock, "p9")

    assert (first.rows, first.head.number, first.broken) == (5, 5, None)
    assert verify(parts, first.head)[:1] + verify(parts, first.head)[2:] == (6, None, "")
    assert Head.parse(str(first.head)) == first.head


@pytest.mark.parametrize(
    ("statement", "broken", "what"),
    [
        ("UPDATE audit SET subject = 'p7' WHERE number = 3", 3, "was changed"),
        ("UPDATE audit SET actor = 'Chipo' WHERE number = 1", 1, "was changed"),
        ("UPDATE audit SET role = 'admin' WHERE number = 5", 5, "was changed"),
        ("UPDATE audit SET reason = '' WHERE number = 2", 2, "was changed"),
        ("UPDATE audit SET at = (SELECT at FROM audit WHERE number = 5) WHERE number = 4", 4, "was changed"),
        ("UPDATE audit SET digest = (SELECT digest FROM audit WHERE number = 3) WHERE number = 4", 4, "was changed"),
        ("DELETE FROM audit WHERE number = 3", 3, "was removed"),
        ("DELETE FROM audit WHERE number = 1", 1, "was removed"),
        (
            "INSERT INTO audit SELECT 6, at, actor, role, action, subject, reason, digest FROM audit WHERE number = 5",
            6,
            "put in",
        ),
    ],
)
def test_what_was_changed_removed_or_put_in_is_found(
    parts: main.Parts, pen: Trail, statement: str, broken: int, what: str
) -> None:
    spoil(parts, statement)

    found = verify(parts)

    assert (found.broken, found.rows) == (broken, broken - 1)
    assert what in found.what


def test_a_row_that_is_removed_with_the_later_ones_numbered_anew_is_found(parts: main.Parts, pen: Trail) -> None:
    spoil(parts, "DELETE FROM audit WHERE number = 3")
    spoil(parts, "UPDATE audit SET number = 3 WHERE number = 4")
    spoil(parts, "UPDATE audit SET number = 4 WHERE number = 5")

    assert verify(parts).broken == 3


def test_what_was_cut_off_at_the_end_shows_against_a_head_that_was_written_down(parts: main.Parts, pen: Trail) -> None:
    head = verify(parts).head
    spoil(parts, "DELETE FROM audit WHERE number > 3")

    assert verify(parts).broken is None  # nothing in the database can tell
    assert verify(parts, head)[2:] == (4, "and what followed it was cut off")


def test_a_trail_that_grew_again_after_a_cut_is_not_the_one_that_was_written_down(
    parts: main.Parts, pen: Trail, clock: Clock
) -> None:
    head = verify(parts).head
    spoil(parts, "DELETE FROM audit WHERE number > 3")
    for each in range(3):
        note(parts, pen, clock, f"q{each}")

    assert verify(parts).broken is None
    assert verify(parts, head).broken == 5


def test_who_has_the_database_only_cannot_write_it_anew(parts: main.Parts, pen: Trail, clock: Clock) -> None:
    spoil(parts, "DELETE FROM audit")
    note(parts, Trail(b"guessed", "Rudo", Role.ADMIN), clock, "p1")

    assert verify(parts).broken == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL takes nothing that is no moment
def test_a_moment_that_was_spoilt_is_found_and_stumbled_over_by_nobody(parts: main.Parts, pen: Trail) -> None:
    spoil(parts, "UPDATE audit SET at = 'yesterday' WHERE number = 2")

    assert verify(parts).broken == 2


def test_many_at_once_leave_no_gap(parts: main.Parts, settings: Settings, clock: Clock) -> None:
    others = [Database(settings.database) for _ in range(2)]  # as if they were processes of their own
    pen = Trail(parts.keys.trail, "Rudo", Role.ADMIN)

    def work(number: int) -> None:
        others[number % 2].write(
            lambda connection: pen.note(connection, "erase", f"{number}", at=clock() + timedelta(seconds=number))
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(60)))
    for each in others:
        each.close()

    entries = parts.database.read(audit.every)
    assert [each.number for each in entries] == list(range(1, 61))
    assert {each.subject for each in entries} == {str(number) for number in range(60)}
    assert verify(parts)[:1] + verify(parts)[2:] == (60, None, "")
