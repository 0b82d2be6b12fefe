"""Consent gets a table of its own. Answers given before stay what they are: nobody kept in which words they were asked."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0008_consents'
down_revision = '0007_api_tokens_and_unknown'


def upgrade() -> None:
    op.create_table('consent',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('uid', types.Uid(), nullable=False),
    sa.Column('run_id', types.BigId(), nullable=False),
    sa.Column('question', sa.String(length=255), nullable=False, comment='The question that asked for it'),
    sa.Column('purpose', sa.String(length=16), nullable=False),
    sa.Column('granted', sa.Boolean(), nullable=False),
    sa.Column('text_hash', sa.String(length=64), nullable=False, comment='SHA-256 of the words that asked, as she read them'),
    sa.Column('locale', sa.String(length=35), nullable=False),
    sa.Column('channel_id', types.BigId(), nullable=False),
    sa.Column('medium', sa.String(length=8), nullable=False),
    sa.Column('at', types.Utc(), nullable=False),
    sa.Column('withdrawn_at', types.Utc(), nullable=True),
    sa.Column('withdrawn_by', sa.String(length=16), server_default='', nullable=False, comment='The word that took it back'),
    sa.CheckConstraint("medium IN ('ussd', 'sms')", name=op.f('ck_consent_medium_known')),
    sa.CheckConstraint("purpose IN ('take_part', 'contact_again', 'story', 'story_named', 'results')", name=op.f('ck_consent_purpose_known')),
    sa.CheckConstraint("withdrawn_by IN ('', 'stop', 'withdraw', 'delete')", name=op.f('ck_consent_withdrawn_by_known')),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_consent_channel_id')),
    sa.ForeignKeyConstraint(['run_id'], ['run.id'], name=op.f('fk_consent_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent')),
    sa.UniqueConstraint('uid', name=op.f('uq_consent_uid')),
    comment='An answer to a question that asks for consent; a later one is a row of its own, and the last counts'
    )
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consent_run_id'), ['run_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_consent_run_id'))

    op.drop_table('consent')
