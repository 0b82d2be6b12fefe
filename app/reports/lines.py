"""Rows as files for analysts: CSV that a spreadsheet cannot be tricked with, or an object a line."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol


class Out(Protocol):
    """Where text can be written."""

    def write(self, text: str, /) -> Any:
        """Write it."""
        ...


def write_csv(out: Out, columns: Sequence[str], found: Iterator[Mapping[str, Any]]) -> int:
    """Write RFC 4180 CSV with a header; returns the number of rows."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    count = 0
    for row in found:
        writer.writerow(["" if row[name] is None else harmless(str(row[name])) for name in columns])
        count += 1
    return count


def write_jsonl(out: Out, _: Sequence[str], found: Iterator[Mapping[str, Any]]) -> int:
    """Write one JSON object a line; returns the number of rows."""
    count = 0
    for row in found:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def harmless(cell: str) -> str:
    """A text that a spreadsheet would run as a formula gets an apostrophe (OWASP ASVS 1.2.10): respondents wrote it."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def moment(at: datetime | None) -> str | None:
    """A moment in UTC, to the second: 2026-11-25T07:30:00Z."""
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
