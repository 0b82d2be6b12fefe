"""What a person decides of messages of unknown outcome: they count as sent, or go out again; sums stay exact."""

import pytest
from click.testing import CliRunner, Result

from app.channels.base import SmsIn
from app.cli import main
from app.gateway import deciding
from app.gateway.deciding import Decided, Decision
from app.gateway.refusals import NotNow
from tests.worker.conftest import NUMBER, Post
from tests.worker.sending import PRICE, Office

MANY = tuple(f"+2637700002{number:02}" for number in range(5))


@pytest.fixture
def office(post: Post) -> Office:
    return Office(post)


def lose(office: Office, *numbers: str, **wish: object) -> None:
    """Send a broadcast whose every message ends with an outcome that nobody knows."""
    office.know(*numbers)
    office.post.provider.set_mode("accept-then-500", times=1)
    office.send(**wish)
    office.work()
    assert office.status()["messages"] == {"unknown": len(numbers)}


def test_they_are_counted_by_reason_and_since_when(office: Office) -> None:
    began = office.post.clock()
    lose(office, *MANY)

    (found,) = office.broadcasting.unknown("news")

    assert (found.count, found.since) == (5, began)
    assert found.reason
    assert office.status()["trouble"] == {f"unknown {found.reason}": 5}
    assert office.tallied() == office.counted()


def test_what_counts_as_sent_is_sent_and_costs_what_it_cost(office: Office) -> None:
    lose(office, *MANY)

    decided = office.broadcasting.decide_unknown("news", Decision.SENT, office.post.clock())
    office.work(minutes=1)

    assert decided == Decided(5, 0)
    assert office.status()["messages"] == {"sent": 5}
    assert office.status()["trouble"] == {}
    assert office.status()["spent"] == 5 * PRICE
    assert office.tallied() == office.counted()
    assert {row[0] for row in office.post.rows("SELECT reason FROM outbox")} == {"a person decided"}
    assert len(office.post.accepted()) == 5
    assert office.broadcasting.unknown("news") == []


def test_what_is_sent_again_goes_out_once_more_with_a_fresh_expiry(office: Office) -> None:
    lose(office, *MANY, expiry_hours=2)
    assert office.status()["state"] == "done"
    office.post.clock.pass_time(hours=3)  # their first expiry is over

    decided = office.broadcasting.decide_unknown("news", Decision.AGAIN, office.post.clock())
    assert (decided, office.status()["state"], office.status()["messages"]) == (
        Decided(5, 0),
        "running",
        {"waiting": 5},
    )
    assert office.tallied() == office.counted()
    office.work()

    assert office.status()["messages"] == {"sent": 5}
    assert (office.status()["state"], office.status()["spent"]) == ("done", 5 * PRICE)
    assert office.tallied() == office.counted()
    assert len(office.post.accepted()) == 10


def test_nothing_goes_out_again_where_it_would_do_no_good(office: Office) -> None:
    silent, written, began, other = MANY[:4]
    lose(office, silent, written, began, other, mode="invitation", survey="leave_no_one_behind", texts={"en": "Dial."})
    post = office.post
    for number, words in ((silent, "STOP"), (written, "HELP"), (began, "IZWI")):
        post.take(SmsIn(f"in_{number}", number, "30007", words, "", "64804"))
    office.work()
    before = len(post.accepted())

    decided = office.broadcasting.decide_unknown("news", Decision.AGAIN, post.clock())
    office.work()

    assert decided == Decided(1, 3)
    assert [each["number"] for each in post.accepted()[before:]] == [other]
    assert office.status()["messages"] == {"sent": 1, "unknown": 3}
    assert office.tallied() == office.counted()


def test_a_paused_broadcast_sends_them_again_when_it_goes_on(office: Office) -> None:
    office.know(*MANY)
    office.post.provider.set_mode("accept-then-500", times=1)
    office.send(per_minute=5)
    office.work()
    unknown = office.status()["messages"]["unknown"]
    office.broadcasting.pause("news")

    office.broadcasting.decide_unknown("news", Decision.AGAIN, office.post.clock())
    office.work(minutes=5)
    assert (office.status()["state"], office.status()["messages"]) == ("paused", {"waiting": unknown})

    office.broadcasting.resume("news", office.post.clock())
    for _ in range(5):
        office.work(minutes=1)
    assert office.status()["messages"] == {"sent": 5}
    assert office.tallied() == office.counted()


