"""Text messages from end to end: the gateway that writes them, the worker that sends them, and a provider that may fail."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest

from app import main
from app.channels.base import DeliveryReport, Inbound, SmsIn
from app.gateway.conversation import Outcome
from app.gateway.turns import Arrival, Gateway
from app.settings import Settings
from app.worker.delivery import Delivery, Line
from app.worker.expiry import Expiry
from tests.conftest import Clock
from tests.provider.process import ProviderProcess

NUMBER = "+263770000001"


class Post:
    """One service's way of sending, at the test's own time."""

    def __init__(self, parts: main.Parts, gateway: Gateway, clock: Clock, provider: ProviderProcess) -> None:
        self.parts, self.gateway, self.clock, self.provider = parts, gateway, clock, provider
        self.known = next(iter(parts.lines.values()))
        self.delivery, self.line = self.worker()
        self.expiry = Expiry(parts.settings, parts.database)

    def worker(self) -> tuple[Delivery, Line]:
        """A worker, as each process has one."""
        line = Line(self.known.id, self.known.name, self.known.channel.sender())
        return Delivery(self.parts.settings, self.parts.database, self.parts.keys, Random(1)), line

    def take(self, *inbounds: Inbound) -> None:
        """Hand in what came from the provider."""
        outcomes = self.gateway.take_turns([Arrival(self.known.id, each) for each in inbounds])
        assert all(isinstance(outcome, Outcome) for outcome in outcomes), outcomes

    def text(self, words: str, *, number: str = NUMBER, provider_id: str = "") -> None:
        """A person sends a text message."""
        self.take(SmsIn(provider_id or f"in_{number[-4:]}_{words}", number, "30007", words, "", "64804"))

    def deliver(self, **later: float) -> int:
        """Let time pass, then send what is due; returns how many messages were tried."""
        self.clock.pass_time(**later)
        return self.delivery.deliver(self.line, self.clock())

    def hook(self, hook: str, form: dict[str, str]) -> Inbound:
        """Read a form as the hook does."""
        return self.known.channel.parse(hook, form)

    def report(self, status: str, *, provider_id: str = "", number: str = NUMBER) -> DeliveryReport:
        """The provider's report on the last message that it accepted."""
        form = {"id": provider_id or self.accepted()[-1]["messageId"], "status": status, "phoneNumber": number}
        report = self.hook("delivery", {**form, "networkCode": "64804", "retryCount": "0"})
        assert isinstance(report, DeliveryReport)
        return report

    def accepted(self) -> list[dict[str, str]]:
        """What the provider accepted, and so may have reached a phone."""
        return self.provider.messages()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Look into the database."""
        with self.parts.database.engine.connect() as connection:
            connection = connection.execution_options(izwi_read=True)
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def states(self) -> Sequence[str]:
        """The states of all messages, in the order they were written."""
        return [row[0] for row in self.rows("SELECT state FROM outbox ORDER BY id")]


@pytest.fixture(scope="module")
def provider_process() -> Iterator[ProviderProcess]:
    with ProviderProcess() as process:
        yield process


@pytest.fixture
def provider(provider_process: ProviderProcess) -> ProviderProcess:
    provider_process.reset()
    return provider_process


@pytest.fixture
def settings(settings: Settings, provider: ProviderProcess) -> Settings:
    """The shared settings, with the test provider for a provider."""
    changes = {"channel": "africastalking", "africastalking_api_key": "a-key", "africastalking_url": provider.url}
    return settings.model_copy(update={**changes, "send_timeout_seconds": 0.5})


@pytest.fixture
def post(parts: main.Parts, gateway: Gateway, clock: Clock, provider: ProviderProcess) -> Post:
    return Post(parts, gateway, clock, provider)
