"""A key for each phone, which seals what backups have of it; a word may stand for four digits."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0010_contact_keys'
down_revision = '0009_do_no_harm'


def upgrade() -> None:
    op.create_table('contact_key',
    sa.Column('contact_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('key', sa.LargeBinary(), nullable=False, comment='Seals what backups have of her; without it they are unreadable'),
    sa.CheckConstraint('length(key) = 32', name=op.f('ck_contact_key_key_whole')),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_contact_key_contact_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('contact_id', name=op.f('pk_contact_key')),
    comment='The key of a phone in all backups; it is in none of them'
    )
    _describe_pins('Keyed hash of the digits or word that she comes back with')


def downgrade() -> None:
    _describe_pins('Keyed hash of the four digits that she comes back with')
    op.drop_table('contact_key')


def _describe_pins(comment: str) -> None:
    # SQLite keeps no comments; to change one there would write the whole table anew.
    if op.get_context().dialect.name == 'postgresql':
        op.alter_column('respondent', 'pin_hash', existing_type=sa.LargeBinary(), existing_nullable=True, comment=comment)
