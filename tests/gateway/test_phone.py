"""What a phone sees of the gateway where a transcript would be too long: odd texts, late requests, ends, two at once."""

from app.cli.handset import NUMBER, Clock, Network
from tests.phone import Phone

TO_THE_FIRST_KEY_QUESTION = ("1", "1", "1", "1")


def test_the_same_post_after_the_end_shows_the_same_end(phone: Phone) -> None:
    phone.dial()
    last = phone.replies("2", "2")

    again = phone.retry()

    assert not isinstance(again, list)
    assert (again.text, again.final) == (last, True)
    assert len(phone.journeys()) == 1


def test_a_late_request_changes_nothing(phone: Phone) -> None:
    phone.dial()
    phone.replies(*TO_THE_FIRST_KEY_QUESTION)
    before = phone.journeys()

    phone.late()

    assert phone.journeys() == before


def test_an_empty_reply_is_no_answer(phone: Phone) -> None:
    phone.dial()
    phone.reply("1")

    phone.reply("")

    assert phone.answers() == {"language": "en"}
    assert phone.run.question == "consent"


def test_a_star_in_a_reply_stays_in_it(phone: Phone) -> None:
    phone.dial()
    phone.replies(*TO_THE_FIRST_KEY_QUESTION, "4", "0", "4", "0")

    phone.reply("1*3")

    assert phone.answers()["resources_which"] == "power housing"


def test_stop_on_the_menu_ends_the_run_and_keeps_what_was_answered(phone: Phone) -> None:
    phone.dial()
    phone.replies(*TO_THE_FIRST_KEY_QUESTION)

    screen = phone.reply("Stop")

    assert screen.final
    assert phone.run.state == "stopped"
    assert phone.answers() == {"language": "en", "consent": "yes", "adult": "yes"}
    assert phone.stopped()


def test_a_keyword_gets_one_message_however_often_it_is_posted(phone: Phone) -> None:
    phone.sms("IZWI")
    phone.retry()
    phone.retry()

    assert len(phone.received()) == 1


def test_two_phones_are_two_runs_with_orders_of_their_own(network: Network) -> None:
    phones = [Phone(network, NUMBER[:-1] + last) for last in "345"]

    screens = []
    for phone in phones:
        phone.dial()
        screens.append(phone.replies(*TO_THE_FIRST_KEY_QUESTION))

    assert len(set(screens)) == len(phones)
    assert [len(phone.journeys()) for phone in phones] == [1, 1, 1]


def test_a_run_waits_a_day_and_no_longer(phone: Phone, clock: Clock) -> None:
    phone.dial()
    phone.replies("2", "1")
    phone.drop()

    clock.pass_time(hours=23, minutes=59)
    assert phone.dial().text.startswith("Mauya zvakare.")

    clock.pass_time(hours=24, minutes=1)
    assert phone.dial().text.startswith("Choose language")
    assert [journey.state for journey in phone.journeys()] == ["expired", "active"]
