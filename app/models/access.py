"""Who may do what: people by a password, programs by a token, both kept as hashes only; and the trail of what they did."""

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

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True, comment="What she signs in with; in the trail too"),
    sa.Column("role", sa.String(16), nullable=False, comment="What she may do"),
    sa.Column("password", sa.String(255), nullable=False, comment="Argon2id hash, with its salt and its costs"),
    sa.Column("totp", sa.LargeBinary, nullable=True, comment="Secret of her codes, sealed; NULL: she has none"),
    sa.Column(
        "totp_step", sa.BigInteger, nullable=True, comment="Time step of the last code taken: no code works twice"
    ),
    sa.Column("locale", sa.String(8), nullable=False, server_default="en", comment="Language of her pages"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("disabled_at", Utc, nullable=True, comment="Since then she cannot sign in"),
    one_of("role", *Role),
    comment="A person who works with the console",
)

sign_in = sa.Table(
    "sign_in",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("account_id", BigId, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True, comment="SHA-256 of what the browser holds"),
    sa.Column("browser", sa.String(64), nullable=False, comment="Which browser, in a word or two"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("seen_at", Utc, nullable=False, comment="To the minute"),
    sa.Index(None, "account_id"),
    comment="A browser in which somebody is signed in",
)

recovery_code = sa.Table(
    "recovery_code",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("account_id", BigId, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="Keyed hash; the row goes when it is used"),
    sa.Index(None, "account_id"),
    comment="Stands once for a code of somebody who lost the phone that makes them",
)

invitation = sa.Table(
    "invitation",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True, comment="Keyed hash of the code"),
    sa.Column("role", sa.String(16), nullable=False, comment="Of the account that it makes"),
    sa.Column("account_id", BigId, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=True),
    sa.Column("made_by", sa.String(64), nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Index(None, "account_id"),
    one_of("role", *Role),
    comment="A code that once makes an account, or lets the one that it names choose a new password",
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
