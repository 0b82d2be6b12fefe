"""A survey has at most one published version; older ones are replaced, and every change is counted."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0003_statuses_of_versions'
down_revision = '0002_room_to_change'

_CHECK = 'ck_survey_version_status_known'


def upgrade() -> None:
    with op.batch_alter_table('survey_version', schema=None) as batch_op:
        batch_op.add_column(sa.Column('published_at', types.Utc(), nullable=True, comment='When it was last published; nothing for one that never was'))
        batch_op.add_column(sa.Column('changed_at', types.Utc(), nullable=True, comment='When its status last changed'))
        batch_op.add_column(sa.Column('change', sa.BigInteger(), nullable=True, comment='Counts all changes; services watch it'))
        batch_op.drop_constraint(batch_op.f(_CHECK), type_='check')

    # Until now every version stayed published, and new runs got the one that was stored last.
    op.execute(
        "UPDATE survey_version SET status = 'replaced' WHERE status = 'published' AND id < "
        "(SELECT max(other.id) FROM survey_version AS other"
        " WHERE other.survey_id = survey_version.survey_id AND other.status = 'published')"
    )
    op.execute("UPDATE survey_version SET changed_at = created_at, change = id")
    op.execute("UPDATE survey_version SET published_at = created_at WHERE status <> 'draft'")

    with op.batch_alter_table('survey_version', schema=None) as batch_op:
        batch_op.alter_column('changed_at', existing_type=types.Utc(), nullable=False, existing_comment='When its status last changed')
        batch_op.alter_column('change', existing_type=sa.BigInteger(), nullable=False, existing_comment='Counts all changes; services watch it')
        batch_op.create_check_constraint(batch_op.f(_CHECK), "status IN ('draft', 'published', 'replaced', 'retired')")
        batch_op.create_unique_constraint(batch_op.f('uq_survey_version_change'), ['change'])
        batch_op.create_index('uq_survey_version_published', ['survey_id'], unique=True, sqlite_where=sa.text("status = 'published'"), postgresql_where=sa.text("status = 'published'"))


def downgrade() -> None:
    with op.batch_alter_table('survey_version', schema=None) as batch_op:
        batch_op.drop_index('uq_survey_version_published', sqlite_where=sa.text("status = 'published'"), postgresql_where=sa.text("status = 'published'"))
        batch_op.drop_constraint(batch_op.f('uq_survey_version_change'), type_='unique')
        batch_op.drop_constraint(batch_op.f(_CHECK), type_='check')

    # The older Izwi asks the published version that was stored last, and finishes runs of published versions only. So a
    # replaced one is published again where that does not make it the one that is asked.
    op.execute(
        "UPDATE survey_version SET status = 'published' WHERE status = 'replaced' AND id < "
        "(SELECT max(other.id) FROM survey_version AS other"
        " WHERE other.survey_id = survey_version.survey_id AND other.status = 'published')"
    )
    op.execute("UPDATE survey_version SET status = 'retired' WHERE status = 'replaced'")

    with op.batch_alter_table('survey_version', schema=None) as batch_op:
        batch_op.create_check_constraint(batch_op.f(_CHECK), "status IN ('draft', 'published', 'retired')")
        batch_op.drop_column('change')
        batch_op.drop_column('changed_at')
        batch_op.drop_column('published_at')
