"""Kills the real server with SIGKILL in mid-survey, again and again, and counts the answers.

    python -m tests.kills --kills 1000 [--database sqlite|postgresql|both]

Phones play the survey that ships while it happens. When the connection breaks, the provider posts the same turn again,
or the phone gives up and dials again. An answer is *acknowledged* once the screen after it was received; from then on
it must be in the database, once.
"""

import argparse
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from app.settings import Settings
from app.store import keys as vault
from app.store.unit import Database
from tests.journeys import Phone, Verdict, compare, stored_journeys
from tests.postgres import throw_away_postgres
from tests.privacy import look_through_process

ROOT = Path(__file__).parents[1]
PHONES = 6
CHANNEL = "simulated"
START_SECONDS = 60


class Server:
    """`python -m app serve` as a process that can be killed and started again on the same port and data."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.database_url = folder, database_url
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # The keys are made here, so that the provider knows the address before the first start.
        vault.make_private(folder / "var")
        self.keys = vault.load(folder / "var", (CHANNEL,))
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "log"

    def start(self) -> None:
        """Start; returns at once, the phones find out when it answers."""
        environ = {key: value for key, value in os.environ.items() if not key.startswith("IZWI_")}
        environ |= {"IZWI_DATA_DIR": str(self.folder / "var"), "IZWI_DATABASE_URL": self.database_url}
        environ |= {"IZWI_CHANNEL": CHANNEL}
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "app", "serve", "--port", str(self.port)]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)

    def end(self, number: int) -> None:
        """Send a signal to this very process and wait until it is gone."""
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, number)
            self.process.wait(30)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def post(self, form: dict[str, str]) -> str:
        """Post a turn as the provider does; raises `OSError` or `HTTPException` when the line breaks."""
        path = f"/hooks/{self.keys.hooks[CHANNEL][0]}/ussd"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", path, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200 or len(content) < 4:
                raise http.client.BadStatusLine(f"{answer.status}")
        finally:
            connection.close()
        return content.decode()


@dataclass
class Result:
    """What came of the kills on one database."""

    database: str
    kills: int
    verdict: Verdict
    restarts: list[float] = field(default_factory=list)
    broken: int = 0

    def line(self) -> str:
        """One row of the table."""
        waits = sorted(self.restarts)
        verdict = self.verdict
        return (
            f"{self.database:<11}{self.kills:>6}{verdict.acknowledged:>14}{verdict.missing:>9}{verdict.doubled:>9}"
            f"{verdict.lost_runs:>11}{self.broken:>8}{median(waits) * 1000:>11.0f}{waits[-1] * 1000:>8.0f}"
        )


HEAD = "database    kills  acknowledged  missing  doubled  lost runs  broken  restart ms     max"


def kill_again_and_again(database: str, kills: int, seed: int, *, folder: Path, url: str) -> Result:
    """Play, kill, start, play on; then let every phone finish, and compare."""
    chance = random.Random(seed)
    server = Server(folder, url)
    phones = [
        Phone(f"+26377000{number:04d}", server.post, random.Random(seed + number)) for number in range(1, PHONES + 1)
    ]
    threads = [threading.Thread(target=phone.play, name=phone.number) for phone in phones]
    restarts = []
    try:
        server.start()
        for thread in threads:
            thread.start()
        for _ in range(kills):
            restarts.append(first_answer(server, phones))
            time.sleep(chance.uniform(0.0, 0.4))  # the moment of the kill is what is left to chance
            server.end(signal.SIGKILL)
            server.start()
        restarts.append(first_answer(server, phones))
        for phone in phones:
            phone.finish.set()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads), "a phone could not finish its survey"
    finally:
        for phone in phones:
            phone.hang_up.set()
        server.end(signal.SIGTERM)
        for thread in threads:
            thread.join(30)
    reach = Database(Settings(data_dir=folder / "var", database_url=url).database)
    journeys = {phone.number: phone.journeys for phone in phones}
    stored = stored_journeys(reach, server.keys, list(journeys))
    reach.close()
    look_through_process(server.log.read_text())
    faults = [fault for phone in phones for fault in phone.faults]
    assert not faults, faults[:3]
    return Result(database, kills, compare(journeys, stored), restarts, sum(phone.broken for phone in phones))


def first_answer(server: Server, phones: list[Phone]) -> float:
    """Wait for the first screen after a start; returns how long it took."""
    began, before = time.monotonic(), [phone.screens for phone in phones]
    while [phone.screens for phone in phones] == before:
        assert server.alive, f"the server ended by itself: {server.log.read_text()[-2000:]}"
        assert time.monotonic() - began < START_SECONDS, "no screen came after the start"
        time.sleep(0.005)
    return time.monotonic() - began


@contextmanager
def place(database: str) -> Iterator[tuple[Path, str]]:
    """A folder and the URL of an empty database, thrown away afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="izwi-kills-")))
        yield folder, stack.enter_context(throw_away_postgres()) if database == "postgresql" else ""


def main() -> int:
    """Kill as often as wished; the exit status says whether anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="how often in all")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    wishes = parser.parse_args()
    databases = ["sqlite", "postgresql"] if wishes.database == "both" else [wishes.database]
    sys.stdout.write(f"seed {wishes.seed}\n{HEAD}\n")
    good = True
    for database in databases:
        with place(database) as (folder, url):
            result = kill_again_and_again(database, wishes.kills // len(databases), wishes.seed, folder=folder, url=url)
        good = good and result.verdict.good
        sys.stdout.write(result.line() + "\n")
        sys.stdout.flush()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
