"""The table, the promises and the page docs/bench.md."""

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.script import REPLIES

REFERENCE = "form"
LIBRARIES = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "pydantic", "sqlalchemy", "psycopg")
Run = dict[str, Any]  # one line of the load generator, with the server's memory: rss_mb, peak_mb
Runs = dict[tuple[int, str], list[Run]]  # by sessions at a time and server, one run a round

METHOD = f"""\
- Every server is a process of its own; all are alive at once and take turns: A B C, then C B A, and so on.
- {{pinning}}
- A session is a dial and {len(REPLIES)} replies as Africa's Talking posts them, with all replies so far in `text`.
- Closed loop over keep-alive connections that are open before the first dial; sessions are at all depths at once.
- Each screen is checked (CON, and END on the last); a wrong one or a lost connection fails the whole run.
- {{rounds}} rounds of {{seconds:g}} s after {{warmup:g}} s of warm-up; medians of rounds, and of each round's ratios.
- Izwi commits each answer before it shows the next screen: SQLite synchronous=FULL, PostgreSQL with its defaults.
- `form` parses the body by hand, `form_params` by `Form()`, the peer is ussd-menu-builder on express: all in memory.
"""
COLUMNS = f"sessions | server | steps/s | x {REFERENCE} | p50 ms | p99 ms | CPU µs/step | database µs | RSS MB (peak)"


def table(runs: Runs) -> str:
    """One row for each server and number of sessions."""
    rows = [COLUMNS.split(" | "), ["--:"] * 9]
    for (sessions, name), rounds in runs.items():
        own, *database = (median(each) for each in zip(*(run["watched_cpu_us"] for run in rounds), strict=True))
        times = ratio(runs, sessions, name, "steps_per_s")
        rows.append([str(sessions), name, f"{middle(rounds, 'steps_per_s'):,.0f}", f"{times:.2f}"])
        rows[-1] += [f"{middle(rounds, 'p50_ms'):.1f}", f"{middle(rounds, 'p99_ms'):.1f}", f"{own:.0f}"]
        rows[-1] += [f"{sum(database):.0f}", f"{rounds[-1]['rss_mb']:.0f} ({rounds[-1]['peak_mb']:.0f})"]
    every = [run for rounds in runs.values() for run in rounds]
    share, cost = max(run["load_cpu_share"] for run in every), median(run["load_cpu_us"] for run in every)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", f"The load generator took {cost:.0f} µs a step and at most {share:.0%} of its CPU."])


def promises(runs: Runs, start_seconds: dict[str, float]) -> str:
    """Whether each of the lines that must hold does, for every Izwi that was measured."""
    lines = []
    for name in sorted({name for _, name in runs if name.startswith("izwi")}):
        levels = [sessions for sessions, server in runs if server == name]
        turn = min(ratio(runs, sessions, name, "steps_per_s") for sessions in levels)
        slow = ratio(runs, max(levels), name, "p99_ms")
        peak = max(run["peak_mb"] for sessions in levels for run in runs[sessions, name])
        lines.append(verdict(turn >= 0.6, f"{name}: a turn is at least 0.6 of the reference", f"{turn:.2f}"))
        lines.append(verdict(slow < 2.5, f"{name}: p99 at {max(levels)} is under 2.5 x the reference's", f"{slow:.2f}"))
        lines.append(verdict(peak <= 120, f"{name}: at most 120 MB", f"{peak:.0f} MB"))
    if (took := start_seconds.get("izwi-sqlite")) is not None:
        lines.append(verdict(took < 3, "izwi-sqlite: first answer within 3 s of a fresh start", f"{took:.2f} s"))
    return "\n".join(lines)


def verdict(holds: bool, promise: str, figure: str) -> str:
    return f"- {'holds' if holds else '**does not hold**'}: {promise} ({figure})"


def middle(rounds: list[Run], figure: str) -> float:
    return median(float(run[figure]) for run in rounds)


def ratio(runs: Runs, sessions: int, name: str, figure: str) -> float:
    pairs = zip(runs[sessions, name], runs[sessions, REFERENCE], strict=True)
    return median(float(run[figure] / reference[figure]) for run, reference in pairs)


def page(body: str, method: str, disk: Path) -> str:
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "unknown")
    command = ["df", "--output=fstype", str(disk)]
    kind = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"""# How fast a turn is

Written by `make bench` on {datetime.now(UTC):%d %B %Y}. Absolute figures belong to this machine; compare ratios.

- {model.split(": ")[-1]}, {os.cpu_count()} CPUs, load {os.getloadavg()[2]:.1f} over 15 minutes; data on {kind}
- Python {platform.python_version()}, {libraries}, SQLite {sqlite3.sqlite_version}

## Method

{method}
## Figures

{body}
"""
