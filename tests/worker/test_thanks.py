"""Airtime as thanks, from the last reply to the provider's report: once for each phone and survey, within the budget."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app import main
from app.channels.base import AirtimeCheck, AirtimeReport, Inbound, UssdTurn
from app.gateway import library
from app.gateway.conversation import Outcome
from app.gateway.examining import _airtime as look
from app.gateway.turns import Arrival, Gateway
from app.models.base import metadata
from app.settings import AirtimeSettings, Settings
from app.store import airtime
from app.store.unit import Database
from app.worker.thanks import Line, Thanks
from tests.conftest import Clock
from tests.provider.process import ProviderProcess

MEAL = Path(__file__).parents[1] / "surveys" / "meal.md"
NUMBER = "+263770000001"
COMPLETED, SKIPPED, DECLINED, SCREENED_OUT = "1*30*Sadza", "1*30*0", "2", "1*12"


class Fund:
    """A service that gives airtime for the survey `meal`, at the test's own time."""

    def __init__(self, parts: main.Parts, gateway: Gateway, clock: Clock, provider: ProviderProcess) -> None:
        self.parts, self.gateway, self.clock, self.provider = parts, gateway, clock, provider
        self.known = next(iter(parts.lines.values()))
        self.thanks, self.line = self.worker()

    def worker(self) -> tuple[Thanks, Line]:
        """A worker, as each process has one."""
        line = Line(self.known.id, self.known.name, self.known.channel.airtime())
        return Thanks(self.parts.settings, self.parts.database, self.parts.keys, [line], Random(1)), line

    def take(self, *inbounds: Inbound) -> list[Outcome]:
        """Hand in one batch."""
        outcomes = self.gateway.take_turns([Arrival(self.known.id, each) for each in inbounds])
        assert all(isinstance(outcome, Outcome) for outcome in outcomes), outcomes
        return [outcome for outcome in outcomes if isinstance(outcome, Outcome)]

    def answer(self, path: str, *, number: str = NUMBER, session: str = "") -> str:
        """Dial, and reply one by one; the last screen."""
        replies, name = path.split("*"), session or f"s{number[-4:]}{path}"
        screen = ""
        for count in range(len(replies) + 1):
            (outcome,) = self.take(UssdTurn(name, number, "*384*77#", "64804", "*".join(replies[:count])))
            assert outcome.screen
            screen = outcome.screen.text
        return screen

    def send(self, **later: float) -> int:
        """Let time pass, then send what is due; returns how many gifts were tried."""
        self.clock.pass_time(**later)
        return self.thanks.work(self.clock())

    def report(self, status: str, *, provider_id: str = "", number: str = NUMBER) -> AirtimeReport:
        """The provider's report on the airtime that it paid last."""
        form = {"requestId": provider_id or self.provider.payments()[-1]["requestId"], "status": status}
        report = self.known.channel.parse("airtime", {**form, "phoneNumber": number, "description": "Words"})
        assert isinstance(report, AirtimeReport)
        return report

    def granted(self, amount: str = "0.5", *, number: str = NUMBER, currency: str = "USD") -> bool:
        """What the provider is told when it asks before it pays."""
        return self.take(AirtimeCheck(number, Decimal(amount), currency))[0].granted

    def gifts(self, columns: str = "state") -> list[Any]:
        """The gifts, in their order."""
        with self.parts.database.engine.connect() as connection:
            connection = connection.execution_options(izwi_read=True)
            rows = connection.exec_driver_sql(f"SELECT {columns} FROM airtime ORDER BY id").all()
        return [tuple(row) if "," in columns else row[0] for row in rows]

    def claim(self) -> tuple[Any, airtime.Claimed]:
        """Claim as a worker does that dies after it."""
        attempt = uuid4()
        (gift,) = self.parts.database.write(
            lambda connection: airtime.claim(
                connection, channel_id=self.known.id, count=9, attempt=attempt, lease=timedelta(seconds=60),
                at=self.clock(),
            )
        )  # fmt: skip
        return attempt, gift


@pytest.fixture
def settings(settings: Settings) -> Settings:
    gift = AirtimeSettings(amount=Decimal("0.5"), currency="USD", budget=Decimal(100))
    return settings.model_copy(update={"survey": "meal", "airtime": {"meal": gift}})


