"""Text messages from the outbox to the phone, over the real library and a provider that may be away, hang, lie or stammer."""

import threading
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from app.channels.base import SmsIn
from app.store import outbox
from tests.provider.process import ProviderProcess
from tests.worker.conftest import NUMBER, Post

MANY = 300


def test_replies_wait_while_the_provider_is_unreachable_and_then_go_out_once(post: Post) -> None:
    post.provider.stop()
    try:
        post.text("IZWI")
        post.text("1")
        for _ in range(10):
            post.deliver(seconds=60)
        assert post.states() == ["queued", "queued"]
    finally:
        post.provider.start()

    while post.deliver(seconds=60):
        pass

    assert post.states() == ["sent", "sent"]
    assert [message["message"][:15] for message in post.accepted()] == ["Choose language", "NANGO, the umbr"]
    assert {message["number"] for message in post.accepted()} == {NUMBER}


@pytest.mark.parametrize("mode", ["accept-then-hang", "accept-then-reset", "accept-then-cut", "accept-then-500"])
def test_a_message_of_unknown_outcome_is_never_sent_again(post: Post, mode: str) -> None:
    post.provider.set_mode(mode, times=1)
    post.text("IZWI")

    post.deliver()
    for _ in range(3):
        post.deliver(hours=1)
        post.expiry.sweep(post.clock())

    assert post.states() == ["unknown"]
    assert len(post.accepted()) == post.provider.requests() == 1


def test_a_message_that_hung_and_was_not_sent_is_held_too_for_nobody_can_tell(post: Post) -> None:
    post.provider.set_mode("hang", times=1)
    post.text("IZWI")

    post.deliver()
    post.deliver(hours=1)

    assert (post.states(), post.provider.requests()) == (["unknown"], 1)


@pytest.mark.parametrize(("status", "state"), [("Success", "delivered"), ("Failed", "failed"), ("Sent", "sent")])
def test_a_delivery_report_settles_a_message_of_unknown_outcome(post: Post, status: str, state: str) -> None:
    post.provider.set_mode("accept-then-hang", times=1)
    post.text("IZWI")
    post.deliver()

    post.take(post.report(status))

    assert post.states() == [state]
    assert post.rows("SELECT provider_id FROM outbox") == [(post.accepted()[0]["messageId"],)]


def test_a_report_settles_no_message_when_it_may_mean_one_of_two(post: Post) -> None:
    post.provider.set_mode("accept-then-hang", times=2)
    post.text("IZWI")
    post.deliver()
    post.text("1")
    post.deliver()

    post.take(post.report("Success"))

    assert post.states() == ["unknown", "unknown"]


def test_a_report_of_another_message_settles_nothing(post: Post) -> None:
    post.provider.set_mode("accept-then-hang", times=1)
    post.text("IZWI")
    post.deliver()
    post.text("1")
    post.deliver()

    post.take(post.report("Success"))

    assert post.states() == ["unknown", "delivered"]


def test_a_report_for_another_phone_settles_nothing(post: Post) -> None:
    post.provider.set_mode("accept-then-hang", times=1)
    post.text("IZWI")
    post.deliver()

    post.take(post.report("Success", number="+263770000002"))

    assert post.states() == ["unknown"]


def test_a_success_without_recipients_is_a_failure(post: Post) -> None:
    post.provider.set_mode("no-recipients", message="InvalidSenderId")
    post.text("IZWI")

    post.deliver()

    assert post.rows("SELECT state, reason FROM outbox") == [("failed", "InvalidSenderId")]
    assert post.accepted() == []


def test_a_provider_that_is_overloaded_is_asked_again_later_and_later(post: Post) -> None:
    post.provider.set_mode("503", times=5)
    post.text("IZWI")

    tried = [post.deliver(seconds=1) for _ in range(60)]

    pauses = [place for place, count in enumerate(tried) if count]
    gaps = [after - before for before, after in pairwise(pauses)]
    assert gaps == sorted(gaps)
    assert len(pauses) == post.provider.requests() == 6
    assert post.rows("SELECT state, attempts FROM outbox") == [("sent", 1)]


def test_reports_that_come_early_often_and_in_any_order_end_well(post: Post) -> None:
    post.text("IZWI")
    post.deliver()
    reports = [post.report(status) for status in ("Success", "Sent", "Success", "Failed", "Buffered", "Sent")]

    for report in reports:
        post.take(report)

    assert post.states() == ["delivered"]
    assert dict(post.rows("SELECT status, count FROM delivery_report")) == {
        "Success": 2, "Sent": 2, "Failed": 1, "Buffered": 1,
    }  # fmt: skip


