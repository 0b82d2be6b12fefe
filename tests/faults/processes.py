"""Two real `izwi work` on one database, killed with SIGKILL and started again while a broadcast is sent, at real time."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from app.gateway.drafting import Draft
from tests.faults.provider import PRICE, REPORTS, Accepted, Provider, report
from tests.faults.real import MODES
from tests.faults.verdict import judge
from tests.faults.world import Clock, World
from tests.privacy import look_through_process
from tests.provider.process import ProviderProcess

ROOT = Path(__file__).parents[2]
PEOPLE, KILLS, PATIENCE = 150, 6, 120
LEASE, TIMEOUT = 5, 0.5
# Those that end by themselves or say that the line is down would only make the story longer.
HARMFUL = [mode for mode in MODES if mode not in {"401", "429", "503", "hang", "refuse-all", "no-recipients"}]


class RealClock(Clock):
    """The time of day."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


class Far(Provider):
    """What a provider in another process has accepted, and the reports on it."""

    def look(self, process: ProviderProcess) -> None:
        """Ask it what is new."""
        for message in process.messages()[len(self.accepted) :]:
            taken = Accepted(message["messageId"], message["number"], message["message"], PRICE)
            self.accepted[taken.provider_id] = taken
            self.reports += [report(taken, delivery) for delivery in self.chance.choice(REPORTS)]


class Workers:
    """The processes."""

    def __init__(self, folder: Path, world: World, process: ProviderProcess) -> None:
        environ = {key: value for key, value in os.environ.items() if not key.startswith("IZWI_")}
        settings = {
            "data_dir": folder / "var", "database_url": world.settings.database, "channel": "africastalking",
            "africastalking_api_key": "a-key", "africastalking_url": process.url, "send_timeout_seconds": TIMEOUT,
            "lease_seconds": LEASE, "broadcast_batch": 5, "survey": "leave_no_one_behind",
        }  # fmt: skip
        self._environ = environ | {f"IZWI_{name.upper()}": str(value) for name, value in settings.items()}
        self._log = folder / "log"
        self._running: list[subprocess.Popen[bytes]] = []
        self.killed = 0

    def start(self) -> None:
        """Start one more."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "app", "work"]
            self._running.append(subprocess.Popen(command, cwd=ROOT, env=self._environ, stdout=log, stderr=log))

    def kill(self, place: int) -> None:
        """Kill one and start another."""
        gone = self._running.pop(place)
        if gone.poll() is not None:
            raise AssertionError(f"a worker ended by itself: {self._log.read_text()[-2000:]}")
        os.kill(gone.pid, signal.SIGKILL)
        gone.wait(30)
        self.killed += 1
        self.start()

    def stop(self) -> None:
        """End them all, by their ids."""
        for each in self._running:
            each.terminate()
        for each in self._running:
            each.wait(60)
        look_through_process(self._log.read_text())


def play(folder: Path, url: str, seed: int) -> tuple[list[str], str]:
    """Send one broadcast under kills; returns what is wrong, and a line about it."""
    chance = Random(seed)
    with ProviderProcess() as process:
        world = World(folder, url, process, channel="africastalking")
        provider = Far(chance)
        world.begin(chance, provider, provider, clock=RealClock())
        workers = Workers(folder, world, process)
        try:
            which = start(world)
            for _ in range(2):
                workers.start()
            for _ in range(KILLS):
                process.set_mode(chance.choice(HARMFUL), times=chance.randint(1, 3), seconds=2 * TIMEOUT)
                time.sleep(chance.uniform(0.2, 4))  # the moment of the kill is what is left to chance
                workers.kill(chance.randrange(2))
                hear(world, provider, process)
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until and world.broadcasting.find("b").state == "running":
                time.sleep(0.2)
            time.sleep(LEASE)
            hear(world, provider, process)
        finally:
            workers.stop()
        wrong = judge(world, {which: world.broadcasting.find("b")}, exact=False)
        states = dict(world.rows("SELECT state, count(*) FROM outbox GROUP BY state"))
        bill, budget = sum(each.cost for each in provider.accepted.values()), world.broadcasting.find("b").budget
        world.close()
    if budget is None or bill > budget:
        wrong.append(f"the provider's bill is {bill}, and the budget {budget}")
    return wrong, f"{workers.killed} kills, {len(provider.accepted)} accepted, {states}"


def start(world: World) -> int:
    """Let a broadcast run at ten messages a second, round the clock."""
    world.add_people(PEOPLE)
    wish = Draft(
        name="b", mode="message", texts={"en": "The meeting is on Friday.", "sn": "Musangano uri neChishanu."},
        hours="00:00-24:00", at_night=True, per_minute=600,
    )  # fmt: skip
    world.broadcasting.draft(wish, world.clock())
    made = world.broadcasting.plan("b", world.clock())
    world.broadcasting.raise_budget("b", made.cost)
    world.broadcasting.plan("b", world.clock())
    return world.broadcasting.start("b", world.clock()).id


def hear(world: World, provider: Far, process: ProviderProcess) -> None:
    """Take delivery reports on what was accepted."""
    provider.look(process)
    while said := provider.next_report():
        world.take(said)
