"""Consent, as the law wants it kept: who agreed to what, in which words, when, and when she took it back."""

import sqlalchemy as sa

from app.models.base import metadata, one_of
from app.models.types import BigId, Uid, Utc
from app.values import Medium

consent = sa.Table(
    "consent",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("run_id", BigId, sa.ForeignKey("run.id"), nullable=False),
    sa.Column("question", sa.String(255), nullable=False, comment="The question that asked for it"),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("granted", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("text_hash", sa.String(64), nullable=False, comment="SHA-256 of the words that asked, as she read them"),
    sa.Column("locale", sa.String(35), nullable=False),
    sa.Column("channel_id", BigId, sa.ForeignKey("channel.id"), nullable=False),
    sa.Column("medium", sa.String(8), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("withdrawn_at", Utc, nullable=True),
    sa.Column("withdrawn_by", sa.String(16), nullable=False, server_default="", comment="The word that took it back"),
    one_of("purpose", "take_part", "contact_again", "story", "story_named", "results"),
    one_of("medium", *Medium),
    one_of("withdrawn_by", "", "stop", "withdraw", "delete"),
    sa.Index(None, "run_id"),
    comment="An answer to a question that asks for consent; a later one is a row of its own, and the last counts",
)