def test_what_is_cancelled_or_over_sends_nothing_again(office: Office) -> None:
    office.know(*MANY)
    office.post.provider.set_mode("accept-then-500", times=1)
    office.send(per_minute=1)
    office.work()
    office.broadcasting.cancel("news", office.post.clock())

    with pytest.raises(NotNow, match="is cancelled"):
        office.broadcasting.decide_unknown("news", Decision.AGAIN, office.post.clock())
    assert office.status()["messages"] == {"unknown": 1}

    assert office.broadcasting.decide_unknown("news", Decision.SENT, office.post.clock()).count == 1


def test_a_report_that_comes_late_still_settles_what_was_counted_as_sent(office: Office) -> None:
    lose(office, NUMBER)
    office.post.take(office.post.report("Sent"))
    assert office.tallied() == office.counted()

    office.post.take(office.post.report("Failed"))

    assert office.status()["messages"] == {"failed": 1}
    assert office.tallied() == office.counted()


def test_a_reply_goes_out_again_unless_the_conversation_went_on(post: Post) -> None:
    post.provider.set_mode("accept-then-hang", times=2)
    post.text("IZWI")
    post.deliver()
    post.text("1")
    post.deliver()
    post.text("IZWI", number=MANY[0])
    assert post.states() == ["unknown", "unknown", "queued"]
    assert deciding.look(post.parts.database, None)[0].count == 2

    decided = deciding.decide(post.parts.settings, post.parts.database, None, Decision.AGAIN, post.clock())
    while post.deliver():
        pass

    assert decided == Decided(1, 1)
    assert post.states() == ["unknown", "sent", "sent"]
    sent = [message["message"].split()[0] for message in post.accepted() if message["number"] == NUMBER]
    assert sent == ["Choose", "NANGO,", "NANGO,"]
    assert deciding.decide(post.parts.settings, post.parts.database, None, Decision.SENT, post.clock()) == Decided(1, 0)


def test_messages_that_wait_too_long_are_given_up_and_written_anew(office: Office) -> None:
    office.know(*MANY)
    office.post.provider.stop()
    try:
        office.send(expiry_hours=2)
        office.work()
        assert office.status()["messages"] == {"waiting": 5}
        office.work(hours=3)
        assert office.status()["messages"] == {"expired": 5}
        assert office.status()["spent"] == 0
    finally:
        office.post.provider.start()

    for _ in range(5):
        office.work(minutes=2)

    assert office.status()["messages"] == {"expired": 5, "sent": 5}
    assert office.tallied() == office.counted()
    assert len(office.post.accepted()) == 5


def izwi(post: Post, *arguments: str, replies: str = "") -> Result:
    """The command line, which is another process."""
    environ = {
        "IZWI_DATA_DIR": str(post.parts.settings.data_dir), "IZWI_DATABASE_URL": post.parts.settings.database_url,
    }  # fmt: skip
    return CliRunner().invoke(main, arguments, env=environ, input=replies)


def test_the_command_shows_them_and_asks_before_anything_may_arrive_twice(office: Office) -> None:
    lose(office, *MANY)

    shown = izwi(office.post, "broadcast", "unknown", "news")
    refused = izwi(office.post, "broadcast", "unknown", "news", "--send-again", replies="n\n")
    both = izwi(office.post, "broadcast", "unknown", "news", "--send-again", "--count-as-sent")

    assert "5 messages are of unknown outcome" in shown.output
    assert "izwi broadcast unknown news --count-as-sent" in shown.output
    assert "twice" in refused.output
    assert (shown.exit_code, refused.exit_code, both.exit_code) == (0, 1, 2)
    assert office.status()["messages"] == {"unknown": 5}
    assert not [number for number in MANY if number in shown.output]

    agreed = izwi(office.post, "broadcast", "unknown", "news", "--send-again", replies="y\n")
    assert "5 wait to be sent again." in agreed.output
    assert office.status()["messages"] == {"waiting": 5}


def test_the_command_decides_of_replies_too(post: Post) -> None:
    post.provider.set_mode("accept-then-500", times=1)
    post.text("IZWI")
    post.deliver()

    assert "1 message is of unknown outcome" in izwi(post, "messages", "unknown").output
    assert "1 count as sent now." in izwi(post, "messages", "unknown", "--count-as-sent").output
    assert post.states() == ["sent"]
    assert izwi(post, "messages", "unknown").output == "No message is of unknown outcome.\n"