@pytest.fixture
def make_fund(parts: main.Parts, clock: Clock, provider: ProviderProcess) -> Callable[..., Fund]:
    assert not library.publish(parts.database, [MEAL])
    parts.library.refresh()

    def make(**changes: Any) -> Fund:
        changed = replace(parts, settings=parts.settings.model_copy(update=changes))
        gateway = Gateway(changed.settings, parts.database, parts.keys, parts.library, now=clock)
        return Fund(changed, gateway, clock, provider)

    return make


@pytest.fixture
def fund(make_fund: Callable[..., Fund]) -> Fund:
    return make_fund()


def test_whoever_completes_a_survey_is_thanked_once(fund: Fund, provider: ProviderProcess) -> None:
    fund.answer(COMPLETED)

    assert (fund.send(), fund.send(seconds=5)) == (1, 0)

    (paid,) = provider.payments()
    assert (paid["number"], paid["amount"], paid["currency"]) == (NUMBER, "0.5", "USD")
    assert fund.gifts("state, provider_id, status") == [("sent", paid["requestId"], "Sent")]


@pytest.mark.parametrize(
    ("path", "thanked"), [(COMPLETED, 1), (SKIPPED, 1), (DECLINED, 0), (SCREENED_OUT, 0), ("1*30", 0), ("1*STOP", 0)]
)
def test_a_permitted_skip_is_thanked_and_a_refusal_is_not(fund: Fund, path: str, thanked: int) -> None:
    fund.answer(path)

    assert len(fund.gifts()) == thanked


def test_a_survey_without_the_setting_gives_nothing(make_fund: Callable[..., Fund]) -> None:
    fund = make_fund(airtime={"another": AirtimeSettings(amount=Decimal(1), currency="USD", budget=Decimal(9))})

    fund.answer(COMPLETED)

    assert (fund.gifts(), fund.send()) == ([], 0)


def test_a_phone_is_thanked_once_for_ever_whoever_answers_on_it_and_however_often_it_comes(fund: Fund) -> None:
    fund.answer(COMPLETED)
    fund.answer(COMPLETED)  # the provider repeats each turn
    fund.answer(COMPLETED, session="the next person")
    fund.send()
    fund.answer(COMPLETED, session="the third person")

    assert fund.gifts() == ["sent"]


def test_two_phones_of_one_batch_are_both_thanked(fund: Fund, provider: ProviderProcess) -> None:
    numbers = [NUMBER, "+263770000002"]
    for number in numbers:
        fund.answer("1*30", number=number)

    fund.take(*(UssdTurn(f"s{each[-4:]}1*30", each, "*384*77#", "", "1*30*Sadza") for each in numbers))
    fund.send()

    assert sorted(paid["number"] for paid in provider.payments()) == numbers


def test_the_budget_is_never_exceeded_and_who_came_late_is_refused(
    make_fund: Callable[..., Fund], provider: ProviderProcess
) -> None:
    gift = AirtimeSettings(amount=Decimal("0.5"), currency="USD", budget=Decimal("1.4"))
    fund = make_fund(airtime={"meal": gift})

    for last in range(1, 5):
        fund.answer(COMPLETED, number=f"+26377000000{last}")
    fund.send()

    assert fund.gifts("state, reason") == [("sent", ""), ("sent", ""), ("refused", "budget"), ("refused", "budget")]
    assert len(provider.payments()) == 2


def test_the_doctor_says_that_a_budget_is_spent_and_that_a_payment_is_in_doubt(
    make_fund: Callable[..., Fund], provider: ProviderProcess
) -> None:
    gift = AirtimeSettings(amount=Decimal("0.5"), currency="USD", budget=Decimal("0.5"))
    fund = make_fund(airtime={"meal": gift}, send_attempts=1)
    provider.set_mode("500", of="airtime")
    fund.answer(COMPLETED)
    fund.answer(COMPLETED, number="+263770000002")
    fund.send()

    said = [finding.what for finding in look(fund.parts.database)]

    assert said == [
        "1 gifts of airtime may or may not have been paid",
        "1 who completed a survey got no airtime: its budget is spent",
    ]


def test_what_was_refused_by_the_provider_leaves_room_in_the_budget(
    make_fund: Callable[..., Fund], provider: ProviderProcess
) -> None:
    gift = AirtimeSettings(amount=Decimal("0.5"), currency="USD", budget=Decimal("0.5"))
    fund = make_fund(airtime={"meal": gift})
    provider.set_mode("refuse-all", of="airtime")
    fund.answer(COMPLETED)
    fund.send()
    assert fund.gifts("state, reason") == [("failed", "InvalidPhoneNumber")]

    fund.answer(COMPLETED, number="+263770000002")

    assert fund.gifts() == ["failed", "queued"]


