"""The load generator counts what it plays, and notices a screen that is not in the script."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import sched_getaffinity
from pathlib import Path
from typing import Any

import pytest

from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from bench import engine, forms
from bench.script import REPLIES
from bench.servers import REPOSITORY, STARTERS, Place

SESSIONS = 4


def play(url: str, *, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.load", url, "--sessions", str(SESSIONS), "--warmup", "0"]
    said = subprocess.run([*command, "--seconds", str(seconds)], cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    return json.loads(said.stdout)


@pytest.fixture
def hasty_url() -> Iterator[str]:
    """A server that ends every session at the first screen."""

    class EndAtOnce(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "3")
            self.end_headers()
            self.wfile.write(b"END")

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), EndAtOnce) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/ussd"
        server.shutdown()


def test_whole_sessions_are_played_and_their_steps_counted(tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = STARTERS["form"](Place(tmp_path, sched_getaffinity(0), stack))

        run = play(server.url, seconds=0.2)

    assert run["steps"] > 0
    assert run["dialled"] >= SESSIONS
    assert run["steps"] <= run["dialled"] * (len(REPLIES) + 1)
    assert (run["mismatches"], run["lost"]) == (0, 0)
    assert 0 < run["p50_ms"] <= run["p99_ms"] <= run["p999_ms"]


def test_a_wrong_screen_is_counted_as_a_mismatch(hasty_url: str) -> None:
    run = play(hasty_url, seconds=0.2)

    assert run["mismatches"] == run["dialled"] > 0
    assert run["first_mismatch"] == f"step 0 of {len(REPLIES)}: b'END'"


def test_the_forms_that_are_measured_can_be_walked_through() -> None:
    for make in (lambda: forms.plain(10), lambda: forms.long_list(70, 2)):
        cost = engine.cost("form", make())

        assert len(cost.turns_us) > 2
        assert cost.compile_ms > 0


def test_the_form_like_a_verbal_autopsy_is_as_large_as_one() -> None:
    flow = compile_form(load(forms.autopsy(), "autopsy.md"))

    assert sum(question.kind.asked for question in flow.questions) > 400
    assert len(flow.calculates) > 95
    assert max(len(question.relevant) for question in flow.questions) > 3
