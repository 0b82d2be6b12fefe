"""What published versions say of their questions and choices; filled when the service starts. Runs of a version by their time."""

import sqlalchemy as sa
from alembic import op

from app.models import types

revision = '0011_descriptions'
down_revision = '0010_contact_keys'


def upgrade() -> None:
    op.drop_index(op.f('ix_run_survey_version_id'), table_name='run')
    op.create_index(op.f('ix_run_survey_version_id_started_at'), 'run', ['survey_version_id', 'started_at'], unique=False)
    op.create_table('description',
    sa.Column('survey_version_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('number', sa.Integer(), nullable=False, comment='Its place among the versions, as they were first published'),
    sa.Column('languages', sa.Text(), nullable=False, comment="Code → name (JSON), the form's own language first"),
    sa.ForeignKeyConstraint(['survey_version_id'], ['survey_version.id'], name=op.f('fk_description_survey_version_id')),
    sa.PrimaryKeyConstraint('survey_version_id', name=op.f('pk_description')),
    comment='A version whose questions and choices are described here: one that was ever published'
    )
    op.create_table('question',
    sa.Column('survey_version_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False, comment='What answers call it'),
    sa.Column('place', sa.Integer(), nullable=False, comment='Its place in the form, from 1'),
    sa.Column('column_name', sa.String(length=63), nullable=False, comment='Its column in wide tables; never changes'),
    sa.Column('short', sa.String(length=32), nullable=False, comment='Its name in SPSS and Stata; never changes'),
    sa.Column('type', sa.String(length=32), nullable=False, comment='As XLSForm calls it'),
    sa.Column('measure', sa.String(length=16), nullable=False, comment='What holds its values in all versions so far'),
    sa.Column('repeats', sa.Text(), nullable=False, comment='The repeats that it is in, the outermost first (JSON)'),
    sa.Column('required', sa.Boolean(), nullable=False),
    sa.Column('sensitive', sa.Boolean(), nullable=False),
    sa.Column('consent', sa.String(length=16), nullable=False, comment='What it asks consent for; empty: for nothing'),
    sa.Column('relevant', sa.Text(), nullable=False, comment='Who is asked, in words; empty: everybody'),
    sa.ForeignKeyConstraint(['survey_version_id'], ['description.survey_version_id'], name=op.f('fk_question_survey_version_id')),
    sa.PrimaryKeyConstraint('survey_version_id', 'name', name=op.f('pk_question')),
    comment='A question of a version, or a value that its form works out'
    )
    op.create_table('choice',
    sa.Column('survey_version_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('question', sa.String(length=255), nullable=False),
    sa.Column('name', sa.Text(), nullable=False, comment='What answers hold'),
    sa.Column('place', sa.Integer(), nullable=False, comment='Its place in the list, from 1'),
    sa.Column('code', sa.BigInteger(), nullable=False, comment='Its number in programs that know numbers; never changes'),
    sa.ForeignKeyConstraint(['survey_version_id', 'question'], ['question.survey_version_id', 'question.name'], name=op.f('fk_choice_survey_version_id_question')),
    sa.PrimaryKeyConstraint('survey_version_id', 'question', 'name', name=op.f('pk_choice')),
    comment='A choice of a question in a version'
    )
    op.create_table('question_label',
    sa.Column('survey_version_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('question', sa.String(length=255), nullable=False),
    sa.Column('language', sa.String(length=35), nullable=False),
    sa.Column('label', sa.Text(), nullable=False, comment='A value that stands in it is written as …'),
    sa.ForeignKeyConstraint(['survey_version_id', 'question'], ['question.survey_version_id', 'question.name'], name=op.f('fk_question_label_survey_version_id_question')),
    sa.PrimaryKeyConstraint('survey_version_id', 'question', 'language', name=op.f('pk_question_label')),
    comment='A question in one language'
    )
    op.create_table('choice_label',
    sa.Column('survey_version_id', types.BigId(), autoincrement=False, nullable=False),
    sa.Column('question', sa.String(length=255), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=35), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['survey_version_id', 'question', 'name'], ['choice.survey_version_id', 'choice.question', 'choice.name'], name=op.f('fk_choice_label_survey_version_id_question_name')),
    sa.PrimaryKeyConstraint('survey_version_id', 'question', 'name', 'language', name=op.f('pk_choice_label')),
    comment='A choice in one language'
    )


def downgrade() -> None:
    op.drop_table('choice_label')
    op.drop_table('question_label')
    op.drop_table('choice')
    op.drop_table('question')
    op.drop_table('description')
    op.drop_index(op.f('ix_run_survey_version_id_started_at'), table_name='run')
    op.create_index(op.f('ix_run_survey_version_id'), 'run', ['survey_version_id'], unique=False)
