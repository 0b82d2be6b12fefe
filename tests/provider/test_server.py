"""The test provider itself: other tests count on what it counts, and on the reports that it posts."""

import http.client
import queue
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest

from app.channels.africastalking import AfricasTalking
from app.channels.base import DeliveryReport
from app.settings import LineSettings
from tests.provider.process import ProviderProcess

ONE, TWO = "+263770000001", "+263770000002"


@pytest.fixture
def provider() -> Iterator[ProviderProcess]:
    with ProviderProcess() as process:
        yield process


@pytest.fixture
def send(provider: ProviderProcess) -> Callable[..., list[str]]:
    channel = AfricasTalking(LineSettings(api_key="a-key", url=provider.url))
    sender = channel.sender()
    return lambda *numbers: [result.provider_id for result in sender.send("Mhoro", numbers)]


@pytest.fixture
def hook() -> Iterator[tuple[str, "queue.Queue[DeliveryReport]"]]:
    """A door for delivery reports and what came through it."""
    came: queue.Queue[DeliveryReport] = queue.Queue()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), True))
            report = AfricasTalking(LineSettings()).parse("delivery", form)
            assert isinstance(report, DeliveryReport)
            came.put(report)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hooks/delivery", came
        server.shutdown()
        thread.join()


def test_reports_come_as_often_as_wished_and_never_in_the_order_of_the_send(
    provider: ProviderProcess, send: Callable[..., list[str]], hook: tuple[str, "queue.Queue[DeliveryReport]"]
) -> None:
    url, came = hook
    provider.report_to(url, status=["Success", "Sent"], repeat=2, delay_ms=1)

    first, second = send(ONE, TWO)

    one_round = [(second, "Success"), (first, "Success"), (second, "Sent"), (first, "Sent")]
    assert [(each["id"], each["status"]) for each in provider.deliveries()] == one_round * 2
    assert [(report.provider_id, report.status) for report in (came.get(timeout=10) for _ in range(8))] == one_round * 2


def test_an_early_report_comes_before_the_answer(
    provider: ProviderProcess, send: Callable[..., list[str]], hook: tuple[str, "queue.Queue[DeliveryReport]"]
) -> None:
    url, came = hook
    provider.report_to(url, early=True)

    (provider_id,) = send(ONE)

    assert came.get_nowait().provider_id == provider_id


def test_a_report_finds_its_way_though_the_send_was_never_answered(
    provider: ProviderProcess, send: Callable[..., list[str]], hook: tuple[str, "queue.Queue[DeliveryReport]"]
) -> None:
    url, came = hook
    provider.report_to(url)
    provider.set_mode("accept-then-reset")

    send(ONE)

    assert came.get(timeout=10).provider_id == provider.messages()[0]["messageId"]


def test_a_mode_with_times_ends_by_itself(provider: ProviderProcess, send: Callable[..., list[str]]) -> None:
    provider.set_mode("500", times=2)

    ids = [send(ONE)[0] for _ in range(3)]

    assert [bool(each) for each in ids] == [False, False, True]
    assert (provider.requests(), len(provider.messages())) == (3, 1)


def test_a_reset_forgets_and_heals(provider: ProviderProcess, send: Callable[..., list[str]]) -> None:
    provider.set_mode("accept-then-500")
    send(ONE)

    provider.reset()

    assert (provider.messages(), provider.requests()) == ([], 0)
    assert send(ONE) == [provider.messages()[0]["messageId"]]


def test_a_mistyped_mode_is_told_at_once(provider: ProviderProcess) -> None:
    with pytest.raises(AssertionError, match="no such mode"):
        provider.set_mode("exlpode")


@pytest.mark.parametrize(("headers", "status"), [({"apikey": "a-key"}, 200), ({}, 401)])
def test_the_balance_needs_a_key(provider: ProviderProcess, headers: dict[str, str], status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", provider.port)
    connection.request("GET", "/version1/user?username=sandbox", headers=headers)

    answer = connection.getresponse()

    assert answer.status == status
    connection.close()
