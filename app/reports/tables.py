"""Small pieces of Markdown that reports for people are made of."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

TO_FILL_IN = "(to be filled in)"


def when(at: datetime, zone: ZoneInfo) -> str:
    """A moment in the survey's own zone."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def cell(text: str) -> str:
    """What somebody wrote, in one line and without signs that Markdown would take for its own."""
    plain = " ".join(text.split())
    return "".join(f"\\{sign}" if sign in "|<>[]`*\\" else sign for sign in plain)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table; cells are taken as they are."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"
