"""Answers in long form, one row each, with the labels of their version: for analysts, pseudonymous."""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from sqlalchemy.engine import Connection

from app.flows.flow import Flow
from app.reports.labels import question_label, value_label
from app.store import answers

COLUMNS = (
    "respondent", "survey", "version", "question", "label", "value", "value_label", "raw", "language", "channel",
    "answered_at",
)  # fmt: skip


class Flows(Protocol):
    """Gives the compiled form of a stored version."""

    def __call__(self, version_id: int) -> Flow:
        """Return it."""
        ...


class Out(Protocol):
    """Where text can be written."""

    def write(self, text: str, /) -> Any:
        """Write it."""
        ...


def rows(
    connection: Connection, flows: Flows, *, survey: str | None, language: str | None
) -> Iterator[Mapping[str, Any]]:
    """Yield the answers; labels are in `language`, or in the language that each was asked in."""
    for row in answers.export(connection, survey_name=survey):
        flow = flows(row.version_id)
        locale = language or row.locale
        yield {
            "respondent": row.respondent,
            "survey": row.survey,
            "version": row.version,
            "question": f"{row.question}[{row.position}]" if row.position else row.question,
            "label": question_label(flow, row.question, locale),
            "value": row.value,
            "value_label": value_label(flow, row.question, row.value, locale),
            "raw": row.raw,
            "language": row.locale,
            "channel": row.medium,
            "answered_at": row.answered_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }


def write_csv(out: Out, found: Iterator[Mapping[str, Any]]) -> int:
    """Write RFC 4180 CSV with a header; returns the number of answers."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for row in found:
        writer.writerow(["" if row[name] is None else _harmless(str(row[name])) for name in COLUMNS])
        count += 1
    return count


def write_jsonl(out: Out, found: Iterator[Mapping[str, Any]]) -> int:
    """Write one JSON object a line; returns the number of answers."""
    count = 0
    for row in found:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def _harmless(cell: str) -> str:
    """A text that a spreadsheet would run as a formula gets an apostrophe (OWASP ASVS 1.2.10): respondents wrote it."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
