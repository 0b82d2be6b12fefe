"""Draws for a terminal: a small basic phone with what it shows, and a table of what is stored."""

import shutil
import textwrap
import unicodedata
from collections.abc import Sequence

import click

WIDTH = 28
_COLUMNS = 100


def phone(lines: Sequence[str], *, title: str, status: str) -> str:
    """Draw a phone's screen, with a line above that says where it is and one below that says how full it is."""
    body = [piece for line in lines for piece in _wrapped(line)]
    frame = [("╭", "─", "╮"), ("├", "─", "┤"), ("╰", "─", "╯")]
    top, middle, bottom = (click.style(f"{left}{fill * (WIDTH + 2)}{right}", dim=True) for left, fill, right in frame)
    head, foot = (_row(line, dim=True) for line in (title, status))
    return "\n".join([top, head, middle, *map(_row, body), middle, foot, bottom])


def table(rows: Sequence[Sequence[str]], *, width: int | None = None) -> str:
    """Lay rows out in columns, the first row as heads; the widest column gives way where the line is too short."""
    room = (width or min(shutil.get_terminal_size((_COLUMNS, 24)).columns, _COLUMNS)) - 2 * (len(rows[0]) - 1)
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    lines = ["  ".join(_cut(cell, size).ljust(size) for cell, size in zip(row, widths, strict=True)) for row in rows]
    rule = "  ".join("─" * size for size in widths)
    return "\n".join(line.rstrip() for line in (lines[0], rule, *lines[1:]))


def _wrapped(line: str) -> list[str]:
    """Break a line as a handset does; the words of an entry go on under its words, not under its number."""
    number, blank, _ = line.partition(" ")
    indent = " " * (len(number) + 1) if blank and (number.isdigit() or len(number) == 1) else ""
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _row(line: str, *, dim: bool = False) -> str:
    edge = click.style("│", dim=True)
    return f"{edge} {click.style(line, dim=dim or None)}{' ' * (WIDTH - _columns(line))} {edge}"


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def _cut(cell: str, size: int) -> str:
    return cell if len(cell) <= size else cell[: size - 1] + "…"
