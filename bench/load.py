"""Plays USSD sessions as Africa's Talking posts them and prints what it measured as one JSON line.

A closed loop: every connection stands for one phone after another, and a phone sends its next reply as soon as the
screen is there. All connections are open before the first dial. Sessions that are open when the measured window ends
are played to their end, so that the next run meets no survey half done.
"""

import argparse
import asyncio
import gc
import json
import os
import re
from array import array
from collections import deque
from collections.abc import Sequence
from time import perf_counter, perf_counter_ns, process_time
from typing import Any
from urllib.parse import urlencode, urlsplit

import uvloop

from bench.process import cpu_seconds
from bench.script import SERVICE_CODE, texts

NUMBERS = 10_000  # +263770000000 to +263770009999, set aside for tests
WHO = b"&phoneNumber=%%2B26377000%04d&sessionId=ATUid_%s"
START_SECONDS = DRAIN_SECONDS = 15
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Load:
    """One run: the prepared requests, the phone numbers without an open session, and the counts."""

    def __init__(self, url: str, skip: int) -> None:
        self.requests = prepared(url)
        self.last = len(self.requests) - 1
        self.numbers = deque(range(NUMBERS))
        self.numbers.rotate(-skip)
        self.latencies = array("q")
        self.closing = False
        self.dialled = self.playing = self.mismatches = self.lost = 0
        self.first_mismatch = ""
        self.idle = asyncio.Event()

    def leave(self) -> None:
        self.playing -= 1
        if not self.playing:
            self.idle.set()


class Phone(asyncio.Protocol):
    """One keep-alive connection that plays one session after another."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.step = self.sent_at = self.number = 0
        self.who = self.received = b""
        self.playing = False

    def connection_made(self, transport: Any) -> None:
        self.transport, self.send = transport, transport.write

    def dial(self) -> None:
        """Start a session on the number unused for longest, or stop when the run is over."""
        load = self.load
        self.playing = not load.closing and bool(load.numbers)
        if not self.playing:
            load.leave()
            return
        load.dialled += 1
        self.number, self.step = load.numbers.popleft(), 0
        self.who = WHO % (self.number, os.urandom(16).hex().encode())
        self.sent_at = perf_counter_ns()
        self.send(load.requests[0] + self.who)

    def data_received(self, data: bytes) -> None:
        now = perf_counter_ns()
        data = self.received + data
        body = data.find(b"\r\n\r\n") + 4
        if body < 4 or not (length := LENGTH.search(data, 0, body)) or len(data) < body + int(length[1]):
            self.received = data
            return
        self.received = b""
        load, step = self.load, self.step
        load.latencies.append(now - self.sent_at)
        if not data.startswith(b"END" if step == load.last else b"CON", body) or not data.startswith(b"HTTP/1.1 200"):
            load.mismatches += 1  # its session stays open, so its number is not used again
            load.first_mismatch = load.first_mismatch or f"step {step} of {load.last}: {data[body : body + 160]!r}"
            self.dial()
        elif step == load.last:
            load.numbers.append(self.number)
            self.dial()
        else:
            self.step = step + 1
            self.sent_at = now
            self.send(load.requests[step + 1] + self.who)

    def connection_lost(self, _: Exception | None) -> None:
        if self.playing:
            self.load.lost += 1
            self.load.leave()


def prepared(url: str) -> list[bytes]:
    """The request of each step but for who sends it, which ends the body and is always as long."""
    to, requests = urlsplit(url), []
    for text in texts():
        body = urlencode({"serviceCode": SERVICE_CODE, "networkCode": "99999", "text": text}).encode()
        length = len(body) + len(WHO % (0, b"0" * 32))
        head = f"POST {to.path} HTTP/1.1\r\nHost: {to.netloc}\r\nContent-Length: {length}\r\n"
        requests.append(head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body)
    return requests


async def play(args: argparse.Namespace) -> dict[str, Any]:
    """Open the connections, warm up, measure, and let the open sessions end."""
    load, to, phones = Load(args.url, args.skip), urlsplit(args.url), []
    for _ in range(args.sessions):
        _, phone = await asyncio.get_running_loop().create_connection(lambda: Phone(load), to.hostname, to.port)
        phones.append(phone)
    await asyncio.sleep(0.2)  # the server accepts them before the first has work for it
    load.playing = len(phones)
    await start_dialling(load, phones)
    await asyncio.sleep(args.warmup)

    watched, own, began = [cpu_seconds(pid) for pid in args.watch], process_time(), perf_counter()
    first = len(load.latencies)
    await asyncio.sleep(args.seconds)
    window = load.latencies[first:]
    took, own = perf_counter() - began, process_time() - own
    watched = [cpu_seconds(pid) - before for pid, before in zip(args.watch, watched, strict=True)]

    load.closing = True
    try:
        await asyncio.wait_for(load.idle.wait(), DRAIN_SECONDS)
    except TimeoutError:
        load.lost += load.playing
    for phone in phones:
        phone.playing = False  # hanging up now loses nothing
        phone.transport.close()
    return summary(load, window, took, own, watched)


async def start_dialling(load: Load, phones: list[Phone]) -> None:
    """Let the phones dial a step apart, so that at any time there are sessions at every depth."""
    give_up = perf_counter() + START_SECONDS
    for step in range(load.last + 1):
        for phone in phones[step :: load.last + 1]:
            phone.dial()
        while phones[0].step == step < load.last and not (load.mismatches or load.lost or perf_counter() > give_up):
            await asyncio.sleep(0)


def summary(load: Load, window: Sequence[int], took: float, own: float, watched: list[float]) -> dict[str, Any]:
    steps, ordered = len(window), sorted(window) or [0]
    shares = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}
    return {
        "steps": steps,
        "steps_per_s": round(steps / took, 1),
        **{name: round(ordered[int(len(ordered) * share)] / 1e6, 3) for name, share in shares.items()},
        "first_ms": round(load.latencies[0] / 1e6, 3) if load.latencies else None,
        "watched_cpu_us": [round(seconds * 1e6 / max(steps, 1), 1) for seconds in watched],
        "load_cpu_us": round(own * 1e6 / max(steps, 1), 1),
        "load_cpu_share": round(own / took, 3),
        **{name: getattr(load, name) for name in ("dialled", "mismatches", "first_mismatch", "lost")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("url", help="where the provider would post")
    parser.add_argument("--sessions", type=int, default=64, help="how many sessions are open at a time")
    parser.add_argument("--seconds", type=float, default=2.0, help="measured window")
    parser.add_argument("--warmup", type=float, default=0.5, help="seconds before it")
    parser.add_argument("--skip", type=int, default=0, help="phone numbers to start after, so that runs take turns")
    parser.add_argument("--watch", type=int, action="append", default=[], help="process whose CPU time is read too")
    gc.disable()  # nothing here makes cycles
    print(json.dumps(uvloop.run(play(parser.parse_args()))))


if __name__ == "__main__":
    main()
