"""Alembic's entry: runs the migrations on the connection that `app.store.schema` hands over."""

from alembic import context

from app.models import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
    compare_type=True,
    user_module_prefix="types.",
)
context.run_migrations()
