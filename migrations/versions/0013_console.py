"""Accounts of the console, and how many runs are where."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0013_console'
down_revision = '0012_doors'


def upgrade() -> None:
    op.create_table('account',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False, comment='What she signs in with; in the trail too'),
    sa.Column('role', sa.String(length=16), nullable=False, comment='What she may do'),
    sa.Column('password', sa.String(length=255), nullable=False, comment='Argon2id hash, with its salt and its costs'),
    sa.Column('totp', sa.LargeBinary(), nullable=True, comment='Secret of her codes, sealed; NULL: she has none'),
    sa.Column('totp_step', sa.BigInteger(), nullable=True, comment='Time step of the last code taken: no code works twice'),
    sa.Column('locale', sa.String(length=8), server_default='en', nullable=False, comment='Language of her pages'),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.Column('disabled_at', types.Utc(), nullable=True, comment='Since then she cannot sign in'),
    sa.CheckConstraint("role IN ('admin', 'coordinator', 'analyst', 'moderator', 'duty_officer', 'facilitator', 'operator')", name=op.f('ck_account_role_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('name', name=op.f('uq_account_name')),
    comment='A person who works with the console'
    )
    op.create_table('invitation',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False, comment='Keyed hash of the code'),
    sa.Column('role', sa.String(length=16), nullable=False, comment='Of the account that it makes'),
    sa.Column('account_id', types.BigId(), nullable=True),
    sa.Column('made_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.Column('expires_at', types.Utc(), nullable=False),
    sa.CheckConstraint("role IN ('admin', 'coordinator', 'analyst', 'moderator', 'duty_officer', 'facilitator', 'operator')", name=op.f('ck_invitation_role_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_invitation_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitation')),
    sa.UniqueConstraint('digest', name=op.f('uq_invitation_digest')),
    comment='A code that once makes an account, or lets the one that it names choose a new password'
    )
    with op.batch_alter_table('invitation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invitation_account_id'), ['account_id'], unique=False)

    op.create_table('recovery_code',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('account_id', types.BigId(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False, comment='Keyed hash; the row goes when it is used'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_recovery_code_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_code')),
    comment='Stands once for a code of somebody who lost the phone that makes them'
    )
    with op.batch_alter_table('recovery_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_recovery_code_account_id'), ['account_id'], unique=False)

    op.create_table('sign_in',
    sa.Column('id', types.BigId(), nullable=False),
    sa.Column('account_id', types.BigId(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False, comment='SHA-256 of what the browser holds'),
    sa.Column('browser', sa.String(length=64), nullable=False, comment='Which browser, in a word or two'),
    sa.Column('created_at', types.Utc(), nullable=False),
    sa.Column('seen_at', types.Utc(), nullable=False, comment='To the minute'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_sign_in_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in')),
    sa.UniqueConstraint('digest', name=op.f('uq_sign_in_digest')),
    comment='A browser in which somebody is signed in'
    )
    with op.batch_alter_table('sign_in', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_account_id'), ['account_id'], unique=False)

    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.create_index('ix_run_state', ['survey_id', 'state'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('run', schema=None) as batch_op:
        batch_op.drop_index('ix_run_state')

    with op.batch_alter_table('sign_in', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_account_id'))

    op.drop_table('sign_in')
    with op.batch_alter_table('recovery_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_recovery_code_account_id'))

    op.drop_table('recovery_code')
    with op.batch_alter_table('invitation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invitation_account_id'))

    op.drop_table('invitation')
    op.drop_table('account')
