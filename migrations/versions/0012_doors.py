"""Logins of programs that speak as to ODK Central, the newest completed runs first, and records to push to other projects."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0012_doors'
down_revision = '0011_descriptions'


def upgrade() -> None:
    op.create_table('login',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('token_id', types.BigId(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False, comment='SHA-256 of what the program was given'),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.Column('expires_at', types.Utc(), nullable=False),
    sa.ForeignKeyConstraint(['token_id'], ['api_token.id'], name=op.f('fk_login_token_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login')),
    sa.UniqueConstraint('digest', name=op.f('uq_login_digest')),
    comment="A program that logged in with a token's name and the token, as with ODK Central"
    )
    with op.batch_alter_table('login', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_login_token_id'), ['token_id'], unique=False)

    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.create_index('ix_run_completed', ['survey_id', 'ended_at', 'id'], unique=False, sqlite_where=sa.text("state = 'completed'"), postgresql_where=sa.text("state = 'completed'"))

    op.create_table('push',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('target', sa.String(length=32), nullable=False, comment='Where it goes, as the settings call it'),
    sa.Column('uid', types.Uid(), nullable=False, comment="The run's, and with uuid: before it the record's instanceID"),
    sa.Column('survey_version_id', types.BigId(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('doubt', sa.Boolean(), nullable=False, comment='It may be there already'),
    sa.Column('reason', sa.String(length=128), nullable=False, comment='Why it waits or has stopped'),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('attempt', types.Uid(), nullable=True, comment='The try that holds it now; only that one may settle it'),
    sa.Column('due_at', types.Utc(), nullable=False),
    sa.Column('lease_until', types.Utc(), nullable=True),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.Column('settled_at', types.Utc(), nullable=True),
    sa.CheckConstraint("state IN ('queued', 'sending', 'there', 'stopped', 'gone')", name=op.f('ck_push_state_known')),
    sa.ForeignKeyConstraint(['survey_version_id'], ['survey_version.id'], name=op.f('fk_push_survey_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_push')),
    sa.UniqueConstraint('target', 'uid', name=op.f('uq_push_target_uid')),
    comment='A record that goes to another project, at most one row for each target'
    )
    with op.batch_alter_table('push', schema=None) as batch_op:
        batch_op.create_index('ix_push_due', ['target', 'due_at'], unique=False, sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))
        batch_op.create_index('ix_push_sending', ['lease_until'], unique=False, sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))
        batch_op.create_index(batch_op.f('ix_push_survey_version_id'), ['survey_version_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_push_uid'), ['uid'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('push', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_push_uid'))
        batch_op.drop_index(batch_op.f('ix_push_survey_version_id'))
        batch_op.drop_index('ix_push_sending', sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))
        batch_op.drop_index('ix_push_due', sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))

    op.drop_table('push')

    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.drop_index('ix_run_completed', sqlite_where=sa.text("state = 'completed'"), postgresql_where=sa.text("state = 'completed'"))

    with op.batch_alter_table('login', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_login_token_id'))

    op.drop_table('login')
