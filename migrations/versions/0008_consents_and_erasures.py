"""Consents and erasures get tables of their own. What was agreed to before stays an answer: nobody kept in which words."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0008_consents_and_erasures'
down_revision = '0007_api_tokens_and_unknown'


def upgrade() -> None:
    op.create_table('purge',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('what', sa.String(length=16), nullable=False, comment='The table whose words went, or `links`'),
    sa.Column('upto', sa.BigInteger(), nullable=False, comment='The last row that was looked at'),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('at', types.Utc(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_purge')),
    comment='What was removed because it had been kept for long enough'
    )
    with op.batch_alter_table('purge', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_purge_what_upto'), ['what', 'upto'], unique=False)

    op.create_table('erasure',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('uid', types.Uid(), nullable=False),
    sa.Column('contact_id', types.BigId(), nullable=True, comment='NULL when all of it is gone'),
    sa.Column('msisdn_hash', sa.LargeBinary(), nullable=False, comment='Keyed hash: no file brings this number back'),
    sa.Column('asked_by', sa.String(length=16), nullable=False),
    sa.Column('asked_at', types.Utc(), nullable=False),
    sa.Column('done_at', types.Utc(), nullable=True),
    sa.Column('removed', sa.Text(), server_default='{}', nullable=False, comment='What → how many rows (JSON)'),
    sa.CheckConstraint("asked_by IN ('word', 'officer')", name=op.f('ck_erasure_asked_by_known')),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_erasure_contact_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erasure')),
    sa.UniqueConstraint('uid', name=op.f('uq_erasure_uid')),
    comment='A phone whose data was to go, and when it was gone'
    )
    with op.batch_alter_table('erasure', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_erasure_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_erasure_msisdn_hash'), ['msisdn_hash'], unique=False)
        batch_op.create_index('ix_erasure_open', ['id'], unique=False, sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))

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

    with op.batch_alter_table('airtime', schema=None) as batch_op:
        batch_op.alter_column('contact_id',
               existing_type=types.BigId(),
               nullable=True,
               comment='NULL when she was forgotten')
        batch_op.alter_column('run_id',
               existing_type=types.BigId(),
               nullable=True)
        batch_op.create_index(batch_op.f('ix_airtime_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_airtime_run_id'), ['run_id'], unique=False)

    with op.batch_alter_table('inbound', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbound_contact_id'), ['contact_id'], unique=False)

    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_run_contact_id'), ['contact_id'], unique=False)

    with op.batch_alter_table('session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_session_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_session_run_id'), ['run_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_session_run_id'))
        batch_op.drop_index(batch_op.f('ix_session_contact_id'))

    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_run_contact_id'))

    with op.batch_alter_table('inbound', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_inbound_contact_id'))

    op.execute('DELETE FROM airtime WHERE contact_id IS NULL OR run_id IS NULL')  # whose they were, nobody knows
    with op.batch_alter_table('airtime', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_airtime_run_id'))
        batch_op.drop_index(batch_op.f('ix_airtime_contact_id'))
        batch_op.alter_column('run_id',
               existing_type=types.BigId(),
               nullable=False)
        batch_op.alter_column('contact_id',
               existing_type=types.BigId(),
               nullable=False,
               comment=None,
               existing_comment='NULL when she was forgotten')

    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_consent_run_id'))

    op.drop_table('consent')
    with op.batch_alter_table('erasure', schema=None) as batch_op:
        batch_op.drop_index('ix_erasure_open', sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_erasure_msisdn_hash'))
        batch_op.drop_index(batch_op.f('ix_erasure_contact_id'))

    op.drop_table('erasure')
    with op.batch_alter_table('purge', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_purge_what_upto'))

    op.drop_table('purge')