def test_two_processes_together_stay_within_the_budget(fund: Fund, settings: Settings) -> None:
    for last in range(8):
        fund.answer(COMPLETED, number=f"+26377000000{last}")
    with fund.parts.database.engine.begin() as connection:
        gifts = connection.execute(sa.text("SELECT survey_id, contact_id, run_id, channel_id FROM airtime")).all()
        connection.execute(sa.delete(metadata.tables["airtime"]))
    databases = [fund.parts.database, Database(settings.database)]

    def add(place: int) -> None:
        gift = airtime.Gift(*gifts[place], 500_000, "USD", 1_500_000, fund.clock())
        databases[place % 2].write(lambda connection: airtime.add(connection, [gift]))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    databases[1].close()

    assert sorted(fund.gifts()) == ["queued"] * 3 + ["refused"] * 5


@pytest.mark.parametrize("mode", ["accept-then-500", "accept-then-reset", "accept-then-cut", "garbage", "500", "hang"])
def test_what_nobody_answered_is_tried_again_and_paid_once(fund: Fund, provider: ProviderProcess, mode: str) -> None:
    fund.answer(COMPLETED)
    provider.set_mode(mode, of="airtime", times=1)

    fund.send()
    ((state, reason),) = fund.gifts("state, reason")
    assert (state, reason.startswith("in doubt: ")) == ("queued", True)
    fund.send(minutes=2)

    assert fund.gifts("state, reason") == [("sent", "")]
    assert len(provider.payments()) == 1


def test_a_worker_that_died_after_paying_pays_no_second_time(fund: Fund, provider: ProviderProcess) -> None:
    fund.answer(COMPLETED)
    attempt, gift = fund.claim()
    fund.line.sender.thank(NUMBER, Decimal("0.5"), "USD", str(gift.uid))

    assert fund.send(seconds=59) == 0
    fund.thanks.sweep(fund.clock())
    assert fund.gifts() == ["sending"]
    fund.clock.pass_time(seconds=2)
    fund.thanks.sweep(fund.clock())
    assert fund.send() == 1

    assert fund.gifts() == ["sent"]
    assert len(provider.payments()) == 1
    late = airtime.Settled(gift.id, "queued", None, "", "", fund.clock(), 1)
    count = fund.parts.database.write(
        lambda connection: airtime.settle(
            connection, channel_id=fund.known.id, attempt=attempt, results=[late], at=fund.clock()
        )
    )
    assert (count, fund.gifts()) == (0, ["sent"])


def test_a_key_that_the_provider_may_have_forgotten_is_not_used_again(fund: Fund, provider: ProviderProcess) -> None:
    fund.answer(COMPLETED)
    provider.set_mode("accept-then-reset", of="airtime", times=1)
    fund.send()

    fund.send(hours=25)

    assert fund.gifts("state, reason") == [("unknown", "in doubt: no answer")]
    assert provider.requests("airtime") == 1


def test_a_refusal_after_a_try_without_an_answer_proves_nothing(fund: Fund, provider: ProviderProcess) -> None:
    fund.answer(COMPLETED)
    provider.set_mode("500", of="airtime", times=1)
    fund.send()
    provider.set_mode("refuse-all", of="airtime")

    fund.send(minutes=2)

    assert fund.gifts("state, reason") == [("unknown", "in doubt: server error")]


DUPLICATE = "A duplicate request was received within the last 5 minutes"


def test_a_repeat_of_our_own_try_is_left_to_its_report(fund: Fund, provider: ProviderProcess) -> None:
    fund.answer(COMPLETED)
    provider.set_mode("accept-then-reset", of="airtime", times=1)
    fund.send()
    provider.set_mode("no-recipients", of="airtime", message=DUPLICATE)
    fund.send(minutes=2)
    assert fund.gifts() == ["unknown"]

    fund.take(fund.report("Success"))

    assert fund.gifts("state, provider_id") == [("delivered", provider.payments()[0]["requestId"])]


def test_the_same_amount_for_another_survey_waits_until_it_is_no_repeat(fund: Fund, provider: ProviderProcess) -> None:
    fund.answer(COMPLETED)
    provider.set_mode("no-recipients", of="airtime", message=DUPLICATE, times=1)
    fund.send()

    assert (fund.send(minutes=5), fund.send(minutes=2)) == (0, 1)
    assert fund.gifts() == ["sent"]


