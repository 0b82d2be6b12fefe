"""What the provider posts about airtime: as a form or as JSON, and how its question is answered."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.gateway import library
from app.settings import AirtimeSettings
from tests.provider.process import ProviderProcess
from tests.web.conftest import NUMBER, Served, until

MEAL = Path(__file__).parents[1] / "surveys" / "meal.md"
CHECK = {"transactionId": "t", "phoneNumber": NUMBER, "currencyCode": "USD", "amount": "0.5000"}
VALIDATED, FAILED = (200, '{"status":"Validated"}'), (200, '{"status":"Failed"}')


@pytest.fixture(scope="module")
def provider() -> Iterator[ProviderProcess]:
    with ProviderProcess() as process:
        yield process


@pytest.fixture
def served(serve: Callable[..., Served], provider: ProviderProcess) -> Served:
    provider.reset()
    gift = AirtimeSettings(amount=Decimal("0.5"), currency="USD", budget=Decimal(1))
    account = {"channel": "africastalking", "africastalking_api_key": "a-key", "africastalking_url": provider.url}
    served = serve(survey="meal", airtime={"meal": gift}, **account)
    assert not library.publish(served.parts.database, [MEAL])
    served.parts.library.refresh()
    provider.set_mode("ok", of="airtime", check=f"http://127.0.0.1:{served.port}/hooks/{served.secret}/airtime-check")
    return served


def post_json(served: Served, hook: str, body: object) -> tuple[int, str]:
    text = body if isinstance(body, str) else json.dumps(body)
    return served.request(f"/hooks/{served.secret}/{hook}", text, headers={"Content-Type": "application/json"})


def state(served: Served) -> list[object]:
    return [row[0] for row in served.rows("SELECT state FROM airtime")]


def complete(served: Served) -> None:
    for text in ("", "1", "1*30", "1*30*Sadza"):
        served.turn(text)


def test_airtime_goes_all_the_way_with_the_providers_question_in_between(
    served: Served, provider: ProviderProcess
) -> None:
    provider.report_to(f"http://127.0.0.1:{served.port}/hooks/{served.secret}/airtime", of="airtime")

    complete(served)

    until(lambda: state(served) == ["delivered"])
    assert [paid["number"] for paid in provider.payments()] == [NUMBER]


def test_a_report_is_read_from_json_with_figures_and_gaps_in_it(served: Served) -> None:
    complete(served)
    until(lambda: state(served) == ["sent"])
    ((request_id,),) = served.rows("SELECT provider_id FROM airtime")

    report = {"requestId": request_id, "status": "Failed", "phoneNumber": NUMBER, "discount": 0.02, "value": None}
    assert post_json(served, "airtime", report) == (200, "")

    assert state(served) == ["failed"]


def test_a_question_about_airtime_that_nobody_asked_for_is_answered_with_no(served: Served) -> None:
    assert served.post("airtime-check", CHECK) == FAILED
    assert post_json(served, "airtime-check", {**CHECK, "amount": 0.5}) == FAILED


def test_a_question_about_our_own_airtime_is_answered_with_yes_as_form_and_as_json(served: Served) -> None:
    complete(served)
    until(lambda: state(served) == ["sent"])

    assert served.post("airtime-check", CHECK) == VALIDATED
    assert post_json(served, "airtime-check", {**CHECK, "amount": 0.5}) == VALIDATED
    assert post_json(served, "airtime-check", {**CHECK, "amount": 5}) == FAILED


@pytest.mark.parametrize("body", ["", "{", "[]", '{"phoneNumber": {}}', "{" + '"a":[' * 9999, '{"amount": 1e999}'])
def test_a_question_that_cannot_be_read_is_answered_with_no(served: Served, body: str) -> None:
    assert post_json(served, "airtime-check", body) == FAILED


@pytest.mark.parametrize("body", ["{", "[]", '{"status": "Success"}', '{"requestId": 7, "status": "Success"}'])
def test_a_report_without_its_id_is_refused(served: Served, body: str) -> None:
    status, _ = post_json(served, "airtime", body)

    assert status == (200 if "7" in body else 400)


def test_a_turn_is_never_read_from_json(served: Served) -> None:
    body = {"sessionId": "ATUid_1", "phoneNumber": NUMBER, "serviceCode": "*384*77#", "text": ""}

    assert post_json(served, "ussd", body) == (200, "END This service is not available now.")
    assert served.rows("SELECT count(*) FROM turn") == [(0,)]
