"""Surveys and their versions; a version is the XForm that runs are bound to. Only its status ever changes."""

import sqlalchemy as sa

from app.models.base import metadata, one_of
from app.models.types import BigId, Uid, Utc
from app.values import VersionStatus

survey = sa.Table(
    "survey",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True, comment="The form_id"),
    sa.Column("created_at", Utc, nullable=False),
    comment="A survey in all its versions",
)

survey_version = sa.Table(
    "survey_version",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("survey_id", BigId, sa.ForeignKey("survey.id"), nullable=False),
    sa.Column("version", sa.String(64), nullable=False, comment="The form's own version"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the file as brought"),
    sa.Column("filename", sa.String(255), nullable=False),
    sa.Column("source", sa.LargeBinary, nullable=False, comment="The file as brought"),
    sa.Column("xform", sa.Text, nullable=False, comment="The XForm that it became: the one form that is run"),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("published_at", Utc, comment="When it was last published; nothing for one that never was"),
    sa.Column("changed_at", Utc, nullable=False, comment="When its status last changed"),
    sa.Column("change", sa.BigInteger, nullable=False, unique=True, comment="Counts all changes; services watch it"),
    sa.UniqueConstraint("survey_id", "digest"),
    one_of("status", *VersionStatus),
    sa.Index(
        "uq_survey_version_published",
        "survey_id",
        unique=True,
        sqlite_where=sa.text("status = 'published'"),
        postgresql_where=sa.text("status = 'published'"),
    ),
    comment="One version of a survey, as it was brought and as it is run",
)
