"""A real Izwi as a process of its own, for tests that need the whole of it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.privacy import look_through_process

ROOT = Path(__file__).parent.parent
_PATIENCE = 90.0


@dataclass(frozen=True)
class Served:
    """Where it listens, and how its hooks and its log are found."""

    url: str
    environ: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes]"

    def end(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.terminate()
        self.process.wait(_PATIENCE)

    def hooks(self) -> dict[str, str]:
        """Hook → address, as `izwi hooks` tells it."""
        said = subprocess.run(
            [sys.executable, "-m", "app", "hooks", "--json"],
            cwd=ROOT, env=os.environ | self.environ, check=True, capture_output=True,
        ).stdout  # fmt: skip
        found: dict[str, str] = json.loads(said)["channels"][0]["hooks"]
        return found


@contextmanager
def serving(folder: Path, *options: str, **settings: str) -> Iterator[Served]:
    """Start `izwi serve` with its data in `folder`; ended by its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {"IZWI_DATA_DIR": str(folder / "data"), "IZWI_PORT": str(port), "IZWI_CHANNEL": "simulated"}
    environ |= {f"IZWI_{name.upper()}": value for name, value in settings.items()}
    environ = {name: value for name, value in environ.items() if value}  # an empty one leaves it to the defaults
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", *options],
            cwd=ROOT, env=os.environ | environ, stdout=log, stderr=log,
        )  # fmt: skip
        served = Served(f"http://127.0.0.1:{port}", environ, folder / "serve.log", process)
        try:
            _wait(served, process)
            yield served
        finally:
            served.end()
    look_through_process(served.log.read_text())


def _wait(served: Served, process: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + _PATIENCE
    while time.monotonic() < limit and process.poll() is None:
        try:
            if httpx.get(f"{served.url}/healthz", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"Izwi did not start:\n{served.log.read_text()}")
