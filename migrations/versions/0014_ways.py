"""What was answered and skipped in each run, so that a funnel need not read all answers."""

import sqlalchemy as sa
from alembic import op

revision = '0014_ways'
down_revision = '0013_console'

_WAYLESS = sa.text("way IS NULL AND state <> 'active'")


def upgrade() -> None:
    # No batch: SQLite would write the whole table anew.
    op.add_column('run', sa.Column('way', sa.Text(), nullable=True, comment='What was answered (1) and skipped (0), by question; NULL until there was time'))
    op.create_index('ix_run_wayless', 'run', ['id'], unique=False, sqlite_where=_WAYLESS, postgresql_where=_WAYLESS)


def downgrade() -> None:
    op.drop_index('ix_run_wayless', 'run')
    op.drop_column('run', 'way')
