"""What happened: sessions, turns, runs and answers. Turns are append-only; a run's `state` is what the engine remembers."""

import sqlalchemy as sa

from app.models.base import metadata, one_of
from app.models.types import BigId, Uid, Utc
from app.values import Medium, Mode, RunState

channel = sa.Table(
    "channel",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("provider", sa.String(32), nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column(
        "next_ms",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="When its throughput allows the next message",
    ),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0", comment="Sends that failed in a row"),
    sa.Column(
        "pace", sa.Integer, nullable=False, server_default="0", comment="Messages at once after trouble; 0: no limit"
    ),
    sa.Column("open_until", Utc, nullable=True, comment="Nothing is sent before: the breaker is open"),
    sa.Column("trouble", sa.String(128), nullable=False, server_default="", comment="Why"),
    sa.Column(
        "held",
        sa.Boolean(create_constraint=False),
        nullable=False,
        server_default=sa.false(),
        comment="Somebody paused it",
    ),
    comment="One line to one provider",
)

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column(
        "contact_id", BigId, sa.ForeignKey("contact.id"), nullable=True, comment="Cut with the respondent's link"
    ),
    sa.Column("respondent_id", BigId, sa.ForeignKey("respondent.id"), nullable=False),
    sa.Column("survey_id", BigId, sa.ForeignKey("survey.id"), nullable=False),
    sa.Column("survey_version_id", BigId, sa.ForeignKey("survey_version.id"), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(64), nullable=False, comment="Why it ended: a note's name, stop_word, no_reply …"),
    sa.Column("question", sa.String(255), nullable=False, comment="The open question; after the end, the last one"),
    sa.Column("locale", sa.String(35), nullable=False),
    sa.Column("memory", sa.Text, nullable=False, comment="The engine's state between two turns (JSON)"),
    sa.Column("revision", sa.Integer, nullable=False, comment="Counts turns; a screen knows the revision it showed"),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("touched_at", Utc, nullable=False),
    sa.Column("ended_at", Utc, nullable=True),
    sa.Column("mode", sa.String(16), nullable=False, server_default=Mode.SELF, comment="Who held the phone"),
    sa.Column(
        "proxy",
        sa.Boolean(create_constraint=False),
        nullable=False,
        server_default=sa.false(),
        comment="Somebody answered on behalf of another person",
    ),
    one_of("state", *RunState),
    one_of("mode", *Mode),
    sa.CheckConstraint("(state = 'active') = (ended_at IS NULL)", name="ended_when_not_active"),
    sa.Index(
        "uq_run_active",
        "contact_id",
        "survey_id",
        "respondent_id",  # several people may be under way on one phone
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    ),
    sa.Index(
        "ix_run_waiting",
        "started_at",
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    ),
    sa.Index(
        "ix_run_completed",  # the newest first, as ODK Central gives them; a run gets there once
        "survey_id",
        "ended_at",
        "id",
        sqlite_where=sa.text("state = 'completed'"),
        postgresql_where=sa.text("state = 'completed'"),
    ),
    sa.Index("ix_run_state", "survey_id", "state"),  # how many are where, without looking at the runs themselves
    sa.Index(None, "respondent_id"),
    sa.Index(None, "contact_id"),
    sa.Index(None, "survey_version_id", "started_at"),
    comment="One respondent's journey through one version of a survey; outlives sessions",
    postgresql_with={"fillfactor": 70},  # changed each turn: room for the new row beside the old one spares the indexes
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("channel_id", BigId, sa.ForeignKey("channel.id"), nullable=False),
    sa.Column("medium", sa.String(8), nullable=False),
    sa.Column(
        "ref", sa.String(128), nullable=False, comment="The provider's session id; for SMS the contact's own line"
    ),
    sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), nullable=True),
    sa.Column("run_id", BigId, sa.ForeignKey("run.id"), nullable=True),
    sa.Column("shown", sa.Integer, nullable=False, comment="The run's revision that its last screen showed"),
    sa.Column("asking", sa.String(96), nullable=False, comment="What it asks outside of the survey, and of which one"),
    sa.Column("text", sa.Text, nullable=False, comment="All that was typed so far, as the provider sends it"),
    sa.Column("address", sa.String(128), nullable=False, comment="Service code or short code"),
    sa.Column("network_code", sa.String(128), nullable=False),
    sa.Column("turns", sa.Integer, nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("touched_at", Utc, nullable=False),
    sa.Column("ended_at", Utc, nullable=True),
    sa.Column("end_status", sa.String(128), nullable=False, comment="The provider's word, or `silence` or `closed`"),
    sa.Column("cost", sa.String(128), nullable=False),
    sa.Column("duration_ms", sa.Integer, nullable=True),
    sa.UniqueConstraint("channel_id", "ref"),
    one_of("medium", *Medium),
    sa.Index(
        "ix_session_open",
        "started_at",
        sqlite_where=sa.text("ended_at IS NULL AND medium = 'ussd'"),
        postgresql_where=sa.text("ended_at IS NULL AND medium = 'ussd'"),
    ),
    sa.Index(None, "contact_id"),
    sa.Index(None, "run_id"),
    comment="A provider's dialogue with one phone",
    postgresql_with={"fillfactor": 70},
)

