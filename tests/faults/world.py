"""A service with two workers, phones and a provider, on a clock that only the story moves; and what was seen of requests."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection

from app import main
from app.channels import operators
from app.channels.base import Inbound, Sender, SendResult
from app.flows.review.tariff import Price, Tariff
from app.gateway import library
from app.gateway.broadcasting import Broadcasting
from app.gateway.conversation import Outcome
from app.gateway.library import Library
from app.gateway.lines import Lines
from app.gateway.turns import Arrival, Gateway
from app.models.base import metadata
from app.settings import Settings
from app.store import contacts
from app.store.outbox import Claimed
from app.values import Medium, Msisdn
from app.worker.delivery import Delivery, Line
from app.worker.expiry import Expiry
from app.worker.feeding import Feeding
from tests.faults.database import Faulty, Killed
from tests.faults.provider import CURRENCY, PRICE, Provider
from tests.provider.process import ProviderProcess

MARKET = Path(__file__).parents[1] / "surveys" / "market.md"
MARKET_CODE, OTHER_CODE = "*384*66#", "*384*77#"
SETTINGS: dict[str, Any] = {
    "channel": "simulated",
    "service_codes": {MARKET_CODE: "market"},
    "keywords": {"MARKET": "market"},
    "message_hours": 24,
}
TARIFF = Tariff((Price("any", "+263", Medium.SMS, "part", Decimal(PRICE) / 1_000_000, CURRENCY),))
KEPT = {"survey", "survey_version", "channel", "description", "question", "question_label", "choice", "choice_label"}
OVER = "('completed', 'declined', 'screened_out', 'stopped')"


class Clock:
    """The time of the story; workers sleep and wait on it too."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        """For who measures how long something takes."""
        return self.now.timestamp()

    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)


@dataclass(slots=True)
class Truth:
    """What the database held when a worker took its last look before a request."""

    at: datetime
    stopped: set[int]
    states: dict[int, str]
    elsewhere: set[tuple[int, int]]
    """(broadcast, contact): another survey is under way there."""
    answered: set[tuple[int, int]]


@dataclass(slots=True)
class Request:
    """A message in a request to the provider."""

    at: datetime
    """When the last look was taken: from then on the request is under way."""
    worker: str
    message: Claimed
    number: str
    truth: Truth
    accepted: str = ""


@dataclass(slots=True)
class Worker:
    """One process that sends, feeds and sweeps."""

    name: str
    line: Line
    delivery: Delivery
    feeding: Feeding
    expiry: Expiry
    claimed: dict[int, Claimed] = field(default_factory=dict)
    asked: list[Claimed] = field(default_factory=list)
    """What the next request carries, as the last look before it said."""
    truth: Truth | None = None


class World:
    """Everything; made once a database, and emptied for each story."""

    def __init__(self, folder: Path, url: str, process: ProviderProcess | None = None, **settings: Any) -> None:
        self.process = process
        self.settings = Settings(data_dir=folder / "var", database_url=url, **SETTINGS | settings)
        parts = main.assemble(self.settings)
        parts.database.close()
        self.keys, self.known = parts.keys, next(iter(parts.lines.values()))
        self.database = Faulty(self.settings.database)
        assert not library.publish(self.database, [MARKET])
        self.libraries = {name: Library(self.database) for name in ("web", "one", "two")}
        for each in self.libraries.values():
            each.refresh()
        self.looks = self.database.engine.connect().execution_options(izwi_read=True)
        self.lock, self.post = threading.Lock(), threading.Lock()

    def close(self) -> None:
        """Give the connections back."""
        self.looks.close()
        self.database.close()

    def begin(
        self, chance: Random, provider: Provider, sender: Sender, *, clock: Clock | None = None, **settings: Any
    ) -> None:
        """Forget everybody, and start the service anew."""
        quiet(self.database)
        with self.database.engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name not in KEPT:
                    connection.execute(sa.delete(table))
            fresh = {"held": False, "open_until": None, "failures": 0, "pace": 0, "trouble": "", "next_ms": 0}
            connection.execute(sa.update(metadata.tables["channel"]).values(**fresh))
        self.chance, self.provider, self.sender = chance, provider, sender
        self.paced_until: datetime | None = None
        self.clock, self.requests, self.log = clock or Clock(), list[Request](), list[str]()
        self.faults: list[str] = []
        self.people: dict[str, int] = {}
        self.current = threading.local()
        self.told = self.settings.model_copy(update=settings)
        self.gateway = Gateway(self.told, self.database, self.keys, self.libraries["web"], now=self.clock)
        self.broadcasting = Broadcasting(self.told, self.database, self.libraries["web"], TARIFF)
        self.workers = {name: self.worker(name) for name in ("one", "two")}
        provider.pass_time = self.clock.pass_time
        self.database.done = self._done

    def worker(self, name: str) -> Worker:
        """Start a process; nothing is left of one that was killed but the database."""
        line = Line(self.known.id, self.known.name, Observed(self))
        lines = Lines({line.channel_id: self.told.lines[line.name]}, operators.read(None), {line.channel_id: line.name})
        return Worker(
            name,
            line,
            Delivery(self.told, self.database, self.keys, Random(self.chance.random()), self.clock.seconds),
            Feeding(self.told, self.database, self.libraries[name], lines),
            Expiry(self.told, self.database),
        )

    def add_people(self, count: int) -> None:
        """Let phones be known, of which some have chosen a language."""
        numbers = [f"+26377000{number:04d}" for number in range(1, count + 1)]

        def work(connection: Connection) -> None:
            # One by one, so that the keys of contacts are in the order of their numbers, whatever they are hashed with.
            for number in numbers:
                found = contacts.find_or_add(connection, self.keys, [Msisdn(number)], self.clock())
                self.people[number] = found[number].id
            chosen = {self.people[number]: self.chance.choice(("en", "sn")) for number in numbers[::2]}
            contacts.set_locales(connection, chosen)

        self.database.write(work)

    # -- acting -------------------------------------------------------------------------------------------------------

    @property
    def actor(self) -> Worker | None:
        """The worker that is at work in this thread."""
        return getattr(self.current, "worker", None)

    def act(self, name: str, deed: str) -> int:
        """Let a worker do one thing, whatever may come of it; one that is killed is started again."""
        worker, before = self.workers[name], self.actor
        self.current.worker = worker
        try:
            match deed:
                case "deliver":
                    return worker.delivery.deliver(worker.line, self.clock())
                case "feed":
                    return worker.feeding.feed(self.clock())
                case "sweep":
                    worker.expiry.sweep(self.clock())
                case "expire":
                    worker.expiry.expire(self.clock())
        except Killed:
            self.note(f"{name} was killed")
            self.workers[name] = self.worker(name)
        except (exc.DBAPIError, RuntimeError) as error:
            self.note(f"{name} failed: {type(error).__name__}")
        finally:
            self.current.worker = before
        return 0

    def take(self, *inbounds: Inbound) -> None:
        """Hand in what the provider posts; it posts again until we have taken it."""
        arrivals = [Arrival(self.known.id, each) for each in inbounds]
        before, self.current.worker = self.actor, None
        try:
            for _ in range(50):
                if all(isinstance(each, Outcome) for each in self.gateway.take_turns(arrivals)):
                    return
        finally:
            self.current.worker = before
        self.faults.append("the gateway never took what was posted")

    def note(self, words: str) -> None:
        """Write down what happened, to be read when a story fails."""
        self.log.append(f"{self.clock():%a %H:%M:%S} {words}")

    # -- looking ------------------------------------------------------------------------------------------------------

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Look into the database."""
        with self.lock, self.looks.begin():
            return list(self.looks.execute(sa.text(statement), values).all())

    def truth(self) -> Truth:
        """What is committed now."""
        elsewhere = (
            "SELECT b.id, r.contact_id FROM broadcast b JOIN run r ON r.state = 'active' AND r.survey_id <> b.survey_id"
        )
        answered = (
            f"SELECT b.id, r.contact_id FROM broadcast b JOIN run r ON r.state IN {OVER} AND r.survey_id = b.survey_id "
            "AND r.started_at >= b.started_at"
        )
        return Truth(
            self.clock(),
            {row[0] for row in self.rows("SELECT id FROM contact WHERE stopped_at IS NOT NULL")},
            {row[0]: row[1] for row in self.rows("SELECT id, state FROM broadcast")},
            {tuple(row) for row in self.rows(elsewhere)},
            {tuple(row) for row in self.rows(answered)},
        )

    def look(self, name: str) -> None:
        """Called before each piece of database work: the last look before a request must see what is committed now."""
        if (worker := self.actor) is not None and name == "read Requests._look":
            worker.truth = self.truth()

    def _done(self, name: str, result: Any) -> None:
        if (worker := self.actor) is None:
            return
        if name == "Delivery._claim":
            worker.claimed = {each.id: each for each in result}
        elif name == "Requests._look":
            worker.asked = [worker.claimed[each] for each in result]


