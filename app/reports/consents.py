"""Who agreed to what, and who took it back: for whoever must prove it, pseudonymous."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.engine import Connection

from app.reports.lines import moment
from app.store import consents

COLUMNS = (
    "respondent", "survey", "version", "purpose", "granted", "question", "text_sha256", "language", "channel", "at",
    "withdrawn_at", "withdrawn_by",
)  # fmt: skip


def rows(connection: Connection, *, survey: str | None) -> Iterator[Mapping[str, Any]]:
    """Yield each answer to a question for consent; where a respondent answered again, the last row counts."""
    for row in consents.export(connection, survey_name=survey):
        yield {
            "respondent": row.respondent,
            "survey": row.survey,
            "version": row.version,
            "purpose": row.purpose,
            "granted": "yes" if row.granted else "no",
            "question": row.question,
            "text_sha256": row.text_hash,
            "language": row.locale,
            "channel": row.medium,
            "at": moment(row.at),
            "withdrawn_at": moment(row.withdrawn_at),
            "withdrawn_by": row.withdrawn_by or None,
        }
