"""What published versions say of their questions and choices, for those who read answers: no turn ever looks here."""

import sqlalchemy as sa

from app.models.base import metadata
from app.models.types import BigId

description = sa.Table(
    "description",
    metadata,
    sa.Column("survey_version_id", BigId, sa.ForeignKey("survey_version.id"), primary_key=True, autoincrement=False),
    sa.Column(
        "number", sa.Integer, nullable=False, comment="Its place among the versions, as they were first published"
    ),
    sa.Column("languages", sa.Text, nullable=False, comment="Code → name (JSON), the form's own language first"),
    sa.Column(
        "guard", sa.Text, comment="What its form asks of figures (JSON); null: not read yet, so no figures can be shown"
    ),
    comment="A version whose questions and choices are described here: one that was ever published",
)

question = sa.Table(
    "question",
    metadata,
    sa.Column(
        "survey_version_id",
        BigId,
        sa.ForeignKey("description.survey_version_id"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("name", sa.String(255), primary_key=True, comment="What answers call it"),
    sa.Column("place", sa.Integer, nullable=False, comment="Its place in the form, from 1"),
    sa.Column("column_name", sa.String(63), nullable=False, comment="Its column in wide tables; never changes"),
    sa.Column("short", sa.String(32), nullable=False, comment="Its name in SPSS and Stata; never changes"),
    sa.Column("type", sa.String(32), nullable=False, comment="As XLSForm calls it"),
    sa.Column("measure", sa.String(16), nullable=False, comment="What holds its values in all versions so far"),
    sa.Column("repeats", sa.Text, nullable=False, comment="The repeats that it is in, the outermost first (JSON)"),
    sa.Column("required", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("sensitive", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("consent", sa.String(16), nullable=False, comment="What it asks consent for; empty: for nothing"),
    sa.Column("relevant", sa.Text, nullable=False, comment="Who is asked, in words; empty: everybody"),
    sa.Column("hxl", sa.Text, nullable=False, server_default="", comment="Its HXL tag, where the form gives it one"),
    comment="A question of a version, or a value that its form works out",
)

question_label = sa.Table(
    "question_label",
    metadata,
    sa.Column("survey_version_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("question", sa.String(255), primary_key=True),
    sa.Column("language", sa.String(35), primary_key=True),
    sa.Column("label", sa.Text, nullable=False, comment="A value that stands in it is written as …"),
    sa.ForeignKeyConstraint(["survey_version_id", "question"], ["question.survey_version_id", "question.name"]),
    comment="A question in one language",
)

choice = sa.Table(
    "choice",
    metadata,
    sa.Column("survey_version_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("question", sa.String(255), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True, comment="What answers hold"),
    sa.Column("place", sa.Integer, nullable=False, comment="Its place in the list, from 1"),
    sa.Column("code", sa.BigInteger, nullable=False, comment="Its number in programs that know numbers; never changes"),
    sa.ForeignKeyConstraint(["survey_version_id", "question"], ["question.survey_version_id", "question.name"]),
    comment="A choice of a question in a version",
)

choice_label = sa.Table(
    "choice_label",
    metadata,
    sa.Column("survey_version_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("question", sa.String(255), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("language", sa.String(35), primary_key=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(
        ["survey_version_id", "question", "name"], ["choice.survey_version_id", "choice.question", "choice.name"]
    ),
    comment="A choice in one language",
)
