"""Migrations: from nothing to now and back, on both databases, and the models agree with what they make."""

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.models import metadata
from app.store import schema
from app.store.unit import Database


def test_the_migrations_make_what_the_models_say(database_url: str) -> None:
    database = Database(database_url)

    with database.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    assert found == []
    database.close()


def test_every_migration_can_be_taken_back_and_done_again(database_url: str) -> None:
    database = Database(database_url)

    schema.downgrade(database.engine, "base")
    assert set(sa.inspect(database.engine).get_table_names()) <= {"alembic_version"}
    schema.upgrade(database.engine)

    assert schema.current(database.engine) == schema.newest()
    assert set(metadata.tables) <= set(sa.inspect(database.engine).get_table_names())
    database.close()


def test_every_sqlite_connection_survives_a_power_cut(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'izwi.db'}")

    def look(connection: sa.Connection) -> tuple[str, int, int]:
        read = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        return read[0], read[1], connection.exec_driver_sql("PRAGMA foreign_keys").scalar()

    assert database.read(look) == ("wal", 2, 1)
    assert database.write(look) == ("wal", 2, 1)
    database.close()


def test_the_database_refuses_what_the_code_should_never_write(database_url: str) -> None:
    database = Database(database_url)
    inspector = sa.inspect(database.engine)

    checks = {table: {check["name"] for check in inspector.get_check_constraints(table)} for table in metadata.tables}

    assert "ck_run_state_known" in checks["run"]
    assert "ck_outbox_state_known" in checks["outbox"]
    assert {index["name"] for index in inspector.get_indexes("run") if index["unique"]} >= {"uq_run_active"}
    database.close()
