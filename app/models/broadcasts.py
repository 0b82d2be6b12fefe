"""Broadcasts: what is sent to whom and when, each recipient's place in it, and what it has cost. Thanks in airtime too."""

import sqlalchemy as sa

from app.models.base import metadata, one_of
from app.models.types import BigId, Uid, Utc

broadcast = sa.Table(
    "broadcast",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("mode", sa.String(16), nullable=False),
    sa.Column("survey_id", BigId, sa.ForeignKey("survey.id"), nullable=True, comment="None for a plain message"),
    sa.Column(
        "audience", sa.Text, nullable=False, comment="Who gets it, in the language of segments; empty: everybody"
    ),
    sa.Column("texts", sa.Text, nullable=False, comment="Language → text (JSON)"),
    sa.Column("channel", sa.String(64), nullable=False, comment="Name of the channel; empty: by operator"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(255), nullable=False, comment="Why it is paused, failed or cancelled, in words"),
    sa.Column("zone", sa.String(64), nullable=False),
    sa.Column("starts_at", Utc, nullable=True),
    sa.Column("ends_at", Utc, nullable=True),
    sa.Column("opens", sa.Integer, nullable=False, comment="Minute of the day from which it may send, in its zone"),
    sa.Column("closes", sa.Integer, nullable=False, comment="Minute of the day from which it may not"),
    sa.Column("weekdays", sa.String(7), nullable=False, comment="Days on which it may send: 1 is Monday"),
    sa.Column("holidays", sa.Text, nullable=False, comment="Dates on which it may not (JSON)"),
    sa.Column("expiry_hours", sa.Float, nullable=False, comment="A message not sent after this time is not sent late"),
    sa.Column(
        "per_minute", sa.Integer, nullable=True, comment="At most so many messages; NULL: what the channel bears"
    ),
    sa.Column("budget", sa.BigInteger, nullable=True, comment="Most that it may cost, in millionths of the currency"),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("spent", sa.BigInteger, nullable=False, comment="Costs so far, with those of messages under way"),
    sa.Column("remind_days", sa.Integer, nullable=False, comment="Days of silence before a reminder"),
    sa.Column("remind_most", sa.Integer, nullable=False, comment="Most reminders that one contact gets; 0: none"),
    sa.Column("remind_texts", sa.Text, nullable=False, comment="Language → text (JSON)"),
    sa.Column("rest_days", sa.Integer, nullable=False, comment="Who was asked within so many days is left out"),
    sa.Column("next_ms", sa.BigInteger, nullable=False, comment="When its own pace allows the next message"),
    sa.Column("seed", sa.BigInteger, nullable=False, comment="What random orders of the first screen are made from"),
    sa.Column("plan", sa.Text, nullable=True, comment="What was foreseen when it was checked (JSON)"),
    sa.Column("prepared_to", BigId, nullable=False, comment="Contacts up to this key are among the recipients"),
    sa.Column("prepared_at", Utc, nullable=True, comment="When all recipients were known"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("started_at", Utc, nullable=True),
    sa.Column("ended_at", Utc, nullable=True),
    sa.Column("revision", sa.Integer, nullable=False),
    one_of("mode", "conversation", "invitation", "message"),
    one_of("state", "draft", "checked", "scheduled", "running", "paused", "done", "cancelled", "failed"),
    sa.CheckConstraint("(mode = 'message') = (survey_id IS NULL)", name="survey_unless_message"),
    sa.CheckConstraint("0 <= opens AND opens < closes AND closes <= 1440", name="hours"),
    comment="A survey or a message that is sent to an audience",
)

recipient = sa.Table(
    "recipient",
    metadata,
    sa.Column("broadcast_id", BigId, sa.ForeignKey("broadcast.id"), primary_key=True, autoincrement=False),
    sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(32), nullable=False, comment="Why she is left out, or why no more is sent to her"),
    sa.Column("rounds", sa.Integer, nullable=False, comment="Messages written for her so far, reminders among them"),
    sa.Column("lapsed", sa.Integer, nullable=False, comment="How many of them were past their time before they went"),
    sa.Column("due_at", Utc, nullable=True, comment="When there is something to do about her again"),
    sa.Column("asked_at", Utc, nullable=True, comment="When the last message was written for her"),
    one_of("state", "waiting", "written", "left_out", "ended"),
    sa.Index(
        "ix_recipient_due",
        "broadcast_id",
        "due_at",
        "contact_id",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    ),
    sa.Index(None, "contact_id"),
    comment="A contact's place in a broadcast",
)

tally = sa.Table(
    "tally",
    metadata,
    sa.Column("broadcast_id", BigId, sa.ForeignKey("broadcast.id"), primary_key=True, autoincrement=False),
    sa.Column("what", sa.String(200), primary_key=True, comment="`people:<state or reason>`, `messages:<state>` …"),
    sa.Column("count", sa.BigInteger, nullable=False),
    comment="How many of what a broadcast has, changed with what it counts",
)

airtime = sa.Table(
    "airtime",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True, comment="The Idempotency-Key that the provider is given"),
    sa.Column("survey_id", BigId, sa.ForeignKey("survey.id"), nullable=False),
    sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), nullable=True, comment="NULL when she was forgotten"),
    sa.Column("run_id", BigId, sa.ForeignKey("run.id"), nullable=True),
    sa.Column("channel_id", BigId, sa.ForeignKey("channel.id"), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False, comment="In millionths of the currency"),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", Utc, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("attempt", Uid, nullable=True, comment="The try that holds it now; only that one may settle it"),
    sa.Column("lease_until", Utc, nullable=True),
    sa.Column("provider_id", sa.String(128), nullable=True),
    sa.Column("status", sa.String(128), nullable=False, comment="The provider's last word, as it is"),
    sa.Column("reason", sa.String(128), nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("settled_at", Utc, nullable=True),
    sa.UniqueConstraint("survey_id", "contact_id"),
    one_of("state", "queued", "sending", "sent", "delivered", "failed", "unknown", "refused"),
    sa.Index(
        "ix_airtime_due",
        "channel_id",
        "due_at",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    ),
    sa.Index(None, "channel_id", "provider_id"),
    sa.Index(None, "contact_id"),
    sa.Index(None, "run_id"),
    comment="Thanks for taking part: once per phone and survey, for ever",
)
