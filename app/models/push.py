"""Records on their way to a project at KoboToolbox or ODK Central. Nothing of a person stands here but a record's name."""

import sqlalchemy as sa

from app.models.base import metadata, one_of
from app.models.types import BigId, Uid, Utc
from app.values import PushState

push = sa.Table(
    "push",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("target", sa.String(32), nullable=False, comment="Where it goes, as the settings call it"),
    sa.Column("uid", Uid, nullable=False, comment="The run's, and with uuid: before it the record's instanceID"),
    sa.Column("survey_version_id", BigId, sa.ForeignKey("survey_version.id"), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("doubt", sa.Boolean(create_constraint=False), nullable=False, comment="It may be there already"),
    sa.Column("reason", sa.String(128), nullable=False, comment="Why it waits or has stopped"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("attempt", Uid, nullable=True, comment="The try that holds it now; only that one may settle it"),
    sa.Column("due_at", Utc, nullable=False),
    sa.Column("lease_until", Utc, nullable=True),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("settled_at", Utc, nullable=True),
    sa.UniqueConstraint("target", "uid"),
    one_of("state", *PushState),
    sa.Index(
        "ix_push_due",
        "target",
        "due_at",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    ),
    sa.Index(
        "ix_push_sending",
        "lease_until",
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    ),
    sa.Index(None, "uid"),
    sa.Index(None, "survey_version_id"),
    comment="A record that goes to another project, at most one row for each target",
)