def test_a_report_that_is_faster_than_the_answer_to_the_send_counts(post: Post) -> None:
    post.text("IZWI")
    attempt = uuid4()
    (message,) = post.parts.database.write(
        lambda connection: outbox.claim(
            connection, channel_id=post.known.id, count=1, attempt=attempt, lease=timedelta(seconds=60), at=post.clock()
        )
    )
    post.take(post.report("Success", provider_id="ATXid_early"))
    assert post.states() == ["sending"]

    sent = outbox.Settled(message.id, "sent", "ATXid_early", "Success", "", "", post.clock(), 1)
    post.parts.database.write(
        lambda connection: outbox.settle(
            connection, channel_id=post.known.id, attempt=attempt, results=[sent], at=post.clock()
        )
    )

    assert post.states() == ["delivered"]


def test_stop_cancels_what_waits_and_only_its_confirmation_goes_out(post: Post) -> None:
    post.text("IZWI")
    post.text("1")

    post.text("STOP")
    while post.deliver(seconds=1):
        pass

    assert post.states() == ["cancelled", "cancelled", "sent"]
    assert [message["message"][:28] for message in post.accepted()] == ["You will get no more message"]


def test_two_equal_messages_to_one_phone_are_never_in_one_request(post: Post) -> None:
    post.text("HELP", provider_id="one")
    post.text("HELP", provider_id="two")

    post.deliver()

    first, second = post.accepted()
    assert first["message"] == second["message"]
    assert (post.states(), post.provider.requests()) == (["sent", "sent"], 2)


def test_a_message_past_its_time_is_not_sent_late(post: Post) -> None:
    post.text("IZWI")

    post.clock.pass_time(hours=25)
    post.expiry.sweep(post.clock())

    assert (post.deliver(), post.states(), post.accepted()) == (0, ["expired"], [])


def test_a_claim_whose_worker_died_is_held_and_its_late_answer_is_refused(post: Post) -> None:
    post.text("IZWI")
    attempt, lease = uuid4(), timedelta(seconds=60)
    (message,) = post.parts.database.write(
        lambda connection: outbox.claim(
            connection, channel_id=post.known.id, count=9, attempt=attempt, lease=lease, at=post.clock()
        )
    )

    assert post.deliver(seconds=59) == 0
    post.expiry.sweep(post.clock())
    assert post.states() == ["sending"]
    post.clock.pass_time(seconds=2)
    post.expiry.sweep(post.clock())

    assert (post.states(), post.deliver(hours=1)) == (["unknown"], 0)
    late = outbox.Settled(message.id, "queued", None, "", "", "", post.clock(), 1)
    count = post.parts.database.write(
        lambda connection: outbox.settle(
            connection, channel_id=post.known.id, attempt=attempt, results=[late], at=post.clock()
        )
    )
    assert (count, post.states()) == (0, ["unknown"])


def test_a_line_that_is_down_is_tried_with_one_message_of_a_batch(post: Post, provider: ProviderProcess) -> None:
    post.text("IZWI")
    post.text("1")
    post.text("HELP")
    provider.set_mode("503", times=1)

    post.deliver()

    assert provider.requests() == 1
    assert post.rows("SELECT state, attempts FROM outbox") == [("queued", 0)] * 3


def test_a_batch_that_hangs_is_put_back_before_its_lease_ends(post: Post) -> None:
    slow = post.parts.settings.model_copy(update={"lease_seconds": 1})
    post.delivery.settings = slow
    for words in ("IZWI", "1", "HELP", "1 1"):
        post.text(words)
    post.provider.set_mode("hang")

    post.deliver()

    assert sorted(post.states()) == ["queued", "queued", "queued", "unknown"]


def test_two_workers_never_send_one_message_twice(post: Post) -> None:
    numbers = [f"+26377000{number:04d}" for number in range(MANY)]
    for start in range(0, MANY, 100):
        post.take(*(SmsIn(f"in_{each}", each, "30007", "IZWI", "", "") for each in numbers[start : start + 100]))
    tried: Counter[str] = Counter()

    def work(name: str) -> None:
        delivery, line = post.worker()
        while count := delivery.deliver(line, post.clock()):
            tried[name] += count

    workers = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert tried.total() == MANY
    assert Counter(message["number"] for message in post.accepted()) == dict.fromkeys(numbers, 1)
    assert post.rows("SELECT state, count(*) FROM outbox GROUP BY state") == [("sent", MANY)]


def test_what_was_said_of_a_message_before_its_outcome_was_unknown_counts(post: Post) -> None:
    post.text("IZWI")
    attempt, lease = uuid4(), timedelta(seconds=60)
    post.parts.database.write(
        lambda connection: outbox.claim(
            connection, channel_id=post.known.id, count=1, attempt=attempt, lease=lease, at=post.clock()
        )
    )
    post.take(post.report("Success", provider_id="ATXid_early"))
    post.clock.pass_time(seconds=61)
    post.expiry.sweep(post.clock())

    post.take(post.report("Sent", provider_id="ATXid_early"))

    assert post.states() == ["delivered"]
