"""What turns lose while a broadcast runs beside them, on the same machine."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench import broadcast, report, servers

HEADING = "## Turns beside a broadcast"
METHOD = """\
{sessions} sessions dial and answer all the time; then a broadcast to {people:,} people is started, and goes on as they do.
On SQLite one process takes turns and sends; on PostgreSQL another one sends. Nothing is pinned: server, database, load generator
and test provider share all CPUs. Medians of {rounds} rounds of {seconds:g} s each.
"""
SESSIONS = 64
ROUNDS = 5
PEOPLE = 200_000  # so many that the broadcast outlasts the rounds
Play = Callable[..., report.Run]  # of bench.__main__


def section(folder: Path, seconds: float, play: Play) -> str:
    """Measure it on both databases; returns the section of the page."""
    runs = {}
    for database in broadcast.DATABASES:
        with ExitStack() as stack:
            place = folder / f"beside-{database}"
            place.mkdir()
            runs[database] = measure(database, place, seconds, play, stack)
    method = METHOD.format(sessions=SESSIONS, people=PEOPLE, rounds=ROUNDS, seconds=seconds)
    return "\n".join([HEADING, "", method, *_table(runs), "", *_promises(runs)])


def measure(
    database: str, folder: Path, seconds: float, play: Play, stack: ExitStack
) -> tuple[list[report.Run], list[report.Run]]:
    """The rounds before the broadcast, and those beside it."""
    campaign = broadcast.plan(broadcast.DATABASES[database](folder, stack), folder, PEOPLE, stack)
    alone = database == "sqlite"
    server = servers.izwi(
        campaign.environ, servers.Place(folder, servers.ALL, stack), *([] if alone else ["--no-worker"])
    )
    if not alone:
        broadcast.start_worker(campaign, folder / "worker.log", stack)
    before = [play(server, SESSIONS, seconds, 0.5) for _ in range(ROUNDS)]
    campaign.broadcasting.start(broadcast.NAME, datetime.now(UTC))
    beside = [play(server, SESSIONS, seconds, 0.5) for _ in range(ROUNDS)]
    sent = campaign.provider.counts()["messages"]
    print(f"{database}: {sent:,} messages sent meanwhile", file=sys.stderr)
    if campaign.state != "running" or not sent:
        sys.exit(f"{database}: the broadcast is {campaign.state} with {sent:,} messages sent")
    return before, beside


def _table(runs: dict[str, tuple[list[report.Run], list[report.Run]]]) -> Iterator[str]:
    yield "| database | broadcast | steps/s | p50 ms | p99 ms |"
    yield "|" + " --: |" * 5
    for database, both in runs.items():
        for name, rounds in zip(("no", "yes"), both, strict=True):
            rate, half, slow = (report.middle(rounds, each) for each in ("steps_per_s", "p50_ms", "p99_ms"))
            yield f"| {database} | {name} | {rate:,.0f} | {half:.1f} | {slow:.1f} |"


def _promises(runs: dict[str, tuple[list[report.Run], list[report.Run]]]) -> Iterator[str]:
    for database, (before, beside) in runs.items():
        kept = report.middle(beside, "steps_per_s") / report.middle(before, "steps_per_s")
        slow = median(float(run["p99_ms"]) for run in beside)
        yield report.verdict(kept >= 0.7, f"{database}: turns keep 0.7 of their rate beside a broadcast", f"{kept:.2f}")
        yield report.verdict(slow < 300, f"{database}: p99 beside a broadcast is under 300 ms", f"{slow:.0f} ms")
