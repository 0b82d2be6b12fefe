"""Brings the tables of a database up to date: alembic, one tree of migrations for SQLite and PostgreSQL."""

import logging
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from app.store.views import renewing

TREE = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 0x12571  # any number that only Izwi's migrations use


def newest() -> str:
    """The name of the newest migration on disk; they are numbered."""
    return max(path.stem for path in (TREE / "versions").glob("[0-9]*.py"))


def current(engine: Engine) -> str | None:
    """The migration that a database is at; None for an empty one, and for a file that is not there (nor made by this)."""
    if engine.dialect.name == "sqlite" and engine.url.database and not Path(engine.url.database).exists():
        return None
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply migrations; a process that is killed on the way leaves the schema as it was."""
    _run(engine, "upgrade", revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take migrations back."""
    _run(engine, "downgrade", revision)


def config(connection: Connection) -> Any:
    """Alembic's configuration for one connection."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(TREE))
    made.attributes["connection"] = connection
    return made


def _run(engine: Engine, verb: str, revision: str) -> None:
    from alembic import command

    logging.getLogger("alembic").setLevel(logging.WARNING)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Recreating a table in a migration would otherwise take the rows with it that point at it (facts: engine 3.5).
            # Said to SQLite itself: inside a transaction, which SQLAlchemy would begin, it has no effect.
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        try:
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                renewing.drop(connection)  # made again at the start
                getattr(command, verb)(config(connection), revision)
                if connection.dialect.name == "sqlite":
                    _check_foreign_keys(connection)
        finally:
            if connection.dialect.name == "sqlite":
                connection.invalidate()


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise RuntimeError(f"the migration would leave rows of {broken[0]} that point at nothing; nothing was changed")