class Observed:
    """The sending half as a worker has it; it may die before and after, and all that it sends is written down."""

    per_request = 500

    def __init__(self, world: World) -> None:
        self._world = world

    def send(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        """Send, and keep what was in the request."""
        world, worker = self._world, self._world.actor
        assert worker is not None
        truth, worker.truth = worker.truth or world.truth(), None
        messages = {each.contact_id: each for each in worker.asked}
        requests = [
            Request(truth.at, worker.name, messages[world.people[number]], number, truth) for number in recipients
        ]
        self._fail("before POST")
        world.requests += requests
        try:
            with world.post:  # one at a time, so that it can be told whose are the messages that were accepted
                before = len(world.provider.accepted)
                try:
                    return world.sender.send(body, recipients)
                finally:
                    taken = {each.number: each.provider_id for each in list(world.provider.accepted.values())[before:]}
                    for each in requests:
                        each.accepted = taken.get(each.number, "")
        finally:
            self._fail("after POST")

    def _fail(self, point: str) -> None:
        self._world.database.between(point)
        fault = self._world.database.fault(point)
        if fault is not None:
            fault.happen()


def quiet(database: Faulty) -> None:
    """Let nothing go wrong."""
    database.fault, database.between, database.done = (lambda _: None), (lambda _: None), (lambda _: None)
