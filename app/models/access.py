"""Who may use the JSON API: programs, by a token that is shown once and kept as its hash only."""

import sqlalchemy as sa

from app.models.base import metadata
from app.models.types import BigId, Utc

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True, comment="What it is for, as somebody named it"),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True, comment="SHA-256 of the token"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("last_used_at", Utc, nullable=True, comment="To the minute"),
    comment="A program that may use the JSON API",
)
