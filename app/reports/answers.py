"""Answers in long form, one row each, with the labels of their version: for analysts, pseudonymous."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

from sqlalchemy.engine import Connection

from app.flows.flow import Flow
from app.reports.labels import question_label, value_label
from app.reports.lines import moment
from app.store import answers
from app.values import Doubt

COLUMNS = (
    "respondent", "survey", "version", "question", "label", "value", "value_label", "raw", "language", "channel",
    "answered_at", "mode", "proxy", "flags",
)  # fmt: skip


class Flows(Protocol):
    """Gives the compiled form of a stored version."""

    def __call__(self, version_id: int) -> Flow:
        """Return it."""
        ...


def rows(
    connection: Connection,
    flows: Flows,
    *,
    survey: str | None,
    language: str | None,
    without: Collection[Doubt] = (),
) -> Iterator[Mapping[str, Any]]:
    """Yield the answers of runs that have none of the flags in `without`; labels are in `language`, or as each was asked."""
    for row in answers.export(connection, survey_name=survey, without=without):
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
            "answered_at": moment(row.answered_at),
            "mode": row.mode,
            "proxy": "yes" if row.proxy else "no",
            "flags": " ".join(sorted((row.flags or "").split())),
        }
