"""Many answers in one message, over the whole write side: posted twice, sent twice, two at once, and STOP in between."""

from collections.abc import Iterator

import pytest

from app import main
from app.cli.handset import Clock, Network
from app.settings import Settings
from tests.forms import FORMS
from tests.gateway.conftest import Line
from tests.phone import Phone

ANSWERS = "SELECT question, value FROM answer WHERE set_aside_at IS NULL AND raw IS NOT NULL ORDER BY question"
WHOLE = "WP L en OK yes P Chitsa W no D 5 U 40 S 1/3/2026"


@pytest.fixture
def parts(settings: Settings) -> Iterator[main.Parts]:
    """A service with two surveys: one that takes records, and one that asks several questions in a message."""
    changes = {"survey": "home", "keywords": {"HOME": "home"}}
    files = [FORMS / "water_point.md", FORMS / "home.md"]
    made = main.assemble(settings.model_copy(update=changes), files)
    yield made
    made.close()


def test_a_record_that_is_posted_twice_is_one_run_with_one_reply(line: Line) -> None:
    message = line.message(WHOLE)

    line.take(message)
    line.take(message, message)

    assert line.rows("SELECT state FROM run") == [("completed",)]
    assert line.rows("SELECT kind FROM outbox") == [("reply",)]
    assert len(line.rows(ANSWERS)) == 7


def test_a_record_that_is_sent_again_within_a_day_gets_the_same_reply_and_is_counted_once(
    phone: Phone, clock: Clock
) -> None:
    first = phone.sms(WHOLE)
    clock.pass_time(hours=2)
    again = phone.sms(WHOLE.lower())
    assert (again, len(phone.journeys())) == (first, 1)

    clock.pass_time(hours=25)
    phone.sms(WHOLE)
    assert len(phone.journeys()) == 2


def test_another_record_after_a_whole_one_is_another_report(phone: Phone) -> None:
    phone.sms(WHOLE)
    phone.sms(WHOLE.replace("Chitsa", "Dip tank"))

    assert [journey.state for journey in phone.journeys()] == ["completed", "completed"]


def test_two_messages_at_once_are_one_record(line: Line) -> None:
    line.take(line.message("WP L en OK yes P Chitsa"), line.message("WP W no D 5 P Chitsa B"))

    assert line.rows("SELECT state, question FROM run") == [("active", "users")]
    assert line.rows(ANSWERS) == [
        ("agree", "yes"), ("days", "5"), ("language", "en"), ("point", "Chitsa B"), ("works", "no"),
    ]  # fmt: skip


def test_stop_between_two_messages_keeps_nothing_that_was_not_agreed_to(line: Line) -> None:
    line.take(line.message("WP L en P Chitsa W no"), line.message("STOP"), line.message("1"))

    assert line.rows("SELECT state, reason FROM run") == [("stopped", "stop_word")]
    assert line.rows(ANSWERS) == [("language", "en")]
    assert line.rows("SELECT kind, state FROM outbox ORDER BY id") == [("reply", "cancelled"), ("stop", "queued")]


def test_a_record_after_stop_asks_us_to_write_again(phone: Phone) -> None:
    phone.sms("WP L en P Chitsa")
    phone.sms("STOP")

    assert phone.sms("WP L en P Chitsa")[0].startswith("We keep what you tell us")
    assert not phone.stopped()
    assert [journey.state for journey in phone.journeys()] == ["stopped", "active"]


def test_a_record_goes_on_with_a_run_without_a_welcome_back(phone: Phone) -> None:
    phone.sms("WP L en OK yes")
    phone.sms("WP P Chitsa")

    assert phone.sms("WP W yes")[0].startswith("How many households")
    assert len(phone.journeys()) == 1
    assert phone.sms("WP")[0].startswith("Welcome back.")


def test_an_answer_that_begins_with_the_prefix_is_no_record(phone: Phone) -> None:
    phone.sms("WP L en OK yes")

    phone.sms("WP of Chitsa school")

    assert phone.answers()["point"] == "WP of Chitsa school"


def test_a_keyword_of_another_survey_comes_before_a_prefix(network: Network, parts: main.Parts) -> None:
    settings = parts.settings.model_copy(update={"keywords": {"WP": "home"}})
    again = Network(main.Parts(settings, parts.database, parts.keys, parts.library, parts.lines), network.clock)

    assert Phone(again).sms(WHOLE)[0].startswith("About your home:")


def test_a_reply_to_several_questions_that_is_posted_twice_counts_once(line: Line) -> None:
    line.take(line.message("HOME"))
    message = line.message("2 7 4")

    line.take(message, message)
    line.take(message)

    assert line.rows(ANSWERS) == [("rooms", "4"), ("water", "no")]
    assert line.rows("SELECT state, question FROM run") == [("active", "way")]
    assert line.rows("SELECT count(*) FROM outbox") == [(2,)]


def test_two_replies_at_once_are_taken_in_order(line: Line) -> None:
    line.take(line.message("HOME"), line.message("2 7 4"), line.message("bus"), line.message("6"))

    assert line.rows("SELECT state FROM run") == [("completed",)]
    assert line.rows(ANSWERS) == [("people", "6"), ("rooms", "4"), ("water", "no"), ("way", "bus")]


def test_stop_after_several_questions_takes_no_reply_to_them(line: Line) -> None:
    line.take(line.message("HOME"), line.message("STOP"))

    line.take(line.message("2 1 4"))

    assert line.rows(ANSWERS) == []
    assert line.rows("SELECT state FROM run") == [("stopped",)]


def test_several_questions_that_came_by_message_go_on_by_menu_one_by_one(phone: Phone) -> None:
    phone.sms("HOME")

    assert phone.dial().text == "About your home:\nIs clean water near your home?\n1 Yes\n2 No"
    phone.replies("1", "2")

    assert phone.sms("2 1 4")[0] == "How many rooms has it?\n(1 to 9)", "the message is no longer what is asked"
    assert phone.answers() == {"water": "yes", "way": "bus"}
