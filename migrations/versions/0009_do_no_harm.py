"""Roles and the trail, cases, flags, facilitators, PINs; several people may be under way on one phone."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0009_do_no_harm'
down_revision = '0008_consents_and_erasures'


def upgrade() -> None:
    op.create_table('audit',
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False, comment='1, 2, 3 … without a gap'),
    sa.Column('at', types.Utc(), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False, comment="The token's name, or `terminal`"),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('action', sa.String(length=64), nullable=False),
    sa.Column('subject', sa.String(length=128), nullable=False, comment='What it was done to: a pseudonym, an id, a name'),
    sa.Column('reason', sa.String(length=255), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False, comment='Keyed hash of this row and the digest before it'),
    sa.CheckConstraint("role IN ('admin', 'coordinator', 'analyst', 'moderator', 'duty_officer', 'facilitator', 'operator')", name=op.f('ck_audit_role_known')),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_audit')),
    comment='What was done by whom; only ever added to'
    )
    op.create_table('facilitator',
    sa.Column('contact_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False, comment='How the office calls this phone'),
    sa.Column('added_at', types.Utc(), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_facilitator_contact_id')),
    sa.PrimaryKeyConstraint('contact_id', name=op.f('pk_facilitator')),
    sa.UniqueConstraint('name', name=op.f('uq_facilitator_name')),
    comment='A phone whose holder takes several people through a survey'
    )
    op.create_table('distress_case',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('uid', types.Uid(), nullable=False),
    sa.Column('run_id', types.BigId(), nullable=False),
    sa.Column('question', sa.String(length=255), nullable=False, comment='Whose answer raised it; never the answer itself'),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('owner', sa.String(length=64), server_default='', nullable=False, comment='The duty officer who took it'),
    sa.Column('raised_at', types.Utc(), nullable=False),
    sa.Column('due_at', types.Utc(), nullable=False, comment='By when somebody should have seen to it'),
    sa.Column('closed_at', types.Utc(), nullable=True),
    sa.Column('outcome', sa.String(length=16), server_default='', nullable=False),
    sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f('ck_distress_case_closed_when_closed')),
    sa.CheckConstraint("outcome IN ('', 'helped', 'referred', 'no_contact', 'no_need')", name=op.f('ck_distress_case_outcome_known')),
    sa.CheckConstraint("state IN ('open', 'taken', 'closed')", name=op.f('ck_distress_case_state_known')),
    sa.ForeignKeyConstraint(['run_id'], ['run.id'], name=op.f('fk_distress_case_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_distress_case')),
    sa.UniqueConstraint('run_id', 'question', name=op.f('uq_distress_case_run_id_question')),
    sa.UniqueConstraint('uid', name=op.f('uq_distress_case_uid')),
    comment='Somebody may need help: an answer held a word or a choice that the survey listed'
    )
    op.create_table('flag',
    sa.Column('run_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('at', types.Utc(), nullable=False),
    sa.CheckConstraint("kind IN ('fast', 'straight', 'identical', 'burst', 'many')", name=op.f('ck_flag_kind_known')),
    sa.ForeignKeyConstraint(['run_id'], ['run.id'], name=op.f('fk_flag_run_id')),
    sa.PrimaryKeyConstraint('run_id', 'kind', name=op.f('pk_flag')),
    comment='A doubt about how a run came about; it never removes anything'
    )
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.add_column(sa.Column('role', sa.String(length=16), server_default='coordinator', nullable=False, comment='What it may do'))
        batch_op.create_table_comment(
        'A person or a program that may use the JSON API and the commands',
        existing_comment='A program that may use the JSON API'
    )
        batch_op.create_check_constraint(op.f('ck_api_token_role_known'), "role IN ('admin', 'coordinator', 'analyst', 'moderator', 'duty_officer', 'facilitator', 'operator')")

    with op.batch_alter_table('record', schema=None) as batch_op:
        batch_op.add_column(sa.Column('vector', sa.LargeBinary(), nullable=True, comment='Hash of all answers that were chosen; equal is equal'))
        batch_op.create_index('ix_record_vector', ['vector'], unique=False, sqlite_where=sa.text('vector IS NOT NULL'), postgresql_where=sa.text('vector IS NOT NULL'))

    with op.batch_alter_table('respondent', schema=None) as batch_op:
        batch_op.add_column(sa.Column('pin_hash', sa.LargeBinary(), nullable=True, comment='Keyed hash of the four digits that she comes back with'))

    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.add_column(sa.Column('mode', sa.String(length=16), server_default='self', nullable=False, comment='Who held the phone'))
        batch_op.add_column(sa.Column('proxy', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='Somebody answered on behalf of another person'))
        batch_op.create_check_constraint(op.f('ck_run_mode_known'), "mode IN ('self', 'facilitator')")
        batch_op.drop_index('uq_run_active', sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"))
        batch_op.create_index('uq_run_active', ['contact_id', 'survey_id', 'respondent_id'], unique=True, sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"))

    with op.batch_alter_table('session', schema=None) as batch_op:
        batch_op.alter_column('asking',
               existing_type=sa.String(length=16),
               type_=sa.String(length=96),
               comment='What it asks outside of the survey, and of which one',
               existing_comment='`resume` while it asks whether to go on, else empty',
               existing_nullable=False)
        batch_op.drop_constraint(op.f('ck_session_asking_known'), type_='check')


def downgrade() -> None:
    op.execute("UPDATE session SET asking = '' WHERE asking NOT IN ('', 'resume')")
    with op.batch_alter_table('session', schema=None) as batch_op:
        batch_op.create_check_constraint(op.f('ck_session_asking_known'), "asking IN ('', 'resume')")
        batch_op.alter_column('asking',
               existing_type=sa.String(length=96),
               type_=sa.String(length=16),
               comment='`resume` while it asks whether to go on, else empty',
               existing_comment='What it asks outside of the survey, and of which one',
               existing_nullable=False)

    op.execute(
        "UPDATE run SET state = 'expired', reason = 'no_reply', ended_at = touched_at WHERE state = 'active' AND EXISTS "
        "(SELECT 1 FROM run AS later WHERE later.state = 'active' AND later.contact_id = run.contact_id "
        "AND later.survey_id = run.survey_id AND later.id > run.id)"
    )
    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.drop_index('uq_run_active', sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"))
        batch_op.create_index('uq_run_active', ['contact_id', 'survey_id'], unique=True, sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"))
        batch_op.drop_constraint(op.f('ck_run_mode_known'), type_='check')
        batch_op.drop_column('proxy')
        batch_op.drop_column('mode')

    with op.batch_alter_table('respondent', schema=None) as batch_op:
        batch_op.drop_column('pin_hash')

    with op.batch_alter_table('record', schema=None) as batch_op:
        batch_op.drop_index('ix_record_vector', sqlite_where=sa.text('vector IS NOT NULL'), postgresql_where=sa.text('vector IS NOT NULL'))
        batch_op.drop_column('vector')

    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.create_table_comment(
        'A program that may use the JSON API',
        existing_comment='A person or a program that may use the JSON API and the commands'
    )
        batch_op.drop_constraint(op.f('ck_api_token_role_known'), type_='check')
        batch_op.drop_column('role')

    op.drop_table('flag')
    op.drop_table('distress_case')
    op.drop_table('facilitator')
    op.drop_table('audit')
