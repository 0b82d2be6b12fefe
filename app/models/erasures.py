"""Who asked to be forgotten: the receipt of it, and the hash that keeps files from bringing her back."""

import sqlalchemy as sa

from app.models.base import metadata, one_of
from app.models.types import BigId, Uid, Utc

erasure = sa.Table(
    "erasure",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), nullable=True, comment="NULL when all of it is gone"),
    sa.Column("msisdn_hash", sa.LargeBinary, nullable=False, comment="Keyed hash: no file brings this number back"),
    sa.Column("asked_by", sa.String(16), nullable=False),
    sa.Column("asked_at", Utc, nullable=False),
    sa.Column("done_at", Utc, nullable=True),
    sa.Column("removed", sa.Text, nullable=False, server_default="{}", comment="What → how many rows (JSON)"),
    one_of("asked_by", "word", "officer"),
    sa.Index(None, "msisdn_hash"),
    sa.Index(None, "contact_id"),
    sa.Index(
        "ix_erasure_open",
        "id",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    ),
    comment="A phone whose data was to go, and when it was gone",
)

purge = sa.Table(
    "purge",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("what", sa.String(16), nullable=False, comment="The table whose words went, or `links`"),
    sa.Column("upto", sa.BigInteger, nullable=False, comment="The last row that was looked at"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Index(None, "what", "upto"),
    comment="What was removed because it had been kept for long enough",
)
