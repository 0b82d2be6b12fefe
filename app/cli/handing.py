"""What all exports share: whose flags leave a run out, where it goes, that it is noted, and how far it is."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import click
from sqlalchemy.engine import Connection

from app.cli.allowing import trail
from app.cli.root import fail, say
from app.cli.stored import loaded_keys
from app.gateway.library import Library
from app.gateway.recording import Recording
from app.settings import Settings
from app.store import surveys
from app.store.unit import Database
from app.values import Doubt

_FIRST_SECONDS, _EACH_SECONDS = 3, 5


def _doubts(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> frozenset[Doubt]:
    """Read kinds of flags, parted by commas or given one by one."""
    named = {name.strip() for each in given for name in each.split(",")} - {""}
    known = {each.value for each in Doubt}
    if wrong := sorted(named - known - {"all"}):
        raise click.BadParameter(f"There is no flag {wrong[0]!r}. There are: {', '.join(known)}, and all.")
    return frozenset(Doubt if "all" in named else map(Doubt, named))


WITHOUT = click.option(
    "--without-flags", "without", multiple=True, callback=_doubts, metavar="KINDS",
    help="Leave out runs that have one of these flags: fast,identical … or all; see docs/do-no-harm.md",
)  # fmt: skip
OUTPUT = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write  [default: the screen]"
)


class Progress:
    """Says on the standard error how far a long export is; a short one says nothing."""

    def __init__(self, what: str = "runs") -> None:
        self._what, self._next = what, monotonic() + _FIRST_SECONDS

    def __call__(self, done: int) -> None:
        """Hear how many there are by now."""
        if monotonic() >= self._next:
            say(f"… {done:,} {self._what}", err=True)
            self._next = monotonic() + _EACH_SECONDS


def make_records(settings: Settings, database: Database, library: Library) -> int:
    """Make the records that are missing, and judge those runs; returns how many cannot be made."""
    return Recording(settings, database, library, loaded_keys(settings)).make_all(datetime.now(UTC))


def left_out(database: Database, count: Callable[[Connection], int]) -> None:
    """Say how many runs are not there because of their flags."""
    say(f"{database.read(count)} runs were left out for their flags.", err=True)


def must_be_known(database: Database, survey: str | None) -> None:
    """Say which surveys there are and end, where there is none of this name."""
    known = database.read(surveys.ids)
    if survey and survey not in known:
        fail(f"There is no survey {survey!r}. There are: {', '.join(sorted(known)) or 'none'}.")


def written(
    settings: Settings,
    database: Database,
    work: Callable[[Connection], int],
    what: str,
    survey: str | None,
    output: Path | None,
    counted: str = "",
) -> None:
    """Note it, then do the writing; somebody who reads no further, as `head` does, is no fault."""
    pen, now = trail(settings), datetime.now(UTC)
    database.write(lambda connection: pen.note(connection, f"export {what}", survey or "all", at=now))
    try:
        count: Any = database.read(work)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to be flushed goes nowhere
        sys.exit(0)
    if output:
        say(f"{count} {counted or what} written to {output}.", err=True)