turn = sa.Table(
    "turn",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("session_id", BigId, sa.ForeignKey("session.id"), nullable=False),
    sa.Column("key", sa.BigInteger, nullable=False, comment="Hash of the whole text so far, or of the message's id"),
    sa.Column("run_id", BigId, nullable=True, comment="The session's run then; checked there, not twice a turn"),
    sa.Column("typed", sa.Text, nullable=True, comment="What was typed in this turn; nothing when she dialled"),
    sa.Column("question", sa.String(255), nullable=False, comment="The question that was open before it"),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("screen", sa.Text, nullable=False),
    sa.Column("final", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.UniqueConstraint("session_id", "key"),
    one_of("outcome", "shown", "answered", "refused", "steered", "ended", "stopped", "helped", "failed"),
    comment="One thing a respondent did, and the one screen it earned; never changed",
)

record = sa.Table(
    "record",
    metadata,
    sa.Column("run_id", BigId, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False),
    sa.Column("xml", sa.Text, nullable=True, comment="As ODK Collect would submit it; NULL until there was time"),
    sa.Column("made_at", Utc, nullable=True),
    sa.Column("vector", sa.LargeBinary, nullable=True, comment="Hash of all answers that were chosen; equal is equal"),
    sa.Index(
        "ix_record_vector",
        "vector",
        sqlite_where=sa.text("vector IS NOT NULL"),
        postgresql_where=sa.text("vector IS NOT NULL"),
    ),
    sa.CheckConstraint("(xml IS NULL) = (made_at IS NULL)", name="made_when_there"),
    sa.Index(
        "ix_record_unmade",
        "run_id",
        sqlite_where=sa.text("xml IS NULL"),
        postgresql_where=sa.text("xml IS NULL"),
    ),
    comment="The finished record of a run",
)

answer = sa.Table(
    "answer",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("run_id", BigId, sa.ForeignKey("run.id"), nullable=False),
    sa.Column("question", sa.String(255), nullable=False),
    sa.Column("position", sa.String(64), nullable=False, comment="Place in repeats, e.g. 2.1; empty outside of them"),
    sa.Column("value", sa.Text, nullable=True, comment="As ODK writes it; NULL when skipped"),
    sa.Column("raw", sa.Text, nullable=True, comment="As typed; NULL when worked out by the form"),
    sa.Column("locale", sa.String(35), nullable=False),
    sa.Column("channel_id", BigId, nullable=False, comment="The session's channel; checked there, not twice a turn"),
    sa.Column("medium", sa.String(8), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("choice_order", sa.Text, nullable=True, comment="The choices in the order shown, by name"),
    sa.Column("asked_at", Utc, nullable=False),
    sa.Column("answered_at", Utc, nullable=False),
    sa.Column("set_aside_at", Utc, nullable=True, comment="When its question stopped being relevant"),
    sa.UniqueConstraint("run_id", "question", "position"),
    one_of("medium", *Medium),
    comment="The value given to a question in a run, with the words as typed",
)
