"""She calls, nobody answers, and the survey comes to her by SMS: it costs her nothing, and a machine cannot make it chat."""

from collections.abc import Callable

import pytest

from app.channels.base import CallEnd, MissedCall
from app.gateway.turns import Gateway
from app.main import Parts
from app.settings import Settings
from tests.conftest import Clock
from tests.gateway.conftest import NUMBER, Line

LANGUAGES = "Choose language / Sarudza mutauro / Khetha ulimi"


def call(session: str = "ATVId_1", *, number: str = NUMBER, to: str = "+263770009000") -> MissedCall:
    return MissedCall(session, number, to)


def sent(line: Line) -> list[str]:
    return [str(row[0]) for row in line.rows("SELECT body FROM outbox ORDER BY id")]


def test_a_call_begins_the_survey_by_message(line: Line) -> None:
    assert line.take(call()) == [""]

    ((key, kind, body),) = line.rows("SELECT key, kind, body FROM outbox")
    assert (key, kind) == ("reply:call:ATVId_1", "reply")
    assert str(body).startswith(LANGUAGES)
    assert line.rows("SELECT medium, address FROM session") == [("sms", "+263770009000")]

    line.take(line.message("1"))
    assert line.rows("SELECT question, raw FROM answer") == [("language", "1")]


def test_the_same_call_told_twice_is_one(line: Line, clock: Clock) -> None:
    line.take(call(), call())
    clock.pass_time(minutes=30)
    line.take(call())

    assert len(sent(line)) == 1


@pytest.mark.parametrize(("minutes", "messages"), [(0, 1), (9, 1), (11, 2)])
def test_whoever_calls_again_at_once_has_her_question_already(
    line: Line, clock: Clock, minutes: int, messages: int
) -> None:
    line.take(call("ATVId_1"))
    clock.pass_time(minutes=minutes)
    line.take(call("ATVId_2"))

    assert len(sent(line)) == messages


def test_two_calls_of_one_batch_send_one_question(line: Line) -> None:
    line.take(call("ATVId_1"), call("ATVId_2"))

    assert len(sent(line)) == 1


def test_a_later_call_goes_on_where_she_was(line: Line, clock: Clock) -> None:
    line.take(call("ATVId_1"))
    line.take(line.message("1"))
    clock.pass_time(hours=2)

    line.take(call("ATVId_2"))

    assert sent(line)[-1].startswith("Welcome back.")
    assert line.rows("SELECT count(*) FROM run") == [(1,)]


def test_a_call_from_a_stopped_phone_is_no_start(line: Line) -> None:
    line.take(line.message("STOP"))
    before = sent(line)

    line.take(call())

    assert sent(line) == before
    assert line.rows("SELECT count(*) FROM run") == [(0,)]
    assert line.rows("SELECT count(*) FROM contact WHERE stopped_at IS NOT NULL") == [(1,)]


@pytest.mark.parametrize("number", ["MTN", "anonymous", "12"])
def test_a_caller_who_hides_her_number_gets_nothing(line: Line, number: str) -> None:
    assert line.take(call(number=number)) == [""]

    assert line.rows("SELECT count(*) FROM contact") == [(0,)]


def test_the_end_of_a_call_changes_nothing(line: Line) -> None:
    assert line.take(CallEnd("ATVId_1")) == [""]

    assert line.rows("SELECT count(*) FROM session") == [(0,)]


@pytest.fixture
def line_of(parts: Parts, clock: Callable[[], object]) -> Callable[..., Line]:
    def make(**changes: object) -> Line:
        settings: Settings = parts.settings.model_copy(update=changes)
        return Line(parts, Gateway(settings, parts.database, parts.keys, parts.library, now=clock))

    return make


@pytest.mark.parametrize(
    ("to", "begins"), [("+263770009001", False), ("263770009001", False), ("+263770009000", True), ("", True)]
)
def test_each_number_has_its_survey(line_of: Callable[..., Line], to: str, begins: bool) -> None:
    line = line_of(missed_calls={"+263770009001": "no such survey"})

    line.take(call(to=to))

    assert sent(line)[0].startswith(LANGUAGES if begins else "This service is not available now.")


def test_a_number_without_a_survey_says_so_once_a_day(line_of: Callable[..., Line], clock: Clock) -> None:
    line = line_of(survey="no such survey")

    for session in range(5):
        line.take(call(f"ATVId_{session}"))
        clock.pass_time(minutes=1)
    assert len(sent(line)) == 1

    clock.pass_time(hours=24)
    line.take(call("ATVId_9"))
    assert len(sent(line)) == 2
