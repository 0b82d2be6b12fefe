"""A schedule of faults: the same seed deals the same fates, and every fate is among them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.provider.behaviour import Behaviour, Schedule
from tests.provider.process import ProviderProcess
from tests.provider.test_bill import send

FATES = "ok slow 500 429 accept-then-hang accept-then-reset accept-then-500 no-recipients garbage".split()
WISH = {
    "seed": 7,
    "weights": dict.fromkeys(FATES, 1),
    "reports": {"once": 4, "twice": 1, "early": 1, "out-of-order": 1, "never": 1},
}


def drawn(wish: dict[str, Any], count: int = 400) -> list[tuple[str, str]]:
    schedule = Schedule(wish)
    return [(fate["mode"], fate["report"]) for fate in (schedule.draw() for _ in range(count))]


def test_the_same_seed_deals_the_same_fates_and_another_one_others() -> None:
    assert drawn(WISH) == drawn(WISH) != drawn({**WISH, "seed": 8})


def test_every_fate_comes_up_about_as_often_as_it_weighs() -> None:
    modes, reports = (Counter(column) for column in zip(*drawn(WISH), strict=True))

    assert set(modes) == set(FATES)
    assert min(modes.values()) > 20
    assert set(reports) == {"once", "twice", "early", "out-of-order", "never"}
    assert reports["once"] > 2 * reports["never"]


def test_a_misspelt_fate_is_told_at_once(provider: ProviderProcess) -> None:
    with pytest.raises(AssertionError, match="no such fate: explode"):
        provider.schedule(1, weights={"explode": 1})


def test_a_scheduled_provider_accepts_what_the_seed_says(provider: ProviderProcess) -> None:
    provider.schedule(7, weights={"ok": 1, "no-recipients": 1}, message="InsufficientBalance")
    wish = {"seed": 7, "weights": {"ok": 1, "no-recipients": 1}}

    for number in range(20):
        send(provider, "Mhoro", f"+2637700000{number:02d}")

    taken = [place for place, (mode, _) in enumerate(drawn(wish, 20)) if mode == "ok"]
    assert [int(kept["number"][-2:]) for kept in provider.messages()] == taken


@pytest.mark.parametrize(
    ("fate", "posted"),
    [
        ("once", ["Success"]),
        ("twice", ["Success", "Success"]),
        ("early", ["Success"]),
        ("out-of-order", ["Success", "Sent"]),
        ("never", []),
    ],
)
def test_reports_come_as_the_seed_says(provider: ProviderProcess, fate: str, posted: list[str]) -> None:
    provider.report_to("http://127.0.0.1:9/nobody/listens")
    provider.schedule(7, reports={fate: 1})

    send(provider, "Mhoro", "+263770000001")

    assert [each["status"] for each in provider.deliveries()] == posted


def test_reports_go_where_the_command_line_says_also_after_a_reset() -> None:
    behaviour = Behaviour()
    behaviour.report_to("http://127.0.0.1:8000/hooks/secret/")
    behaviour.reset()

    assert {kind: wish["url"] for kind, wish in behaviour.delivery.items()} == {
        "sms": "http://127.0.0.1:8000/hooks/secret/delivery",
        "airtime": "http://127.0.0.1:8000/hooks/secret/airtime",
    }


@pytest.fixture
def provider() -> Iterator[ProviderProcess]:
    with ProviderProcess() as process:
        yield process
