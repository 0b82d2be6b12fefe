"""Plays schedules of faults, each from its seed, and says which seeds break what must hold.

    python -m tests.faults --seeds 0:2000 [--database sqlite|postgresql|both]
    python -m tests.faults --seeds 1234:1235 --database sqlite --tell
    python -m tests.faults --seeds 0:10 --processes

A seed that fails is told with its story; the same seed is the same story again.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.faults import processes
from tests.faults.story import replay
from tests.faults.world import World
from tests.postgres import throw_away_postgres
from tests.provider.process import ProviderProcess

_TOLD_EVERY = 100


@contextmanager
def place(database: str) -> Iterator[tuple[Path, str]]:
    """A folder and the URL of an empty database, thrown away afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="izwi-faults-")))
        yield folder, stack.enter_context(throw_away_postgres()) if database == "postgresql" else ""


@contextmanager
def world_on(database: str) -> Iterator[World]:
    """A world on an empty database."""
    with place(database) as (folder, url), ProviderProcess() as process:
        world = World(folder, url, process)
        yield world
        world.close()


def play(database: str, seeds: range, *, tell: bool, most: int) -> list[int]:
    """Play the seeds on one database; returns those that failed."""
    began, seen, failed = time.monotonic(), Counter[str](), []
    with world_on(database) as world:
        for seed in seeds:
            wrong, log = replay(world, seed)
            seen.update(stories=1, requests=len(world.requests), accepted=len(world.provider.accepted))
            seen.update(row[0] for row in world.rows("SELECT state FROM outbox"))
            if wrong:
                failed.append(seed)
            if wrong or tell:
                story = log if tell else []
                sys.stdout.write(
                    "\n".join([f"{database} seed {seed}", *story, *(f"  ! {each}" for each in wrong[:6])]) + "\n"
                )
                sys.stdout.flush()
            if (seed + 1 - seeds.start) % _TOLD_EVERY == 0:
                sys.stderr.write(f"{database}: {seed + 1 - seeds.start:,} of {len(seeds):,}, {len(failed)} failed\n")
            if len(failed) >= most:
                break
    took = time.monotonic() - began
    counted = ", ".join(f"{count} {what}" for what, count in sorted(seen.items()))
    sys.stdout.write(f"{database}: {counted}; {len(failed)} failed {failed[:20]}; {took:.0f} s\n")
    sys.stdout.flush()
    return failed


def play_processes(database: str, seeds: range) -> list[int]:
    """Play stories of real processes on one database; returns the seeds of those that failed."""
    failed = []
    for seed in seeds:
        with place(database) as (folder, url):
            wrong, words = processes.play(folder, url, seed)
        sys.stdout.write(
            "\n".join([f"{database} processes {seed}: {words}", *(f"  ! {each}" for each in wrong[:6])]) + "\n"
        )
        sys.stdout.flush()
        failed += [seed] if wrong else []
    return failed


def main() -> int:
    """Play as many as wished; the exit status says whether all was well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", default="0:100", help="the first one and the one after the last, e.g. 0:2000")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--tell", action="store_true", help="tell the whole story of each")
    parser.add_argument("--most", type=int, default=20, help="stop after so many that failed")
    parser.add_argument("--processes", action="store_true", help="real processes, which takes half a minute a seed")
    wishes = parser.parse_args()
    logging.disable(logging.CRITICAL)
    first, _, last = wishes.seeds.partition(":")
    seeds = range(int(first), int(last or int(first) + 1))
    databases = ["sqlite", "postgresql"] if wishes.database == "both" else [wishes.database]
    if wishes.processes:
        failed = [play_processes(each, seeds) for each in databases]
    else:
        failed = [play(each, seeds, tell=wishes.tell, most=wishes.most) for each in databases]
    return 1 if any(failed) else 0


if __name__ == "__main__":
    sys.exit(main())
