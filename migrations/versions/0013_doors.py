"""Logins of programs that speak to ODK Central, and the newest completed runs of a survey first."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0013_doors'
down_revision = '0009_do_no_harm'


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



def downgrade() -> None:
    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.drop_index('ix_run_completed', sqlite_where=sa.text("state = 'completed'"), postgresql_where=sa.text("state = 'completed'"))

    with op.batch_alter_table('login', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_login_token_id'))

    op.drop_table('login')
