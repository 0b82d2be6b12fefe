"""Text messages: what came in, what is to go out, and what the provider said of it. Each has a key that makes it once."""

import sqlalchemy as sa

from app.models.base import metadata, one_of
from app.models.types import BigId, Uid, Utc

inbound = sa.Table(
    "inbound",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("channel_id", BigId, sa.ForeignKey("channel.id"), nullable=False),
    sa.Column("provider_id", sa.String(128), nullable=False),
    sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), nullable=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("recipient", sa.String(128), nullable=False),
    sa.Column("link_id", sa.String(128), nullable=False),
    sa.Column("network_code", sa.String(128), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, comment="`taken`; or `set_apart`: stored, but from no phone"),
    sa.Column("received_at", Utc, nullable=False),
    sa.UniqueConstraint("channel_id", "provider_id"),
    one_of("state", "taken", "set_apart"),
    sa.Index(None, "contact_id"),
    comment="A text message that came in",
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("channel_id", BigId, sa.ForeignKey("channel.id"), nullable=False),
    sa.Column("key", sa.String(128), nullable=False, comment="What caused it; the same cause never sends twice"),
    sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("broadcast_id", BigId, sa.ForeignKey("broadcast.id"), nullable=True),
    sa.Column("priority", sa.Integer, nullable=False, comment="0 goes first"),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("segments", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("attempt", Uid, nullable=True, comment="The try that holds it now; only that one may settle it"),
    sa.Column("lease_until", Utc, nullable=True),
    sa.Column("provider_id", sa.String(128), nullable=True),
    sa.Column("status", sa.String(128), nullable=False, comment="The provider's last word, as it is"),
    sa.Column("reason", sa.String(128), nullable=False),
    sa.Column("cost", sa.String(128), nullable=False),
    sa.Column(
        "price", sa.BigInteger, nullable=False, server_default="0", comment="Expected, in millionths of a currency"
    ),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("settled_at", Utc, nullable=True),
    sa.UniqueConstraint("channel_id", "key"),
    one_of("kind", "reply", "stop", "help", "invitation", "reminder", "message"),
    one_of("state", "queued", "sending", "sent", "delivered", "failed", "unknown", "cancelled", "expired"),
    sa.Index(
        "ix_outbox_due",
        "channel_id",
        "priority",
        "due_at",
        "id",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    ),
    sa.Index(
        "ix_outbox_leased",
        "lease_until",
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    ),
    sa.Index(
        "ix_outbox_broadcast",
        "broadcast_id",
        "id",
        sqlite_where=sa.text("state = 'queued' AND broadcast_id IS NOT NULL"),
        postgresql_where=sa.text("state = 'queued' AND broadcast_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_outbox_expiring",
        "expires_at",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    ),
    sa.Index(
        "ix_outbox_unknown",
        "broadcast_id",
        "id",
        sqlite_where=sa.text("state = 'unknown'"),
        postgresql_where=sa.text("state = 'unknown'"),
    ),
    sa.Index(None, "contact_id"),
    sa.Index(None, "channel_id", "provider_id"),
    comment="A text message to send, and what became of it",
)

exchange = sa.Table(
    "exchange",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("channel_id", BigId, sa.ForeignKey("channel.id"), nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("messages", sa.Integer, nullable=False, comment="How many it was about"),
    sa.Column(
        "outcomes", sa.Text, nullable=False, comment="Outcome and reason → how many (JSON); no numbers, no texts"
    ),
    sa.Column("took_ms", sa.Integer, nullable=False),
    sa.Column("at", Utc, nullable=False),
    one_of("what", "sms", "airtime"),
    sa.Index(None, "channel_id", "at"),
    comment="One request to a provider and what it said, masked",
)

delivery_report = sa.Table(
    "delivery_report",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("channel_id", BigId, sa.ForeignKey("channel.id"), nullable=False),
    sa.Column("provider_id", sa.String(128), nullable=False),
    sa.Column("delivery", sa.String(16), nullable=False),
    sa.Column("status", sa.String(128), nullable=False),
    sa.Column("reason", sa.String(128), nullable=False),
    sa.Column("network_code", sa.String(128), nullable=False),
    sa.Column("count", sa.Integer, nullable=False, comment="How often it came"),
    sa.Column("received_at", Utc, nullable=False),
    sa.UniqueConstraint("channel_id", "provider_id", "status", "reason"),
    one_of("delivery", "sent", "delivered", "failed", "unclear"),
    comment="What the provider later said of a message; may come late, twice, or before our own commit",
)
