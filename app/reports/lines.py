"""Rows as files for analysts: CSV that a spreadsheet cannot be tricked with, or an object a line."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

# What a cell begins with that a spreadsheet runs.
_RISKY = frozenset("=+-@\t\r")
_encode = json.JSONEncoder(ensure_ascii=False).encode


class Out(Protocol):
    """Where text can be written."""

    def write(self, text: str, /) -> Any:
        """Write it."""
        ...


def write_csv(out: Out, columns: Sequence[str], found: Iterable[Sequence[Any]], *, neutral: bool = True) -> int:
    """Write RFC 4180 CSV with a header; returns the number of rows. Nothing is an empty cell.

    Unless `neutral` is off, a text that a spreadsheet would run as a formula gets an apostrophe.
    """
    writer, counted = csv.writer(out, lineterminator="\r\n"), Counted(found)
    writer.writerow(columns)
    writer.writerows(map(_neutral, counted) if neutral else counted)
    return counted.count


def write_jsonl(out: Out, columns: Sequence[str], found: Iterable[Sequence[Any]]) -> int:
    """Write one JSON object a line; returns the number of rows."""
    count = 0
    for row in found:
        out.write(_encode(dict(zip(columns, row, strict=True))) + "\n")
        count += 1
    return count


class Counted:
    """Rows, counted as they go by."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self.count, self._rows = 0, rows

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self._rows:
            self.count += 1
            yield row


def _neutral(row: Sequence[Any]) -> list[Any]:
    return [harmless(cell) if cell.__class__ is str and cell[:1] in _RISKY else cell for cell in row]


def harmless(cell: str) -> str:
    """A text that a spreadsheet would run as a formula gets an apostrophe (OWASP ASVS 1.2.10): respondents wrote it."""
    return f"'{cell}" if cell[:1] in _RISKY and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def moment(at: datetime | None) -> str | None:
    """A moment in UTC, to the second: 2026-11-25T07:30:00Z."""
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
