"""What schedules of faults have found, one by one: things that happen in the middle of what a worker does."""

from collections.abc import Callable
from random import Random

import pytest
from sqlalchemy import exc

from app.channels.base import Sending, SendResult, SmsIn, UssdTurn
from app.gateway.drafting import Draft
from tests.faults.calm import TEXTS, deliver_all, start
from tests.faults.database import Fault
from tests.faults.provider import Provider
from tests.faults.verdict import judge
from tests.faults.world import OTHER_CODE, World


class Answering:
    """A provider's sending half that answers as it is told to."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.sizes: list[int] = []
        self.answer = SendResult(Sending.SENT)

    def send(self, body: str, recipients: list[str]) -> list[SendResult]:
        self.sizes.append(len(recipients))
        if self.answer.outcome is Sending.SENT:
            return self.provider.send(body, recipients)
        return [self.answer] * len(recipients)


@pytest.fixture
def world(one_world: World) -> World:
    provider = Provider(Random(1))
    one_world.begin(Random(1), provider, Answering(provider))
    one_world.add_people(10)
    return one_world


def at_point(world: World, point: str, happening: Callable[[], object]) -> None:
    """Let something happen once, in the middle of what a worker does."""

    def between(name: str) -> None:
        if name == point:
            world.database.between = lambda _: None
            happening()

    world.database.between = between


def fail_once(world: World, point: str, fault: Fault) -> None:
    """Let one piece of work fail."""

    def failing(name: str) -> Fault | None:
        if name != point:
            return None
        world.database.fault = lambda _: None
        return fault

    world.database.fault = failing


def states(world: World) -> dict[str, int]:
    """State → number of messages."""
    return dict(world.rows("SELECT state, count(*) FROM outbox GROUP BY state"))


def wrong(world: World) -> list[str]:
    """What does not hold at the end."""
    which = world.broadcasting.find("b")
    return judge(world, {which.id: which}, exact=True)


def test_messages_past_their_time_are_written_again(world: World) -> None:
    start(world, expiry_hours=1)
    world.act("one", "feed")

    world.clock.pass_time(3601)
    world.act("one", "sweep")
    deliver_all(world)

    assert states(world) == {"expired": 10, "sent": 10}
    assert wrong(world) == []


def test_a_broadcast_that_is_paused_before_it_begins_stays_paused(world: World) -> None:
    later = world.clock()
    wish = Draft(name="b", mode="message", texts=TEXTS, starts_at=later.replace(hour=11))
    world.broadcasting.draft(wish, later)
    world.broadcasting.plan("b", later)
    world.broadcasting.start("b", later)
    world.clock.pass_time(2 * 3600)
    at_point(world, "write Feeding._begin", lambda: world.broadcasting.pause("b"))

    world.act("one", "feed")

    assert world.broadcasting.find("b").state == "paused"


def test_a_pause_holds_back_what_is_claimed_already(world: World) -> None:
    start(world)
    world.act("one", "feed")
    at_point(world, "read Requests._look", lambda: world.broadcasting.pause("b"))

    world.act("one", "deliver")

    assert (world.requests, states(world)) == ([], {"queued": 10})


def test_a_cancel_withdraws_what_is_claimed_already(world: World) -> None:
    start(world)
    world.act("one", "feed")
    at_point(world, "read Requests._look", lambda: world.broadcasting.cancel("b", world.clock()))

    world.act("one", "deliver")

    assert (world.requests, states(world)) == ([], {"cancelled": 10})
    assert wrong(world) == []


def test_a_cancel_that_breaks_off_is_finished_by_a_worker(world: World) -> None:
    start(world)
    fail_once(world, "write withdraw", Fault("error", "before"))
    with pytest.raises(exc.OperationalError):
        world.broadcasting.cancel("b", world.clock())

    world.act("one", "sweep")

    assert world.rows("SELECT state, reason, count(*) FROM recipient GROUP BY state, reason") == [
        ("left_out", "cancelled", 10)
    ]
    assert wrong(world) == []


def test_a_reminder_that_comes_when_all_is_done_is_not_forgotten(world: World) -> None:
    start(world, mode="invitation", survey="market", texts={}, rest_days=0)
    deliver_all(world)
    at_point(world, "write Broadcasting.remind", lambda: world.act("one", "feed"))

    world.broadcasting.remind("b", world.clock())
    deliver_all(world)

    assert world.broadcasting.find("b").state == "done"
    assert wrong(world) == []


def test_nobody_is_reminded_of_what_she_has_not_got_yet(world: World) -> None:
    start(
        world, mode="invitation", survey="market", texts={}, rest_days=0, expiry_hours=100, remind_most=1, remind_days=1
    )
    world.act("one", "feed")

    world.broadcasting.remind("b", world.clock())
    world.act("one", "feed")
    world.clock.pass_time(25 * 3600)
    world.act("one", "feed")

    assert world.rows("SELECT kind, count(*) FROM outbox GROUP BY kind") == [("invitation", 10)]


@pytest.mark.parametrize("what", ["error", "gone"])
def test_a_claim_whose_commit_was_not_answered_is_given_back(world: World, what: str) -> None:
    start(world)
    world.act("one", "feed")
    # The first claim, of replies, finds nothing.
    at_point(
        world, "read Delivery._running", lambda: fail_once(world, "write Delivery._claim", Fault(what, "after commit"))
    )

    world.act("one", "deliver")
    deliver_all(world)

    assert states(world) == {"sent": 10}
    assert wrong(world) == []


@pytest.mark.parametrize("where", ["before", "before commit", "after commit"])
def test_what_the_provider_said_outlives_a_database_that_is_away(world: World, where: str) -> None:
    start(world)
    world.act("one", "feed")
    fail_once(world, "write Delivery.deliver", Fault("error", where))

    world.act("one", "deliver")
    deliver_all(world)

    assert states(world) == {"sent": 10}
    assert wrong(world) == []


def test_what_is_not_looked_at_again_is_in_no_request(world: World) -> None:
    start(world)
    world.act("one", "feed")
    fail_once(world, "read Requests._look", Fault("error", "before"))

    world.act("one", "deliver")

    assert (world.requests, states(world)) == ([], {"queued": 10})


def test_a_worker_that_was_held_up_for_longer_than_its_lease_sends_nothing(world: World) -> None:
    start(world)
    world.act("one", "feed")
    at_point(world, "read Requests._look", lambda: world.clock.pass_time(61))

    world.act("one", "deliver")

    assert (world.requests, states(world)) == ([], {"queued": 10})


def test_who_stopped_says_nothing_of_the_line(world: World) -> None:
    start(world)
    world.act("one", "feed")
    world.sender.answer = SendResult(Sending.RETRY, reason="unreachable")
    stop = SmsIn("in_1", next(iter(world.people)), "30007", "STOP", "", "64804")
    at_point(world, "read Requests._look", lambda: world.take(stop))

    world.act("one", "deliver")

    assert world.rows("SELECT failures, pace FROM channel") == [(1, 1)]


def test_a_line_that_does_not_answer_is_tried_with_one_message_at_a_time(world: World) -> None:
    start(world)
    world.act("one", "feed")
    world.sender.answer = SendResult(Sending.UNKNOWN, reason="no answer")
    for _ in range(3):
        world.act("one", "deliver")
    world.sender.answer = SendResult(Sending.SENT)

    deliver_all(world)

    assert world.sender.sizes[1:4] == [1, 1, 1]
    assert sum(world.sender.sizes) == 10
    assert "queued" not in states(world)


def test_a_report_takes_the_trouble_of_an_unknown_message_away(world: World) -> None:
    start(world)
    world.act("one", "feed")
    world.provider.mood = "lost"
    world.act("one", "deliver")
    world.provider.mood = "well"
    deliver_all(world)

    while said := world.provider.next_report():
        world.take(said)

    assert wrong(world) == []


def test_who_is_asked_something_else_gets_her_message_later(world: World) -> None:
    start(world, mode="invitation", survey="market", texts={}, rest_days=0)
    world.act("one", "feed")
    number = next(iter(world.people))
    begin = UssdTurn("ATUid_1", number, OTHER_CODE, "64804", "")
    at_point(world, "read Requests._look", lambda: world.take(begin))

    world.act("one", "deliver")

    assert number not in {each.number for each in world.requests if each.message.broadcast_id}
