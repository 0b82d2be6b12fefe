"""Contacts with attributes, groups and segments; broadcasts with recipients and tallies; airtime; channels that may be away."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0006_contacts_and_broadcasts'
down_revision = '0005_records_when_there_is_time'


def upgrade() -> None:
    op.create_table('attribute',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.CheckConstraint("kind IN ('text', 'number', 'date', 'yes_no')", name=op.f('ck_attribute_kind_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attribute')),
    sa.UniqueConstraint('name', name=op.f('uq_attribute_name')),
    comment='What contacts may have: a name, and what kind of value'
    )
    op.create_table('contact_group',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('uid', types.Uid(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_group')),
    sa.UniqueConstraint('name', name=op.f('uq_contact_group_name')),
    sa.UniqueConstraint('uid', name=op.f('uq_contact_group_uid')),
    comment='A list of contacts, filled by hand or by an import'
    )
    op.create_table('contact_import',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('uid', types.Uid(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False, comment='SHA-256 of the file'),
    sa.Column('mapping', sa.Text(), nullable=False, comment='Column → what it was read as (JSON)'),
    sa.Column('counts', sa.Text(), nullable=False, comment='Rows added, changed, repaired, left out and why (JSON)'),
    sa.Column('imported_at', types.Utc(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_import')),
    sa.UniqueConstraint('uid', name=op.f('uq_contact_import_uid')),
    comment='A file of contacts that was brought in'
    )
    op.create_table('segment',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('uid', types.Uid(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('query', sa.Text(), nullable=False, comment='Who is in it, e.g. province = Masvingo and not completed market'),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.Column('changed_at', types.Utc(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_segment')),
    sa.UniqueConstraint('name', name=op.f('uq_segment_name')),
    sa.UniqueConstraint('uid', name=op.f('uq_segment_uid')),
    comment='A saved question about contacts; who is in it is found out each time'
    )
    op.create_table('broadcast',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('uid', types.Uid(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('mode', sa.String(length=16), nullable=False),
    sa.Column('survey_id', types.BigId(), nullable=True, comment='None for a plain message'),
    sa.Column('audience', sa.Text(), nullable=False, comment='Who gets it, in the language of segments; empty: everybody'),
    sa.Column('texts', sa.Text(), nullable=False, comment='Language → text (JSON)'),
    sa.Column('channel', sa.String(length=64), nullable=False, comment='Name of the channel; empty: by operator'),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.String(length=255), nullable=False, comment='Why it is paused, failed or cancelled, in words'),
    sa.Column('zone', sa.String(length=64), nullable=False),
    sa.Column('starts_at', types.Utc(), nullable=True),
    sa.Column('ends_at', types.Utc(), nullable=True),
    sa.Column('opens', sa.Integer(), nullable=False, comment='Minute of the day from which it may send, in its zone'),
    sa.Column('closes', sa.Integer(), nullable=False, comment='Minute of the day from which it may not'),
    sa.Column('weekdays', sa.String(length=7), nullable=False, comment='Days on which it may send: 1 is Monday'),
    sa.Column('holidays', sa.Text(), nullable=False, comment='Dates on which it may not (JSON)'),
    sa.Column('expiry_hours', sa.Float(), nullable=False, comment='A message not sent after this time is not sent late'),
    sa.Column('per_minute', sa.Integer(), nullable=True, comment='At most so many messages; NULL: what the channel bears'),
    sa.Column('budget', sa.BigInteger(), nullable=True, comment='Most that it may cost, in millionths of the currency'),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('spent', sa.BigInteger(), nullable=False, comment='Costs so far, with those of messages under way'),
    sa.Column('remind_days', sa.Integer(), nullable=False, comment='Days of silence before a reminder'),
    sa.Column('remind_most', sa.Integer(), nullable=False, comment='Most reminders that one contact gets; 0: none'),
    sa.Column('remind_texts', sa.Text(), nullable=False, comment='Language → text (JSON)'),
    sa.Column('rest_days', sa.Integer(), nullable=False, comment='Who was asked within so many days is left out'),
    sa.Column('next_ms', sa.BigInteger(), nullable=False, comment='When its own pace allows the next message'),
    sa.Column('seed', sa.BigInteger(), nullable=False, comment='What random orders of the first screen are made from'),
    sa.Column('plan', sa.Text(), nullable=True, comment='What was foreseen when it was checked (JSON)'),
    sa.Column('prepared_to', types.BigId(), nullable=False, comment='Contacts up to this key are among the recipients'),
    sa.Column('prepared_at', types.Utc(), nullable=True, comment='When all recipients were known'),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.Column('started_at', types.Utc(), nullable=True),
    sa.Column('ended_at', types.Utc(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("(mode = 'message') = (survey_id IS NULL)", name=op.f('ck_broadcast_survey_unless_message')),
    sa.CheckConstraint("mode IN ('conversation', 'invitation', 'message')", name=op.f('ck_broadcast_mode_known')),
    sa.CheckConstraint("state IN ('draft', 'checked', 'scheduled', 'running', 'paused', 'done', 'cancelled', 'failed')", name=op.f('ck_broadcast_state_known')),
    sa.CheckConstraint('0 <= opens AND opens < closes AND closes <= 1440', name=op.f('ck_broadcast_hours')),
    sa.ForeignKeyConstraint(['survey_id'], ['survey.id'], name=op.f('fk_broadcast_survey_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_broadcast')),
    sa.UniqueConstraint('name', name=op.f('uq_broadcast_name')),
    sa.UniqueConstraint('uid', name=op.f('uq_broadcast_uid')),
    comment='A survey or a message that is sent to an audience'
    )
    op.create_table('exchange',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('channel_id', types.BigId(), nullable=False),
    sa.Column('what', sa.String(length=16), nullable=False),
    sa.Column('messages', sa.Integer(), nullable=False, comment='How many it was about'),
    sa.Column('outcomes', sa.Text(), nullable=False, comment='Outcome and reason → how many (JSON); no numbers, no texts'),
    sa.Column('took_ms', sa.Integer(), nullable=False),
    sa.Column('at', types.Utc(), nullable=False),
    sa.CheckConstraint("what IN ('sms', 'airtime')", name=op.f('ck_exchange_what_known')),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_exchange_channel_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exchange')),
    comment='One request to a provider and what it said, masked'
    )
    with op.batch_alter_table('exchange', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_exchange_channel_id_at'), ['channel_id', 'at'], unique=False)

    op.create_table('group_member',
    sa.Column('group_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('contact_id', types.BigId(), autoincrement=False, nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_group_member_contact_id')),
    sa.ForeignKeyConstraint(['group_id'], ['contact_group.id'], name=op.f('fk_group_member_group_id')),
    sa.PrimaryKeyConstraint('group_id', 'contact_id', name=op.f('pk_group_member')),
    comment='A contact is in a group'
    )
    with op.batch_alter_table('group_member', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_group_member_contact_id'), ['contact_id'], unique=False)

    op.create_table('recipient',
    sa.Column('broadcast_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('contact_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.String(length=32), nullable=False, comment='Why she is left out, or why no more is sent to her'),
    sa.Column('rounds', sa.Integer(), nullable=False, comment='Messages written for her so far, reminders among them'),
    sa.Column('lapsed', sa.Integer(), nullable=False, comment='How many of them were past their time before they went'),
    sa.Column('due_at', types.Utc(), nullable=True, comment='When there is something to do about her again'),
    sa.Column('asked_at', types.Utc(), nullable=True, comment='When the last message was written for her'),
    sa.CheckConstraint("state IN ('waiting', 'written', 'left_out', 'ended')", name=op.f('ck_recipient_state_known')),
    sa.ForeignKeyConstraint(['broadcast_id'], ['broadcast.id'], name=op.f('fk_recipient_broadcast_id')),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_recipient_contact_id')),
    sa.PrimaryKeyConstraint('broadcast_id', 'contact_id', name=op.f('pk_recipient')),
    comment="A contact's place in a broadcast"
    )
    with op.batch_alter_table('recipient', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_recipient_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index('ix_recipient_due', ['broadcast_id', 'due_at', 'contact_id'], unique=False, sqlite_where=sa.text('due_at IS NOT NULL'), postgresql_where=sa.text('due_at IS NOT NULL'))

    op.create_table('tally',
    sa.Column('broadcast_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('what', sa.String(length=200), nullable=False, comment='`people:<state or reason>`, `messages:<state>` …'),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['broadcast_id'], ['broadcast.id'], name=op.f('fk_tally_broadcast_id')),
    sa.PrimaryKeyConstraint('broadcast_id', 'what', name=op.f('pk_tally')),
    comment='How many of what a broadcast has, changed with what it counts'
    )
    op.create_table('airtime',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('uid', types.Uid(), nullable=False, comment='The Idempotency-Key that the provider is given'),
    sa.Column('survey_id', types.BigId(), nullable=False),
    sa.Column('contact_id', types.BigId(), nullable=False),
    sa.Column('run_id', types.BigId(), nullable=False),
    sa.Column('channel_id', types.BigId(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False, comment='In millionths of the currency'),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('due_at', types.Utc(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('attempt', types.Uid(), nullable=True, comment='The try that holds it now; only that one may settle it'),
    sa.Column('lease_until', types.Utc(), nullable=True),
    sa.Column('provider_id', sa.String(length=128), nullable=True),
    sa.Column('status', sa.String(length=128), nullable=False, comment="The provider's last word, as it is"),
    sa.Column('reason', sa.String(length=128), nullable=False),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.Column('settled_at', types.Utc(), nullable=True),
    sa.CheckConstraint("state IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'unknown', 'refused')", name=op.f('ck_airtime_state_known')),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_airtime_channel_id')),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_airtime_contact_id')),
    sa.ForeignKeyConstraint(['run_id'], ['run.id'], name=op.f('fk_airtime_run_id')),
    sa.ForeignKeyConstraint(['survey_id'], ['survey.id'], name=op.f('fk_airtime_survey_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_airtime')),
    sa.UniqueConstraint('survey_id', 'contact_id', name=op.f('uq_airtime_survey_id_contact_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_airtime_uid')),
    comment='Thanks for taking part: once per phone and survey, for ever'
    )
    with op.batch_alter_table('airtime', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_airtime_channel_id_provider_id'), ['channel_id', 'provider_id'], unique=False)
        batch_op.create_index('ix_airtime_due', ['channel_id', 'due_at'], unique=False, sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))

    with op.batch_alter_table('channel', schema=None) as batch_op:
        batch_op.add_column(sa.Column('next_ms', sa.BigInteger(), server_default='0', nullable=False, comment='When its throughput allows the next message'))
        batch_op.add_column(sa.Column('failures', sa.Integer(), server_default='0', nullable=False, comment='Sends that failed in a row'))
        batch_op.add_column(sa.Column('pace', sa.Integer(), server_default='0', nullable=False, comment='Messages at once after trouble; 0: no limit'))
        batch_op.add_column(sa.Column('open_until', types.Utc(), nullable=True, comment='Nothing is sent before: the breaker is open'))
        batch_op.add_column(sa.Column('trouble', sa.String(length=128), server_default='', nullable=False, comment='Why'))
        batch_op.add_column(sa.Column('held', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='Somebody paused it'))

    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.add_column(sa.Column('operator', sa.String(length=32), server_default='', nullable=False, comment="By the number's prefix"))
        batch_op.add_column(sa.Column('attributes', sa.Text(), server_default='{}', nullable=False, comment='What is known of the phone (JSON)'))
        batch_op.add_column(sa.Column('asked_at', types.Utc(), nullable=True, comment='When a survey last asked for an answer here'))

    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.add_column(sa.Column('broadcast_id', types.BigId(), nullable=True))
        batch_op.add_column(sa.Column('price', sa.BigInteger(), server_default='0', nullable=False, comment='Expected, in millionths of a currency'))
        batch_op.create_index('ix_outbox_broadcast', ['broadcast_id', 'id'], unique=False, sqlite_where=sa.text("state = 'queued' AND broadcast_id IS NOT NULL"), postgresql_where=sa.text("state = 'queued' AND broadcast_id IS NOT NULL"))
        batch_op.create_index('ix_outbox_expiring', ['expires_at'], unique=False, sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))
        batch_op.create_foreign_key(batch_op.f('fk_outbox_broadcast_id'), 'broadcast', ['broadcast_id'], ['id'])
        batch_op.drop_constraint(batch_op.f('ck_outbox_kind_known'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_outbox_kind_known'), "kind IN ('reply', 'stop', 'help', 'invitation', 'reminder', 'message')")



def downgrade() -> None:
    # The older Izwi knows no broadcasts: what they have not sent yet is not sent.
    op.execute("UPDATE outbox SET state = 'cancelled' WHERE broadcast_id IS NOT NULL AND state = 'queued'")
    op.execute("UPDATE outbox SET kind = 'reply' WHERE kind IN ('invitation', 'reminder', 'message')")
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_outbox_kind_known'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_outbox_kind_known'), "kind IN ('reply', 'stop', 'help')")
        batch_op.drop_constraint(batch_op.f('fk_outbox_broadcast_id'), type_='foreignkey')
        batch_op.drop_index('ix_outbox_expiring', sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))
        batch_op.drop_index('ix_outbox_broadcast', sqlite_where=sa.text("state = 'queued' AND broadcast_id IS NOT NULL"), postgresql_where=sa.text("state = 'queued' AND broadcast_id IS NOT NULL"))
        batch_op.drop_column('price')
        batch_op.drop_column('broadcast_id')

    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_column('asked_at')
        batch_op.drop_column('attributes')
        batch_op.drop_column('operator')

    with op.batch_alter_table('channel', schema=None) as batch_op:
        batch_op.drop_column('held')
        batch_op.drop_column('trouble')
        batch_op.drop_column('open_until')
        batch_op.drop_column('pace')
        batch_op.drop_column('failures')
        batch_op.drop_column('next_ms')

    with op.batch_alter_table('airtime', schema=None) as batch_op:
        batch_op.drop_index('ix_airtime_due', sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))
        batch_op.drop_index(batch_op.f('ix_airtime_channel_id_provider_id'))

    op.drop_table('airtime')
    op.drop_table('tally')
    with op.batch_alter_table('recipient', schema=None) as batch_op:
        batch_op.drop_index('ix_recipient_due', sqlite_where=sa.text('due_at IS NOT NULL'), postgresql_where=sa.text('due_at IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_recipient_contact_id'))

    op.drop_table('recipient')
    with op.batch_alter_table('group_member', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_group_member_contact_id'))

    op.drop_table('group_member')
    with op.batch_alter_table('exchange', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_exchange_channel_id_at'))

    op.drop_table('exchange')
    op.drop_table('broadcast')
    op.drop_table('segment')
    op.drop_table('contact_import')
    op.drop_table('contact_group')
    op.drop_table('attribute')
