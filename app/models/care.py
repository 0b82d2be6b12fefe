"""What looks after respondents and their answers: cases of distress, flags on runs, facilitators."""

import sqlalchemy as sa

from app.models.base import metadata, one_of
from app.models.types import BigId, Uid, Utc
from app.values import Doubt

distress_case = sa.Table(
    "distress_case",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("uid", Uid, nullable=False, unique=True),
    sa.Column("run_id", BigId, sa.ForeignKey("run.id"), nullable=False),
    sa.Column("question", sa.String(255), nullable=False, comment="Whose answer raised it; never the answer itself"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False, server_default="", comment="The duty officer who took it"),
    sa.Column("raised_at", Utc, nullable=False),
    sa.Column("due_at", Utc, nullable=False, comment="By when somebody should have seen to it"),
    sa.Column("closed_at", Utc, nullable=True),
    sa.Column("outcome", sa.String(16), nullable=False, server_default=""),
    one_of("state", "open", "taken", "closed"),
    one_of("outcome", "", "helped", "referred", "no_contact", "no_need"),
    sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_when_closed"),
    sa.UniqueConstraint("run_id", "question"),
    comment="Somebody may need help: an answer held a word or a choice that the survey listed",
)

flag = sa.Table(
    "flag",
    metadata,
    sa.Column("run_id", BigId, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("at", Utc, nullable=False),
    one_of("kind", *Doubt),
    comment="A doubt about how a run came about; it never removes anything",
)

facilitator = sa.Table(
    "facilitator",
    metadata,
    sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(64), nullable=False, unique=True, comment="How the office calls this phone"),
    sa.Column("added_at", Utc, nullable=False),
    comment="A phone whose holder takes several people through a survey",
)
