"""Who agreed to what, and who took it back: for whoever must prove it, pseudonymous."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from app.reports.lines import moment
from app.store import consents

COLUMNS = (
    "respondent", "survey", "version", "purpose", "granted", "question", "text_sha256", "language", "channel", "at",
    "withdrawn_at", "withdrawn_by",
)  # fmt: skip


def rows(connection: Connection, *, survey: str | None) -> Iterator[Sequence[Any]]:
    """Yield each answer to a question for consent; where a respondent answered again, the last row counts."""
    for row in consents.export(connection, survey_name=survey):
        yield (
            row.respondent, row.survey, row.version, row.purpose, "yes" if row.granted else "no", row.question,
            row.text_hash, row.locale, row.medium, moment(row.at), moment(row.withdrawn_at), row.withdrawn_by or None,
        )  # fmt: skip
