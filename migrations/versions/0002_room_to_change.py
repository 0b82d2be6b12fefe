"""Room to change: pages of hot tables keep space for the rows that turns change (PostgreSQL)."""

from alembic import op

revision = '0002_room_to_change'
down_revision = '0001_the_whole_path'


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER TABLE run SET (fillfactor = 70)')
        op.execute('ALTER TABLE session SET (fillfactor = 70)')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER TABLE run RESET (fillfactor)')
        op.execute('ALTER TABLE session RESET (fillfactor)')
