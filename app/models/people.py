"""Who answers: a contact is a phone, a respondent is a person in one survey (D7). Only contacts have a number, encrypted."""

import sqlalchemy as sa

from app.models.base import metadata, one_of
from app.models.types import BigId, Uid, Utc

contact = sa.Table(
    "contact",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("msisdn_hash", sa.LargeBinary, nullable=False, unique=True, comment="Keyed hash of the E.164 number"),
    sa.Column("msisdn_sealed", sa.LargeBinary, nullable=False, comment="The number, encrypted (AES-256-GCM)"),
    sa.Column("key_id", sa.Integer, nullable=False, comment="The key that the number is encrypted with"),
    sa.Column("locale", sa.String(35), nullable=True, comment="The language this phone last chose"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("stopped_at", Utc, nullable=True, comment="She asked for silence; nothing is sent from then on"),
    sa.Column("operator", sa.String(32), nullable=False, server_default="", comment="By the number's prefix"),
    sa.Column("attributes", sa.Text, nullable=False, server_default="{}", comment="What is known of the phone (JSON)"),
    sa.Column("asked_at", Utc, nullable=True, comment="When a survey last asked for an answer here"),
    comment="A phone that reaches us; never a person",
)

contact_key = sa.Table(
    "contact_key",
    metadata,
    # It goes with its phone, even where a backup has made it after the phone was looked at for the last time.
    sa.Column(
        "contact_id", BigId, sa.ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    sa.Column(
        "key", sa.LargeBinary, nullable=False, comment="Seals what backups have of her; without it they are unreadable"
    ),
    sa.CheckConstraint("length(key) = 32", name="key_whole"),
    comment="The key of a phone in all backups; it is in none of them",
)

attribute = sa.Table(
    "attribute",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    one_of("kind", "text", "number", "date", "yes_no"),
    comment="What contacts may have: a name, and what kind of value",
)

contact_group = sa.Table(
    "contact_group",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("created_at", Utc, nullable=False),
    comment="A list of contacts, filled by hand or by an import",
)

group_member = sa.Table(
    "group_member",
    metadata,
    sa.Column("group_id", BigId, sa.ForeignKey("contact_group.id"), primary_key=True, autoincrement=False),
    sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), primary_key=True, autoincrement=False),
    sa.Index(None, "contact_id"),
    comment="A contact is in a group",
)

segment = sa.Table(
    "segment",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column(
        "query", sa.Text, nullable=False, comment="Who is in it, e.g. province = Masvingo and not completed market"
    ),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    comment="A saved question about contacts; who is in it is found out each time",
)

contact_import = sa.Table(
    "contact_import",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the file"),
    sa.Column("mapping", sa.Text, nullable=False, comment="Column → what it was read as (JSON)"),
    sa.Column("counts", sa.Text, nullable=False, comment="Rows added, changed, repaired, left out and why (JSON)"),
    sa.Column("imported_at", Utc, nullable=False),
    comment="A file of contacts that was brought in",
)

respondent = sa.Table(
    "respondent",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("pseudonym", sa.String(32), nullable=False, unique=True, comment="The only identity that leaves Izwi"),
    sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), nullable=True, comment="Cut after the retention time"),
    sa.Column("survey_id", BigId, sa.ForeignKey("survey.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False, comment="Which person on this phone, from 1"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column(
        "pin_hash", sa.LargeBinary, nullable=True, comment="Keyed hash of the digits or word that she comes back with"
    ),
    sa.UniqueConstraint("contact_id", "survey_id", "position"),
    comment="A person in one survey, behind a random pseudonym",
)
