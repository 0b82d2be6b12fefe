"""Records are noted with the last answer and written when there is time."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0005_records_when_there_is_time'
down_revision = '0004_records'


def upgrade() -> None:
    with op.batch_alter_table('record') as batch:
        batch.alter_column(
            'xml', existing_type=sa.Text(), nullable=True,
            comment='As ODK Collect would submit it; NULL until there was time',
            existing_comment="An instance of the form's model, as ODK Collect would submit it",
        )
        batch.alter_column('made_at', existing_type=types.Utc(), nullable=True)
        batch.create_check_constraint(op.f('ck_record_made_when_there'), '(xml IS NULL) = (made_at IS NULL)')
    op.create_index(
        'ix_record_unmade', 'record', ['run_id'],
        sqlite_where=sa.text('xml IS NULL'), postgresql_where=sa.text('xml IS NULL'),
    )


def downgrade() -> None:
    op.execute('DELETE FROM record WHERE xml IS NULL')
    op.drop_index('ix_record_unmade', table_name='record')
    with op.batch_alter_table('record') as batch:
        batch.drop_constraint(op.f('ck_record_made_when_there'), type_='check')
        batch.alter_column('made_at', existing_type=types.Utc(), nullable=False)
        batch.alter_column(
            'xml', existing_type=sa.Text(), nullable=False,
            comment="An instance of the form's model, as ODK Collect would submit it",
            existing_comment='As ODK Collect would submit it; NULL until there was time',
        )
