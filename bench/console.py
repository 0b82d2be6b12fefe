"""The console over a million respondents: how long its pages take, how large they are, and what 200 open live pages cost."""

import asyncio
import gzip
import http.client
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.gateway import library
from app.store import accounts, schema, sign_ins
from app.store.unit import Database
from app.values import Role
from bench import figures, report, servers
from bench.process import cpu_seconds
from bench.script import SERVICE_CODE

HEADING = "## What the console costs"
METHOD = """\
{people:,} respondents with a completed run and {questions} answers each, and as many contacts, on SQLite. An admin asks for each
page {times} times, one after the other, after once to warm up: the median, the slowest, and its size as it is sent (gzip). `first
visit` is the home page with its style sheet and scripts. Then {streams} browsers look at the live home page while a phone dials
every second; and turns are measured without and with them: {sessions} sessions, medians of {rounds} rounds, nothing pinned.
"""
PAGES = (
    "/", "/begin", "/surveys", f"/surveys/{figures.SURVEY}", "/try", "/contacts", "/broadcasts",
    f"/results/{figures.SURVEY}", f"/results/{figures.SURVEY}?by=province", "/exports", "/connect", "/stories", "/cases",
    "/people", "/me", "/audit", "/system", "/system/outbox", "/system/backups",
)  # fmt: skip
QUESTIONS, TIMES, STREAMS, SESSIONS, ROUNDS, SECONDS = 5, 5, 200, 64, 3, 2.0
_WATCHED_SECONDS = 20
Play = Callable[..., report.Run]


class Page(NamedTuple):
    """One page as it was measured."""

    path: str
    median_ms: float
    slowest_ms: float
    bytes: int


def section(folder: Path, people: int, play: Play) -> str:
    """Measure; returns the section of the page."""
    url = f"sqlite:///{folder}/izwi.db"
    prepare(Database(url), people)
    with ExitStack() as stack:
        # Without a worker: it would make the records of all these runs meanwhile, which nobody does in a day.
        place = servers.Place(folder, servers.ALL, stack)
        server = servers.izwi({"IZWI_DATA_DIR": str(folder)}, place, "--no-worker")
        cookie = f"izwi={_signed_in(url)}"
        first = _first_visit(server, cookie)
        # First, for figures of results are counted for a while after their page was asked for.
        alone = [play(server, SESSIONS, SECONDS, 0.5) for _ in range(ROUNDS)]
        streams, beside = asyncio.run(_beside(server, cookie, play))
        pages = [_page(server, path, cookie) for path in PAGES]
    method = METHOD.format(
        people=people, questions=QUESTIONS, times=TIMES, streams=STREAMS, sessions=SESSIONS, rounds=ROUNDS
    )
    rates = [report.middle(each, "steps_per_s") for each in (alone, beside)]
    return "\n".join([HEADING, "", method, *_table(pages), "", *_promises(pages, first, streams, rates)])


def prepare(database: Database, people: int) -> None:
    """Fill a database that is thrown away."""
    schema.upgrade(database.engine)
    library.publish(database, library.shipped())
    quick = "PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF"
    sa.event.listen(database.engine, "connect", lambda raw, _: raw.executescript(quick))
    for begin in range(1, people + 1, figures.BATCH):
        part = range(begin, min(begin + figures.BATCH, people + 1))
        database.write(lambda connection, part=part: _fill(connection, part))  # type: ignore[misc]
        print(f"{part.stop - 1:,} respondents are there", file=sys.stderr)
    database.write(lambda connection: connection.exec_driver_sql("ANALYZE"))
    database.close()


