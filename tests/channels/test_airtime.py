"""Airtime through the provider's own library: a key is paid once, and what its answers mean."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from app.channels.africastalking import AfricasTalking
from app.channels.base import AirtimeSender, Sending
from app.settings import LineSettings
from tests.provider.process import ProviderProcess

ONE, TWO = "+263770000001", "+263770000002"
HALF = Decimal("0.50")
SENT, REFUSED, RETRY, UNKNOWN = Sending.SENT, Sending.REFUSED, Sending.RETRY, Sending.UNKNOWN


@pytest.fixture
def make_airtime(provider: ProviderProcess) -> Callable[..., AirtimeSender]:
    return lambda **changes: AfricasTalking(
        LineSettings(**{"api_key": "a-key", "url": provider.url, **changes})
    ).airtime()


@pytest.fixture
def airtime(make_airtime: Callable[..., AirtimeSender]) -> AirtimeSender:
    return make_airtime()


def test_airtime_is_paid_with_its_amount_and_its_key(airtime: AirtimeSender, provider: ProviderProcess) -> None:
    result = airtime.thank(ONE, HALF, "USD", "key-1")

    (paid,) = provider.payments()
    assert paid == {
        "number": ONE, "amount": "0.50", "currency": "USD", "key": "key-1", "requestId": result.provider_id,
    }  # fmt: skip
    assert (result.outcome, result.status, result.cost) == (SENT, "Sent", "USD 0.5000")


def test_the_same_key_is_paid_once_and_another_one_again(airtime: AirtimeSender, provider: ProviderProcess) -> None:
    first, again, other = (airtime.thank(ONE, HALF, "USD", key) for key in ("key-1", "key-1", "key-2"))

    assert first == again != other
    assert [paid["key"] for paid in provider.payments()] == ["key-1", "key-2"]


def test_a_key_never_goes_with_the_next_request(airtime: AirtimeSender, provider: ProviderProcess) -> None:
    """The library keeps the last key in its headers, where it would make another phone's airtime a repeat of this one."""
    for number, key in ((ONE, "key-1"), (TWO, "")):
        airtime.thank(number, HALF, "USD", key)

    assert [(paid["number"], paid["key"]) for paid in provider.payments()] == [(ONE, "key-1"), (TWO, "")]


@pytest.mark.parametrize(
    ("mode", "outcome", "reason"),
    [
        ("charset", SENT, ""),
        ("400", REFUSED, "bad request"),
        ("401", RETRY, "authentication"),
        ("429", RETRY, "throttled"),
        ("503", RETRY, "unavailable"),
        ("500", UNKNOWN, "server error"),
        ("accept-then-500", UNKNOWN, "server error"),
        ("accept-then-reset", UNKNOWN, "no answer"),
        ("accept-then-cut", UNKNOWN, "no answer"),
        ("redirect", UNKNOWN, "redirected"),
        ("garbage", UNKNOWN, "unreadable answer"),
        ("refuse-all", REFUSED, "InvalidPhoneNumber"),
        ("no-recipients", RETRY, "InsufficientBalance"),
    ],
)
def test_each_behaviour_of_the_provider_has_its_outcome(
    airtime: AirtimeSender, provider: ProviderProcess, mode: str, outcome: Sending, reason: str
) -> None:
    provider.set_mode(mode, of="airtime")

    result = airtime.thank(ONE, HALF, "USD", "key-1")

    assert (result.outcome, result.reason) == (outcome, reason)


@pytest.mark.parametrize("mode", ["accept-then-500", "accept-then-reset", "accept-then-cut", "garbage", "500", "503"])
def test_what_nobody_answered_is_asked_again_and_paid_once(
    airtime: AirtimeSender, provider: ProviderProcess, mode: str
) -> None:
    provider.set_mode(mode, of="airtime", times=1)

    outcomes = [airtime.thank(ONE, HALF, "USD", "key-1").outcome for _ in range(2)]

    assert (outcomes[0] is SENT, outcomes[1]) == (False, SENT)
    assert len(provider.payments()) == 1


