"""Measures a turn against yardsticks, in one run, and writes docs/bench.md."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import beside, broadcast, console, engine, exports, figures, report
from bench.process import memory_mb
from bench.servers import ALL, REPOSITORY, STARTERS, NotMeasured, Place, Server

SESSIONS = (64, 512)
PAGE = REPOSITORY / "docs" / "bench.md"
FORMS, BROADCASTS, EXPORTS, FIGURES, CONSOLE = "forms", "broadcasts", "exports", "figures", "console"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="measured window of each round")
    parser.add_argument("--warmup", type=float, default=0.5, help="seconds before it")
    parser.add_argument("--people", type=int, default=1_000_000, help="recipients of the broadcast")
    parser.add_argument("--answers", type=int, default=1_000_000, help="answers that are exported")
    only = "measure this beside the reference, and write no page; may be repeated; "
    only += f"{FORMS}, {BROADCASTS}, {EXPORTS}, {FIGURES} or {CONSOLE} alone renews its sections of the page"
    parser.add_argument("--respondents", type=int, default=250_000, help="whose answers are counted")
    parts = [FORMS, BROADCASTS, EXPORTS, FIGURES, CONSOLE]
    parser.add_argument("--only", action="append", choices=[*STARTERS, *parts], help=only)
    args = parser.parse_args()
    for setting in [name for name in os.environ if name.startswith("IZWI_")]:
        del os.environ[setting]  # of an Izwi that may run here
    alone = {
        FORMS: lambda: [engine.section()],
        BROADCASTS: lambda: of_broadcasts(args),
        EXPORTS: lambda: of_exports(args),
        FIGURES: lambda: [figures.section(args.respondents, disk())],
        CONSOLE: lambda: of_console(args),
    }
    if args.only and len(args.only) == 1 and args.only[0] in alone:
        renew(alone[args.only[0]]())
        return
    names = [name for name in STARTERS if not args.only or name in [report.REFERENCE, *args.only]]
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cpus[1:2] or cpus)  # ours, the load generator's and PostgreSQL's

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=disk())))
        servers, missing = start_all(names, folder, set(cpus[:1]), stack)
        runs = measure(servers, args)
    seconds = {server.name: server.start_seconds for server in servers}
    body = "\n\n".join(filter(None, [report.table(runs), missing, report.promises(runs, seconds)]))
    print(body)
    if not args.only:
        pinning = "Servers are pinned to one CPU, the load generator and PostgreSQL to another."
        method = report.METHOD.format(pinning=pinning if len(cpus) > 1 else "There was one CPU for all.", **vars(args))
        os.sched_setaffinity(0, ALL)
        rest = [figures.section(args.respondents, disk())]
        sections = [body, engine.section(), *of_broadcasts(args), *of_exports(args), *rest, *of_console(args)]
        PAGE.write_text(report.page("\n\n".join(sections), method, disk()))
    sys.exit(1 if "izwi" in missing else 0)


def disk() -> Path:
    """A folder on a real disk; /tmp may be memory."""
    folder = REPOSITORY / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def of_broadcasts(args: argparse.Namespace) -> list[str]:
    """The sections about broadcasts."""
    with tempfile.TemporaryDirectory(dir=disk()) as folder:
        beside_them = beside.section(Path(folder), args.seconds, play)
        return [beside_them, broadcast.section(Path(folder), args.people)]


def of_exports(args: argparse.Namespace) -> list[str]:
    """The section about exports."""
    with tempfile.TemporaryDirectory(dir=disk()) as folder:
        return [exports.section(Path(folder), args.answers)]


def of_console(args: argparse.Namespace) -> list[str]:
    """The section about the console."""
    with tempfile.TemporaryDirectory(dir=disk()) as folder:
        return [console.section(Path(folder), args.people, play)]


def renew(sections: list[str]) -> None:
    """Write these sections anew; the rest of the page stays as it was measured."""
    page = PAGE.read_text()
    for section in sections:
        print(section)
        heading = section.partition("\n")[0]
        before, _, rest = page.partition(f"\n{heading}\n")
        after = rest.partition("\n## ")[2]
        page = "\n".join([before.rstrip(), "", section.rstrip(), *(["", f"## {after}"] if after else [""])])
    PAGE.write_text(f"{page.rstrip()}\n")


def start_all(names: list[str], folder: Path, cpus: set[int], stack: ExitStack) -> tuple[list[Server], str]:
    """The servers that run, and a line for each that does not."""
    servers, missing = [], []
    for name in names:
        try:
            (folder / name).mkdir()
            servers.append(STARTERS[name](Place(folder / name, cpus, stack)))
            servers[-1].start_seconds += play(servers[-1], 1, seconds=0, warmup=0)["first_ms"] / 1000
        except NotMeasured as reason:
            missing.append(f"{name.replace('-', ' ')}: not measured ({reason})")
            print(missing[-1], file=sys.stderr)
    return servers, "\n".join(missing)


def measure(servers: list[Server], args: argparse.Namespace) -> report.Runs:
    runs: report.Runs = {(sessions, server.name): [] for sessions in SESSIONS for server in servers}
    for sessions in SESSIONS:
        for turn in range(args.rounds):
            for server in servers if turn % 2 == 0 else reversed(servers):
                run = play(server, sessions, args.seconds, args.warmup)
                runs[sessions, server.name].append(run)
                print(f"{sessions} {server.name}: {run['steps_per_s']:,.0f} steps/s", file=sys.stderr)
    return runs


def play(server: Server, sessions: int, seconds: float, warmup: float) -> report.Run:
    """One run of the load generator; a wrong screen ends the bench, for its figures would mean nothing."""
    command = [sys.executable, "-m", "bench.load", server.url, "--sessions", str(sessions)]
    command += ["--seconds", str(seconds), "--warmup", str(warmup), "--skip", str(server.dialled)]
    command += [word for pid in server.pids for word in ("--watch", str(pid))]
    said = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, timeout=seconds + 120).stdout
    run: report.Run = json.loads(said)
    if run["mismatches"] or run["lost"] or (seconds and not run["steps"]):
        sys.exit(f"{server.name} at {sessions} sessions: {run}")
    server.dialled += run["dialled"]
    run["rss_mb"], run["peak_mb"] = (memory_mb(server.pids[0], line) for line in ("VmRSS", "VmHWM"))
    return run


if __name__ == "__main__":
    main()