def test_an_empty_account_waits_for_money_and_loses_no_try(fund: Fund, provider: ProviderProcess) -> None:
    for number in (NUMBER, "+263770000002"):
        fund.answer(COMPLETED, number=number)
    provider.set_mode("no-recipients", of="airtime")

    for _ in range(30):
        fund.send(minutes=11)
    assert fund.gifts("state, attempts, reason") == [("queued", 0, "InsufficientBalance")] * 2

    provider.set_mode("ok", of="airtime")
    fund.send(minutes=11)
    fund.send()
    assert fund.gifts() == ["sent", "sent"]


def test_a_provider_that_is_down_is_asked_with_one_gift(fund: Fund, provider: ProviderProcess) -> None:
    for last in range(1, 5):
        fund.answer(COMPLETED, number=f"+26377000000{last}")
    provider.set_mode("503", of="airtime")

    fund.send()

    assert provider.requests("airtime") == 1
    assert fund.gifts("state, attempts") == [("queued", 0)] * 4


def test_no_try_is_without_end(make_fund: Callable[..., Fund], provider: ProviderProcess) -> None:
    fund = make_fund(send_attempts=3)
    fund.answer(COMPLETED)
    provider.set_mode("no-recipients", of="airtime", message="GatewayError")

    for _ in range(5):
        fund.send(minutes=2)

    assert fund.gifts("state, attempts, reason") == [("failed", 3, "GatewayError")]


def test_reports_settle_a_gift_and_a_final_state_never_moves_back(fund: Fund) -> None:
    fund.answer(COMPLETED)
    fund.send()

    for status in ("Pending", "Success", "Failed", "Success"):
        fund.take(fund.report(status))

    assert fund.gifts("state, status") == [("delivered", "Success")]


def test_a_report_that_is_faster_than_the_answer_counts(fund: Fund, provider: ProviderProcess) -> None:
    fund.answer(COMPLETED)
    attempt, gift = fund.claim()
    result = fund.line.sender.thank(NUMBER, Decimal("0.5"), "USD", str(gift.uid))
    fund.take(fund.report("Failed"))
    assert fund.gifts() == ["sending"]

    settled = airtime.Settled(gift.id, "sent", result.provider_id, "Sent", "", gift.due_at, 1)
    fund.parts.database.write(
        lambda connection: airtime.settle(
            connection, channel_id=fund.known.id, attempt=attempt, results=[settled], at=fund.clock()
        )
    )

    assert fund.gifts("state, reason") == [("failed", "Words")]


def test_a_report_in_the_very_moment_of_the_settling_counts(fund: Fund) -> None:
    fund.answer(COMPLETED)
    fund.clock.pass_time(seconds=1)
    attempt, gift = fund.claim()
    report = fund.report("Success", provider_id="ATQid_1")

    with ThreadPoolExecutor(1) as pool:

        def settle(connection: Connection) -> Future[Any]:
            sent = airtime.Settled(gift.id, "sent", "ATQid_1", "Sent", "", gift.due_at, gift.attempts)
            airtime.settle(
                connection, channel_id=fund.known.id, attempt=attempt, results=[sent], at=fund.clock()
            )  # fmt: skip
            taken = pool.submit(fund.take, report)
            with suppress(TimeoutError):
                taken.result(timeout=0.5)  # it waits for the commit of this
            return taken

        fund.parts.database.write(settle).result(timeout=20)

    assert fund.gifts() == ["delivered"]


def test_a_report_for_a_stranger_changes_nothing(fund: Fund) -> None:
    fund.answer(COMPLETED)

    fund.take(fund.report("Success", provider_id="ATQid_9"), fund.report("Success", provider_id="A", number="MTN"))

    assert fund.gifts() == ["queued"]


def test_the_provider_is_told_what_is_ours(fund: Fund) -> None:
    fund.answer(COMPLETED)
    assert not fund.granted()  # nothing was asked for yet

    fund.claim()

    assert fund.granted()
    assert not fund.granted("5")
    assert not fund.granted(currency="KES")
    assert not fund.granted(number="+263770000002")
    assert not fund.granted(number="MTN")


def test_what_has_arrived_is_not_granted_again(fund: Fund) -> None:
    fund.answer(COMPLETED)
    fund.send()
    fund.take(fund.report("Success"))

    assert not fund.granted()


@pytest.fixture(autouse=True)
def no_gift_is_lost_or_doubled(provider: ProviderProcess) -> Iterator[None]:
    """Whatever a test does, no phone of it is paid twice."""
    yield
    paid = [each["number"] for each in provider.payments()]
    assert len(paid) == len(set(paid))
