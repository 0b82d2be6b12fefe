"""Who may do what: people and programs, by a token that is kept as its hash only; and the trail of what they did."""

import sqlalchemy as sa

from app.models.base import metadata, one_of
from app.models.types import BigId, Utc
from app.values import Role

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True, comment="What it is for, as somebody named it"),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True, comment="SHA-256 of the token"),
    sa.Column("role", sa.String(16), nullable=False, server_default=Role.COORDINATOR, comment="What it may do"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("last_used_at", Utc, nullable=True, comment="To the minute"),
    one_of("role", *Role),
    comment="A person or a program that may use the JSON API and the commands",
)

login = sa.Table(
    "login",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("token_id", BigId, sa.ForeignKey("api_token.id", ondelete="CASCADE"), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True, comment="SHA-256 of what the program was given"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Index(None, "token_id"),
    comment="A program that logged in with a token's name and the token, as with ODK Central",
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False, comment="1, 2, 3 … without a gap"),
    sa.Column("at", Utc, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False, comment="The token's name, or `terminal`"),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(128), nullable=False, comment="What it was done to: a pseudonym, an id, a name"),
    sa.Column("reason", sa.String(255), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="Keyed hash of this row and the digest before it"),
    one_of("role", *Role),
    comment="What was done by whom; only ever added to",
)
