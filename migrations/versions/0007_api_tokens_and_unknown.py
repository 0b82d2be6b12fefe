"""Tokens of programs that use the JSON API; messages of unknown outcome are found without a look at all others."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0007_api_tokens_and_unknown'
down_revision = '0006_contacts_and_broadcasts'


def upgrade() -> None:
    op.create_table('api_token',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False, comment='What it is for, as somebody named it'),
    sa.Column('digest', sa.LargeBinary(), nullable=False, comment='SHA-256 of the token'),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.Column('last_used_at', types.Utc(), nullable=True, comment='To the minute'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_token')),
    sa.UniqueConstraint('digest', name=op.f('uq_api_token_digest')),
    sa.UniqueConstraint('name', name=op.f('uq_api_token_name')),
    comment='A program that may use the JSON API'
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_unknown', ['broadcast_id', 'id'], unique=False, sqlite_where=sa.text("state = 'unknown'"), postgresql_where=sa.text("state = 'unknown'"))


def downgrade() -> None:
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_index('ix_outbox_unknown', sqlite_where=sa.text("state = 'unknown'"), postgresql_where=sa.text("state = 'unknown'"))

    op.drop_table('api_token')
