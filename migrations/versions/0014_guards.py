"""What forms ask of figures, and HXL tags, beside what they say of questions; read from the forms when the service starts."""

import sqlalchemy as sa
from alembic import op

revision = '0014_guards'
down_revision = '0013_console'


def upgrade() -> None:
    op.add_column('description', sa.Column('guard', sa.Text(), nullable=True, comment='What its form asks of figures (JSON); null: not read yet, so no figures can be shown'))
    op.add_column('question', sa.Column('hxl', sa.Text(), server_default='', nullable=False, comment='Its HXL tag, where the form gives it one'))


def downgrade() -> None:
    with op.batch_alter_table('question', schema=None) as batch_op:
        batch_op.drop_column('hxl')
    with op.batch_alter_table('description', schema=None) as batch_op:
        batch_op.drop_column('guard')