def _fill(connection: Connection, part: range) -> None:
    figures.fill(connection, part, QUESTIONS)
    rows = [(each, UUID(int=each).bytes, secrets.token_bytes(16), b"sealed", 1, "en", figures.AT) for each in part]
    connection.exec_driver_sql(
        "INSERT INTO contact (id, uid, msisdn_hash, msisdn_sealed, key_id, locale, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def _signed_in(url: str) -> str:
    database = Database(url)
    now = datetime.now(UTC)

    def work(connection: Connection) -> str:
        account = accounts.add(connection, "Bench", Role.ADMIN, "no password", "en", now)
        return sign_ins.begin(connection, account.id, "bench", now)

    secret = database.write(work)
    database.close()
    return secret


def _page(server: servers.Server, path: str, cookie: str) -> Page:
    taken, size = [], 0
    for _ in range(TIMES + 1):
        begun = perf_counter()
        size = _ask(server, path, cookie)
        taken.append((perf_counter() - begun) * 1000)
    print(f"{path}: {median(taken[1:]):.0f} ms", file=sys.stderr)
    return Page(path, median(taken[1:]), max(taken[1:]), size)


def _ask(server: servers.Server, path: str, cookie: str) -> int:
    """Ask for something; how many bytes came."""
    where = urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=120)
    connection.request("GET", path, headers={"Cookie": cookie, "Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        sys.exit(f"{path}: {answer.status}")
    return len(body)


def _first_visit(server: servers.Server, cookie: str) -> int:
    where = urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    connection.request("GET", "/", headers={"Cookie": cookie, "Accept-Encoding": "gzip"})
    page = gzip.decompress(connection.getresponse().read()).decode()
    connection.close()
    files = {part.split('"')[0] for part in page.split('="')[1:] if part.startswith("/assets/")}
    return _ask(server, "/", cookie) + sum(_ask(server, each, cookie) for each in sorted(files))


async def _beside(server: servers.Server, cookie: str, play: Play) -> tuple[float, list[report.Run]]:
    """The share of a core that the streams take while a phone dials every second, and the turns beside them."""
    where = urlsplit(server.url)
    lines = [await asyncio.open_connection(where.hostname, where.port) for _ in range(STREAMS)]
    for _, writer in lines:
        writer.write(f"GET /live/home HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: {cookie}\r\n\r\n".encode())
    readers = [asyncio.create_task(_drain(reader)) for reader, _ in lines]
    await asyncio.sleep(5)
    if any(each.done() for each in readers):
        sys.exit("a live page ended")
    before, begun = cpu_seconds(server.pids[0]), perf_counter()
    for number in range(_WATCHED_SECONDS):
        await asyncio.to_thread(_dial, server, number)
        await asyncio.sleep(1)
    share = (cpu_seconds(server.pids[0]) - before) / (perf_counter() - begun)
    runs = [await asyncio.to_thread(play, server, SESSIONS, SECONDS, 0.5) for _ in range(ROUNDS)]
    for each in readers:
        each.cancel()
    for _, writer in lines:
        writer.close()
    return share, runs


def _dial(server: servers.Server, number: int) -> None:
    where = urlsplit(server.url)
    form = {
        "sessionId": f"live-{number}",
        "phoneNumber": f"+26377000{number:04d}",
        "serviceCode": SERVICE_CODE,
        "text": "",
    }
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    connection.request("POST", where.path, urlencode(form | {"networkCode": "99999"}))
    if not connection.getresponse().read().startswith(b"CON "):
        sys.exit("a dial got no screen")
    connection.close()


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


def _table(pages: list[Page]) -> Iterator[str]:
    yield "| page | median ms | slowest ms | bytes |"
    yield "|---| --: | --: | --: |"
    for each in pages:
        yield f"| `{each.path}` | {each.median_ms:,.0f} | {each.slowest_ms:,.0f} | {each.bytes:,} |"


def _promises(pages: list[Page], first: int, streams: float, rates: list[float]) -> Iterator[str]:
    slowest, largest = max(pages, key=lambda each: each.median_ms), max(pages, key=lambda each: each.bytes)
    yield report.verdict(
        slowest.median_ms < 1000, "every page in a second", f"{slowest.path} {slowest.median_ms:,.0f} ms"
    )
    yield report.verdict(largest.bytes <= 15_000, "later pages are at most 15 KB", f"{largest.path} {largest.bytes:,}")
    yield report.verdict(first <= 60_000, "the first visit is at most 60 KB", f"{first:,} bytes")
    yield report.verdict(streams < 0.05, f"{STREAMS} live pages take under 5% of a core", f"{streams:.1%}")
    alone, beside = rates
    yield report.verdict(
        beside >= 0.9 * alone, "turns keep their rate beside them", f"{alone:,.0f} → {beside:,.0f} steps/s"
    )
