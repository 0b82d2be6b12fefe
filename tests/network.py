"""The bad network of `test_bad_network`: a service whose database can lose its power, and a provider that fails."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import sqlalchemy as sa

from app import main
from app.channels.base import Delivery as Report
from app.channels.base import DeliveryReport, Inbound, Sending, SendResult
from app.flows.phrases import PHRASES
from app.gateway import library
from app.gateway.conversation import Outcome
from app.gateway.library import Edition, Library
from app.gateway.turns import Arrival, Failed, Gateway
from app.models.base import metadata
from app.settings import Settings
from app.store.unit import Database, Opened
from app.values import Msisdn
from app.worker.delivery import Delivery, Line
from app.worker.expiry import Expiry
from tests.conftest import Clock
from tests.last_words import BEFORE

T = TypeVar("T")
MARKET = Path(__file__).parent / "surveys" / "market.md"
CODE, MINED_CODE = "*384*77#", "*384*66#"
SETTINGS: dict[str, Any] = {
    "channel": "simulated",
    "survey": "market",
    "service_codes": {MINED_CODE: "mined"},
    "keywords": {"MARKET": "market"},
    "send_attempts": 3,
}
STOPPED = frozenset(PHRASES["stopped"].values())
_NOT_SENT = {
    "down": SendResult(Sending.RETRY, reason="unreachable"),
    "retry": SendResult(Sending.RETRY, reason="GatewayError"),
    "refused": SendResult(Sending.REFUSED, reason="CouldNotRoute"),
}
_KEPT = {"survey", "survey_version", "channel", "description", "question", "question_label", "choice", "choice_label"}


class PowerCut(BaseException):
    """The machine is off. No handler of errors may see it."""


def _die() -> None:
    raise PowerCut


def _live() -> None:
    pass


class Mortal(Database):
    """A database whose machine can lose its power around a commit."""

    cut = ""

    def write_late(self, work: Callable[[Opened], T]) -> T:
        when, self.cut = self.cut, ""
        BEFORE[self.engine] = _die if when == "before commit" else _live

        def dying(opened: Opened) -> T:
            work(opened)
            raise PowerCut

        result = super().write_late(dying if when == "before commit" else work)
        if when == "after commit":
            raise PowerCut
        return result


class Mined(Library):
    """A library with one survey that nobody can begin."""

    def newest(self, survey: str) -> Edition | None:
        if survey == "mined":
            raise ZeroDivisionError
        return super().newest(survey)


class Network:
    """A service, everything around it, and a record of what was sent."""

    per_request = 500

    def __init__(self, settings: Settings, clock: Clock) -> None:
        parts = main.assemble(settings)
        parts.database.close()
        self.settings, self.keys, self.clock = settings, parts.keys, clock
        self.line = next(iter(parts.lines.values()))
        self.database = Mortal(settings.database)
        assert not library.publish(self.database, [MARKET])
        self.library = Mined(self.database)
        self.library.refresh()
        self.flow = self.library.newest("market").flow
        self.expiry = Expiry(settings, self.database)
        self.looks = self.database.engine.connect().execution_options(izwi_read=True)
        self.begin()

    def close(self) -> None:
        """Give the connections back."""
        self.looks.close()
        self.database.close()

    def begin(self) -> None:
        """Forget all people: an example of Hypothesis begins with an empty service."""
        with self.database.engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name not in _KEPT:
                    connection.execute(sa.delete(table))
        self.stopped: set[str] = set()
        self.accepted: Counter[tuple[str, str]] = Counter()
        self.ids: list[str] = []
        self.wrongly_sent: list[str] = []
        self.mood = "sent"
        self.start()

    def start(self) -> None:
        """Start the service, or start it again after a crash: nothing is left but the database."""
        self.gateway = Gateway(self.settings, self.database, self.keys, self.library, now=self.clock)
        self.delivery = Delivery(self.settings, self.database, self.keys, Random(0))
        self.channel = Line(self.line.id, self.line.name, self)

    def take(self, inbounds: Sequence[Inbound]) -> list[Outcome | Failed]:
        """Hand in what arrived at the same time."""
        return self.gateway.take_turns([Arrival(self.line.id, each) for each in inbounds])

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Look into the database."""
        with self.looks.begin():
            return list(self.looks.execute(sa.text(statement), values).all())

    def hash_of(self, number: str) -> bytes:
        """What a number is found by."""
        return self.keys.find(Msisdn(number))

    # -- the provider's sending half ---

    def send(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        """Send as the mood of the network is."""
        if self.mood in _NOT_SENT:
            return [_NOT_SENT[self.mood]] * len(recipients)
        for number in recipients:
            self.accepted[number, body] += 1
            if number in self.stopped and body not in STOPPED:
                self.wrongly_sent.append(f"to a stopped phone: {body}")
        if self.mood == "worker dies":
            raise PowerCut
        if self.mood == "unknown":
            return [SendResult(Sending.UNKNOWN, reason="no answer")] * len(recipients)
        ids = [f"ATXid_{len(self.ids) + place}" for place, _ in enumerate(recipients)]
        self.ids += ids
        if self.mood == "sent, and the report comes first":
            self.take([self.report(each, Report.DELIVERED) for each in ids])
        return [SendResult(Sending.SENT, provider_id=each) for each in ids]

    @staticmethod
    def report(provider_id: str, delivery: Report) -> DeliveryReport:
        """A delivery report, as a hook hands it in."""
        return DeliveryReport(provider_id, delivery, delivery.capitalize(), "", "99999")
