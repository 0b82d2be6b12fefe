"""Sessions between two turns: a turn that goes on reads nothing, and whatever happened elsewhere meanwhile is still seen."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from app.gateway.turns import Arrival, Gateway
from app.main import Parts
from tests.conftest import Clock
from tests.gateway.conftest import Line


@pytest.fixture
def other(parts: Parts, line: Line, clock: Clock) -> Line:
    """The same channel at another process."""
    return Line(parts, Gateway(parts.settings, parts.database, parts.keys, parts.library, now=clock))


@pytest.fixture
def statements(parts: Parts) -> Iterator[list[str]]:
    """Every statement from now on."""
    found: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        found.append(statement.lstrip())

    event.listen(parts.database.engine, "before_cursor_execute", note)
    yield found
    event.remove(parts.database.engine, "before_cursor_execute", note)


def reads(statements: list[str]) -> list[str]:
    return [each for each in statements if each.startswith("SELECT") and " session" in each]


def test_a_turn_that_goes_on_reads_no_session(line: Line, statements: list[str]) -> None:
    line.play("s1", ["1"])
    statements.clear()

    (screen,) = line.take(line.session("s1", "1*1"))

    assert screen.startswith("Are you 18")
    assert reads(statements) == []


def test_a_repeat_is_read_and_changes_nothing(line: Line, statements: list[str]) -> None:
    line.play("s1", ["1", "1"])
    before = line.rows("SELECT text, turns FROM session")

    assert line.take(line.session("s1", "1*1")) == line.take(line.session("s1", "1*1"))
    assert line.rows("SELECT text, turns FROM session") == before


def test_a_turn_that_another_process_took_meanwhile_is_seen(line: Line, other: Line) -> None:
    line.play("s1", ["1"])
    (there,) = other.take(other.session("s1", "1*1"))

    (again,) = line.take(line.session("s1", "1*1"))
    (on,) = line.take(line.session("s1", "1*1*1"))

    assert again == there
    assert on.startswith("Are you alone")
    assert line.rows("SELECT count(*) FROM answer") == [(3,)]
    assert line.rows("SELECT turns FROM session") == [(4,)]


def test_a_run_that_went_on_elsewhere_is_not_answered_by_an_old_screen(line: Line, other: Line) -> None:
    line.play("s1", ["1", "1"])
    for words in ("IZWI", "1", "2"):  # under age, by SMS
        other.take(other.message(words))
    assert line.rows("SELECT state FROM run") == [("screened_out",)]

    (screen,) = line.take(line.session("s1", "1*1*1"))

    assert screen.startswith("Thank you")
    assert line.rows("SELECT state FROM run") == [("screened_out",)]


def test_what_was_forgotten_meanwhile_comes_back_by_no_turn(line: Line, parts: Parts) -> None:
    line.play("s1", ["1", "1"])
    with parts.database.engine.begin() as connection:
        for table in ("turn", "answer", "consent"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
        connection.execute(sa.text("UPDATE session SET run_id = NULL, text = '', shown = 0"))
        connection.execute(sa.text("DELETE FROM run"))

    (screen,) = line.take(line.session("s1", "1*1*1"))

    assert screen == "This service is not available now."
    assert line.rows("SELECT count(*) FROM run") == line.rows("SELECT count(*) FROM answer") == [(0,)]


def test_a_failed_turn_is_read_anew(line: Line, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    line.play("s1", ["1"])
    arrival = Arrival(line.channel_id, line.session("s1", "1*1"))
    with monkeypatch.context() as broken:
        broken.setattr("app.gateway.batch.Batch.flush", lambda _: 1 / 0)
        line.gateway.take_turns([arrival])

    (screen,) = line.take(line.session("s1", "1*1"))

    assert screen.startswith("Are you 18")
    assert line.rows("SELECT count(*) FROM answer") == [(2,)]
