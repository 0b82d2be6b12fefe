"""One phone on two lines at once: by menu and by text message, or dialled twice. Once these went wrong."""

from tests.gateway.conftest import Line


def test_a_run_that_was_started_again_by_menu_is_not_started_again_by_message(line: Line) -> None:
    line.play("one", ["1"])
    line.take(line.message("IZWI"))
    line.play("two", ["2"])

    outcome = line.take(line.message("2"))

    assert outcome == [""]
    assert line.rows("SELECT state, reason FROM run ORDER BY id") == [("expired", "started_again"), ("active", "")]


def test_two_welcomes_back_begin_one_new_run(line: Line) -> None:
    line.play("one", ["1"])
    line.play("two", [])
    line.play("three", ["2"])

    (screen,) = line.take(line.session("two", "2"))

    assert screen == "Thank you. Your answers are saved."
    assert line.rows("SELECT state FROM run ORDER BY id") == [("expired",), ("active",)]


def test_a_completed_run_stays_completed_when_an_older_welcome_back_is_answered(line: Line) -> None:
    line.play("one", ["1"])
    line.play("two", [])
    line.play("three", ["1", "2"])
    assert line.rows("SELECT state FROM run") == [("declined",)]

    line.take(line.session("two", "2"))

    assert line.rows("SELECT state FROM run") == [("declined",)]


def test_a_welcome_back_is_not_gone_on_with_after_stop(line: Line) -> None:
    line.play("one", ["1"])
    line.play("two", [])
    line.take(line.message("STOP"))

    (screen,) = line.take(line.session("two", "1"))

    assert screen == "Thank you. Your answers are saved."
    assert line.rows("SELECT state, reason FROM run") == [("stopped", "stop_word")]


def test_a_stop_by_menu_cancels_a_reply_of_the_same_moment(line: Line) -> None:
    line.play("one", ["1"])

    line.take(line.message("IZWI"), line.session("one", "1*STOP"))

    assert line.rows("SELECT kind, state FROM outbox") == [("reply", "cancelled")]


def test_a_keyword_right_after_a_stop_by_menu_starts_again(line: Line) -> None:
    line.play("one", ["1"])

    line.take(line.session("one", "1*STOP"), line.message("IZWI"))

    assert line.rows("SELECT stopped_at FROM contact") == [(None,)]
    assert line.rows("SELECT kind, state FROM outbox") == [("reply", "queued")]


def test_a_reply_after_the_end_shows_the_farewell_again_and_changes_nothing(line: Line) -> None:
    farewell = line.play("one", ["1", "2"])
    before = line.rows("SELECT state, reason, question, ended_at FROM run")

    (screen,) = line.take(line.session("one", "1*2*1"))

    assert screen == farewell
    assert line.rows("SELECT state, reason, question, ended_at FROM run") == before