@pytest.mark.parametrize("mode", ["hang", "accept-then-hang"])
def test_airtime_without_an_answer_may_have_been_paid(
    make_airtime: Callable[..., AirtimeSender], provider: ProviderProcess, mode: str
) -> None:
    provider.set_mode(mode, of="airtime")

    assert make_airtime(send_timeout_seconds=0.2).thank(ONE, HALF, "USD", "key-1").outcome is UNKNOWN


@pytest.mark.parametrize(
    ("message", "outcome", "reason"),
    [
        ("Insufficient balance", RETRY, "InsufficientBalance"),
        ("InsufficientBalance", RETRY, "InsufficientBalance"),
        ("InsufficientCredit", RETRY, "InsufficientBalance"),
        ("A duplicate request was received within the last 5 minutes", RETRY, "duplicate"),
        ("InternalServerError", RETRY, "InternalServerError"),
        ("Unsupported country", REFUSED, "UnsupportedCountry"),
        (f"Cannot pay {ONE}", REFUSED, "refused without a reason"),
        ("None", UNKNOWN, "missing in the answer"),
        ("", UNKNOWN, "missing in the answer"),
    ],
)
def test_an_answer_that_paid_nobody_gives_its_reason_but_no_number(
    airtime: AirtimeSender, provider: ProviderProcess, message: str, outcome: Sending, reason: str
) -> None:
    provider.set_mode("no-recipients", of="airtime", message=message)

    result = airtime.thank(ONE, HALF, "USD", "key-1")

    assert (result.outcome, result.reason) == (outcome, reason)


def entry(**changes: Any) -> str:
    usual = {"phoneNumber": ONE, "errorMessage": "None", "requestId": "ATQid_1", "status": "Sent", "amount": "USD 0.5"}
    return json.dumps({"errorMessage": "None", "responses": [{**usual, **changes}]})


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("", UNKNOWN),
        ("null", UNKNOWN),
        ('{"responses": null}', UNKNOWN),
        ('{"responses": [7]}', UNKNOWN),
        ("[" * 100_000, UNKNOWN),
        (entry(phoneNumber=TWO), UNKNOWN),
        (entry(requestId="None"), UNKNOWN),
        (entry(requestId={}), UNKNOWN),
        (entry(phoneNumber=ONE[1:]), SENT),
        (entry(status="Teleported"), SENT),
        (entry(errorMessage=None), SENT),
        (entry(status="Failed"), REFUSED),
        (entry(errorMessage="InsufficientBalance", status="Failed"), RETRY),
        (entry(errorMessage="InsufficientBalance", requestId="None", status="None"), RETRY),
        (entry(errorMessage="Sunspots"), UNKNOWN),
        (entry(errorMessage={}), UNKNOWN),
    ],
)
def test_no_answer_however_odd_stops_the_worker(
    airtime: AirtimeSender, provider: ProviderProcess, body: str, outcome: Sending
) -> None:
    provider.set_mode("garbage", of="airtime", body=body)

    assert airtime.thank(ONE, HALF, "USD", "key-1").outcome is outcome


@pytest.mark.parametrize(
    ("number", "amount", "currency"),
    [("MTN", "1", "USD"), (ONE + "\n", "1", "USD"), (ONE, "0", "USD"), (ONE, "-1", "USD"), (ONE, "NaN", "USD"),
     (ONE, "1", "dollars"), (ONE, "1", "")],
)  # fmt: skip
def test_what_cannot_be_paid_is_not_asked_for(
    airtime: AirtimeSender, provider: ProviderProcess, number: str, amount: str, currency: str
) -> None:
    assert airtime.thank(number, Decimal(amount), currency, "key-1").outcome is REFUSED
    assert provider.requests("airtime") == 0


def test_without_a_key_of_the_account_nothing_leaves(
    make_airtime: Callable[..., AirtimeSender], provider: ProviderProcess
) -> None:
    result = make_airtime(api_key="").thank(ONE, HALF, "USD", "key-1")

    assert (result.outcome, result.reason, provider.requests("airtime")) == (RETRY, "authentication", 0)


def test_a_provider_that_is_down_was_not_reached(make_airtime: Callable[..., AirtimeSender]) -> None:
    result = make_airtime(url="http://127.0.0.1:9").thank(ONE, HALF, "USD", "key-1")

    assert (result.outcome, result.reason) == (RETRY, "unreachable")
