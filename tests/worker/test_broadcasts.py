"""Broadcasts from the draft to the phone: who gets what and when, and what happens in between."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from app.channels.base import UssdTurn
from app.flows.review.tariff import Price, Tariff
from app.gateway.broadcasting import Broadcasting
from app.gateway.drafting import Draft
from app.gateway.refusals import NotPossible
from app.money import MILLION
from app.store import contacts
from app.values import Medium, Msisdn
from app.worker.feeding import Feeding
from tests.worker.conftest import Post

TARIFF = Tariff((Price("Econet", "+26377", Medium.SMS, "part", Decimal("0.8"), "KES"),))
PEOPLE = 40
TEXTS = {"en": "A clinic day is near. Reply STOP to stop.", "sn": "Zuva rekiriniki raswedera. STOP kumisa."}


class Office:
    """A coordinator, and the worker that does what she wants."""

    def __init__(self, post: Post, people: int = PEOPLE) -> None:
        self.post, parts = post, post.parts
        parts.library.refresh()
        self.broadcasting = Broadcasting(parts.settings, parts.database, parts.library, TARIFF)
        self.feeding = Feeding(parts.settings, parts.database, parts.library, parts.choice)
        self.numbers = [f"+2637700{number:05d}" for number in range(1, people + 1)]
        msisdns = [Msisdn(number) for number in self.numbers]
        found = parts.database.write(
            lambda connection: contacts.find_or_add(connection, parts.keys, msisdns, post.clock())
        )
        locales = {found[number].id: "sn" for number in self.numbers[::2]}
        parts.database.write(lambda connection: contacts.set_locales(connection, locales))
        parts.database.write(lambda connection: connection.exec_driver_sql("UPDATE contact SET operator = 'Econet'"))

    def start(self, **wish: object) -> None:
        """Draft, plan and start."""
        given = {"name": "b", "mode": "message", "texts": TEXTS} | wish
        self.broadcasting.draft(Draft(**given), self.post.clock())  # type: ignore[arg-type]
        self.broadcasting.plan("b", self.post.clock())
        self.broadcasting.start("b", self.post.clock())

    def work(self, **later: float) -> int:
        """Let time pass, then do all that can be done now; returns how many messages were tried."""
        self.post.clock.pass_time(**later)
        tried = 0
        while True:
            fed, sent = self.feeding.feed(self.post.clock()), self.post.deliver()
            tried += sent
            if not fed and not sent:
                return tried

    def got(self) -> Counter[str]:
        """What each phone got."""
        return Counter(message["number"] for message in self.post.accepted())

    @property
    def standing(self) -> dict[str, object]:
        """How it stands."""
        return self.broadcasting.status("b", self.post.clock())

    def state(self) -> object:
        return self.standing["state"]


@pytest.fixture
def office(post: Post) -> Office:
    return Office(post)


def test_each_gets_it_once_in_her_language_at_the_price_that_was_foreseen(office: Office) -> None:
    office.start()
    plan = office.broadcasting.find("b").plan
    assert plan is not None
    assert (plan["messages"], plan["cost"]) == (PEOPLE, PEOPLE * 800_000)

    office.work()

    assert office.got() == dict.fromkeys(office.numbers, 1)
    texts = {message["number"]: message["message"] for message in office.post.accepted()}
    assert [texts[number] for number in office.numbers[:2]] == [TEXTS["sn"], TEXTS["en"]]
    standing = office.standing
    assert (standing["state"], standing["messages"], standing["spent"]) == ("done", {"sent": PEOPLE}, plan["cost"])
    assert office.post.provider.requests() == 2


def test_who_says_stop_in_the_middle_gets_not_one_more_and_the_figures_say_why(office: Office) -> None:
    office.start(per_minute=10)
    office.work()
    late = next(number for number in office.numbers[1::2] if not office.got()[number])

    office.post.text("STOP", number=late)
    for _ in range(60):
        office.work(seconds=6)

    assert [each["message"][:20] for each in office.post.accepted() if each["number"] == late] == [
        "You will get no more"
    ]
    assert office.standing["people"] == {"stopped": 1, "written": PEOPLE - 1}
    assert office.standing["stopped_since"] == 1


def test_nothing_goes_out_at_night_nor_on_a_holiday(office: Office) -> None:
    office.post.clock.pass_time(hours=9)  # 21:00 in Harare
    tomorrow = (office.post.clock() + timedelta(days=1)).date()
    office.start(holidays=(tomorrow,))

    hours = [office.work(hours=1) for _ in range(48)]

    assert sum(hours) == PEOPLE
    assert hours.index(PEOPLE) + 1 == 35  # 08:00 of the day after the holiday
    assert office.got() == dict.fromkeys(office.numbers, 1)


def test_paused_it_sends_nothing_resumed_it_goes_on_where_it_was(office: Office) -> None:
    office.start(per_minute=10)
    first = office.work()
    office.broadcasting.pause("b")

    assert [office.work(minutes=1) for _ in range(3)] == [0, 0, 0]
    office.broadcasting.resume("b", office.post.clock())
    while office.work(minutes=1):
        pass

    assert 0 < first < PEOPLE
    assert office.got() == dict.fromkeys(office.numbers, 1)


def test_cancelled_it_ends_and_its_record_is_true(office: Office) -> None:
    office.start(per_minute=10)
    office.work()
    sent = office.got().total()

    office.broadcasting.cancel("b", office.post.clock())
    office.work(hours=1)

    standing = office.standing
    assert office.got().total() == sent
    assert standing["state"] == "cancelled"
    assert standing["people"] == {"cancelled": PEOPLE - sent, "written": sent}
    assert standing["spent"] == sent * 800_000


def test_it_never_costs_more_than_its_budget(office: Office) -> None:
    with pytest.raises(NotPossible, match="It costs more than its budget"):
        office.start(budget=10 * MILLION)
    # What was foreseen may be overtaken; then the budget decides.
    office.broadcasting.cancel("b", office.post.clock())
    office.broadcasting.draft(Draft("c", "message", texts=TEXTS, budget=PEOPLE * 800_000), office.post.clock())
    office.broadcasting.plan("c", office.post.clock())
    office.broadcasting.start("c", office.post.clock())
    office.post.parts.database.write(
        lambda connection: connection.exec_driver_sql("UPDATE broadcast SET budget = 25000000 WHERE name = 'c'")
    )

    office.work()

    standing = office.broadcasting.status("c", office.post.clock())
    assert (standing["state"], standing["reason"]) == ("paused", "the budget is used up")
    assert office.got().total() == 31
    assert standing["spent"] == 31 * 800_000


@pytest.mark.parametrize("mode", ["accept-then-hang", "hang", "503", "no-recipients", "garbage"])
def test_whatever_the_provider_does_nobody_gets_it_twice(office: Office, mode: str) -> None:
    office.post.provider.set_mode(mode, times=1)
    office.start()

    for _ in range(20):
        office.work(seconds=30)
        office.post.expiry.sweep(office.post.clock())

    assert max(office.got().values()) == 1
    messages = office.standing["messages"]
    assert isinstance(messages, dict)
    assert sum(messages.values()) == PEOPLE
    assert not messages.get("waiting")
    unknown = messages.get("unknown", 0) + messages.get("failed", 0)
    assert messages.get("sent", 0) >= PEOPLE / 2 - unknown


def test_an_outage_of_days_sends_nothing_late_and_comes_back_gently(office: Office) -> None:
    office.start(expiry_hours=12)
    office.post.provider.stop()
    try:
        for _ in range(72):
            office.work(hours=1)
            office.post.expiry.sweep(office.post.clock())
        assert office.got().total() == 0
        assert office.post.rows("SELECT count(*) FROM outbox")[0][0] <= 2 * PEOPLE + 2 * PEOPLE
    finally:
        office.post.provider.start()

    sizes = []
    while office.got().total() < PEOPLE:
        office.post.clock.pass_time(minutes=2)
        office.post.expiry.sweep(office.post.clock())
        office.feeding.feed(office.post.clock())
        sizes.append(office.post.deliver())
        assert len(sizes) < 2000

    tried = [size for size in sizes if size]
    assert tried[:3] == [1, 2, 4]
    assert office.got() == dict.fromkeys(office.numbers, 1)


def invite(office: Office, **wish: object) -> None:
    office.start(mode="conversation", survey="leave_no_one_behind", texts={}, **wish)
    office.work()


def test_a_reply_to_the_first_question_begins_the_conversation(office: Office) -> None:
    invite(office)
    number = office.numbers[1]

    office.post.text("1", number=number)
    office.work()

    mine = [each["message"] for each in office.post.accepted() if each["number"] == number]
    assert [text[:15] for text in mine] == ["Choose language", "NANGO, the umbr"]
    assert office.post.rows("SELECT state FROM run") == [("active",)]


def test_only_those_who_have_not_answered_are_reminded_and_not_more_often_than_was_said(office: Office) -> None:
    invite(office, remind_most=1, remind_days=2)
    half_way, refused, silent = office.numbers[1], office.numbers[3], office.numbers[5]
    office.post.text("1", number=half_way)
    office.post.text("1", number=refused)
    office.post.text("2", number=refused)  # does not agree: that is an answer
    office.work()
    before = office.got()

    for _ in range(30):
        office.work(hours=6)
        office.post.expiry.expire(office.post.clock())
    after = office.got() - before

    assert after[refused] == 0
    assert (after[half_way], after[silent]) == (1, 1)
    assert set(after.values()) == {1}

    office.post.text("OK", number=half_way)
    office.work()
    mine = [each["message"] for each in office.post.accepted() if each["number"] == half_way]
    assert mine[-1].startswith("Choose language")


def test_a_reply_is_taken_where_a_dialled_run_waits_or_has_waited_too_long(office: Office, post: Post) -> None:
    """Found by fault schedule 315: no worker had ended the old run yet, and her reply failed for as long."""
    office.start(mode="conversation", survey="leave_no_one_behind", texts={})
    office.work()
    soon, late = office.numbers[1], office.numbers[3]
    post.take(UssdTurn("old", late, "*384*77#", "64804", ""))
    post.clock.pass_time(hours=25)
    post.take(UssdTurn("new", soon, "*384*77#", "64804", ""), UssdTurn("new", soon, "*384*77#", "64804", "1"))

    post.text("1", number=late)
    post.text("1", number=soon)

    states = post.rows("SELECT state, count(*) FROM run GROUP BY state ORDER BY state")
    assert states == [("active", 2), ("expired", 1)]
    assert post.rows("SELECT count(*) FROM inbound WHERE state = 'taken'") == [(2,)]


def test_nobody_is_interrupted_in_another_survey(office: Office, post: Post) -> None:
    number = office.numbers[0]
    office.post.text("IZWI", number=number)
    office.start(mode="conversation", survey="leave_no_one_behind", texts={})
    office.work()

    assert office.standing["people"] == {"answering": 1, "written": PEOPLE - 1}
    assert office.post.rows("SELECT count(*) FROM run") == [(1,)]


def test_who_was_asked_lately_is_left_out(office: Office) -> None:
    invite(office)
    office.post.clock.pass_time(days=10)
    wish = Draft("again", "conversation", "leave_no_one_behind")
    office.broadcasting.draft(wish, office.post.clock())

    plan = office.broadcasting.plan("again", office.post.clock())

    assert (plan.messages, plan.left_out) == (0, {"asked_lately": PEOPLE})
    with pytest.raises(NotPossible, match="Nobody would get it"):
        office.broadcasting.start("again", office.post.clock())


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"hours": "08:00-23:00"}, "reach into the night"),
        ({"hours": "8"}, "written like 08:00-19:00"),
        ({"mode": "invitation", "survey": "nothing"}, "no published survey 'nothing'; there are: leave_no_one_behind"),
        ({"mode": "invitation", "survey": "leave_no_one_behind", "texts": {}}, "set IZWI_SERVICE_CODES"),
        ({"texts": {}}, "needs a text"),
        ({"weekdays": "0"}, "from 1 .Monday. to 7"),
        ({"budget": 0}, "budget must be more than nothing"),
        (
            {"texts": {"en": "A word to LGBT people."}},
            "'lgbt' is kept out of messages by the survey leave_no_one_behind",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_help(office: Office, wish: dict[str, object], says: str) -> None:
    with pytest.raises(NotPossible, match=says):
        office.start(**wish)


def test_two_workers_share_the_work(post: Post, office: Office) -> None:
    office.start()
    one, two = post.worker(), post.worker()
    feeders: list[Callable[[], int]] = [lambda: office.feeding.feed(post.clock())] * 2

    for _ in range(10):
        for feeder in feeders:
            feeder()
        for delivery, line in (one, two):
            delivery.deliver(line, post.clock())

    assert office.got() == dict.fromkeys(office.numbers, 1)
