"""Records: the finished record of each run, as ODK Collect would submit it."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0004_records'
down_revision = '0003_statuses_of_versions'


def upgrade() -> None:
    op.create_table('record',
    sa.Column('run_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('xml', sa.Text(), nullable=False, comment="An instance of the form's model, as ODK Collect would submit it"),
    sa.Column('made_at', types.Utc(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['run.id'], name=op.f('fk_record_run_id')),
    sa.PrimaryKeyConstraint('run_id', name=op.f('pk_record')),
    comment='The finished record of a run'
    )


def downgrade() -> None:
    op.drop_table('record')
