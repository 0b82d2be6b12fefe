"""What the test provider counts and charges, and how much of it it bears."""

import http.client
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.provider.ledger import Ledger, Prices, segments_of
from tests.provider.process import ProviderProcess

ECONET, NETONE = "+263770000001", "+263770009999"
FORM = {"username": "nango", "message": "Mhoro"}


@pytest.fixture(scope="module")
def process() -> Iterator[ProviderProcess]:
    with ProviderProcess() as process:
        yield process


@pytest.fixture
def provider(process: ProviderProcess) -> ProviderProcess:
    process.reset()
    return process


def send(provider: ProviderProcess, text: str, *numbers: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", provider.port, timeout=60)
    body = urlencode({"username": "nango", "to": ",".join(numbers), "message": text})
    connection.request("POST", "/version1/messaging", body, {"apiKey": "a-key"})
    assert connection.getresponse().read()
    connection.close()


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("{" * 80, 1),
        ("{" * 81, 2),
        ("a" * 152 + "{" * 77, 3),  # the sign of two septets at the end of the first part goes into the second
        ("š" * 70, 1),
        ("š" * 71, 2),
        ("š" * 134, 2),
        ("š" * 135, 3),
        ("✅" * 70, 1),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # 33 in a part of 67 units, never half of one
    ],
)
def test_a_text_takes_so_many_segments(text: str, segments: int) -> None:
    assert segments_of(text) == segments


def test_each_message_costs_its_segments_at_its_operators_price(provider: ProviderProcess) -> None:
    provider.price({"+26377": 9, "+2637700000": 0.02, "+26377000": 0.5})

    send(provider, "a" * 161, ECONET, NETONE)
    send(provider, "Mhoro", ECONET)

    bill = {"currency": "USD", "total": "1.060000", "messages": 3, "segments": 5}
    assert provider.bill() == bill


def test_what_is_not_accepted_is_not_charged(provider: ProviderProcess) -> None:
    provider.price({"": 1.0})
    provider.set_mode("refuse-all", times=1)

    send(provider, "Mhoro", ECONET)
    send(provider, "Mhoro", ECONET, "12")

    assert (provider.bill()["total"], provider.bill()["messages"]) == ("1.000000", 1)


def test_a_doubled_message_is_seen_in_the_counts(provider: ProviderProcess) -> None:
    send(provider, "Mhoro", ECONET, NETONE)
    send(provider, "Mhoro", ECONET)
    send(provider, "Salibonani", ECONET)

    assert provider.counts() == {"messages": 4, "numbers": 2, "most": 3, "distinct": 3}
    assert provider.counts(each=True)["of"] == {ECONET: [3, 2], NETONE: [1, 1]}


def test_a_message_takes_so_little_room_that_a_million_fit() -> None:
    ledger = Ledger(Prices.of([{"prefix": "+26377000", "price": 0.01}]))
    numbers = [f"+26377000{number:04d}" for number in range(1000)]

    began = time.monotonic()
    for _ in range(100):
        ledger.accept(FORM, numbers)

    rate = 100_000 / (time.monotonic() - began)
    columns = (ledger._numbers, ledger._texts, ledger._accounts, ledger._at)
    assert sum(column.itemsize * len(column) for column in columns) <= 40 * len(ledger)
    assert (ledger.bill()["total"], ledger.counts(each=False)["most"]) == ("1000.000000", 100)
    assert rate > 20_000


def test_thousands_of_recipients_a_second_pass_the_wire(provider: ProviderProcess) -> None:
    batches = [[f"+26377000{200 * batch + number:04d}" for number in range(200)] for batch in range(50)]

    began = time.monotonic()
    for batch in batches:
        send(provider, "Mhoro", *batch)

    assert 10_000 / (time.monotonic() - began) > 3_000
    assert provider.counts()["distinct"] == 10_000
