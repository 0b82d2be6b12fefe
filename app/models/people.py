"""Who answers: a contact is a phone, a respondent is a person in one survey (D7). Only contacts have a number, encrypted."""

import sqlalchemy as sa

from app.models.base import metadata
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
    comment="A phone that reaches us; never a person",
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
    sa.UniqueConstraint("contact_id", "survey_id", "position"),
    comment="A person in one survey, behind a random pseudonym",
)
