"""`izwi tokens`: a token is shown once, known again by its hash, and valid until somebody takes it away."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.tokens import tokens
from app.store import tokens as stored
from app.store.unit import Database
from tests.conftest import Clock


@pytest.fixture
def database(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    return Database(database_url.replace("postgresql://", "postgresql+psycopg://", 1))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(tokens, list(arguments))


def test_a_token_is_shown_once_and_only_its_hash_is_kept(database: Database) -> None:
    shown = run("add", "dashboard").stdout.strip()

    token = shown.removeprefix("Authorization: Bearer ")
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, digest FROM api_token").all()
    assert [(name, bytes(digest)) for name, digest in rows] == [("dashboard", hashlib.sha256(token.encode()).digest())]
    assert len(token) > 40
    listed = run("list").output
    assert "dashboard" in listed
    assert "never used" in listed
    assert token not in listed
    database.close()


def test_a_token_is_known_again_until_it_is_taken_away(database: Database) -> None:
    token = run("add", "dashboard").stdout.split()[-1]
    other = run("add", "other").stdout.split()[-1]

    def name_of(given: str) -> str | None:
        found = database.read(lambda connection: stored.find(connection, given))
        return found.name if found else None

    assert [name_of(token), name_of(other), name_of(token[:-1]), name_of("")] == ["dashboard", "other", None, None]
    assert run("remove", "dashboard").exit_code == 0
    assert [name_of(token), name_of(other)] == [None, "other"]
    database.close()


def test_a_name_is_taken_once_and_what_is_not_there_is_said(database: Database) -> None:
    run("add", "dashboard")

    again, strange, empty = run("add", "dashboard"), run("remove", "tablet"), run("add", " ")

    assert (again.exit_code, strange.exit_code, empty.exit_code) == (1, 1, 2)
    assert "There is a token 'dashboard' already" in again.output
    assert "There is no token 'tablet'. There are: dashboard." in strange.output
    database.close()


def test_the_use_of_a_token_is_noted_once_a_minute(database: Database, clock: Clock) -> None:
    token = run("add", "dashboard").stdout.split()[-1]

    def find() -> stored.Token:
        found = database.read(lambda connection: stored.find(connection, token))
        assert found is not None
        return found

    assert stored.is_to_be_noted(find(), clock())
    database.write(lambda connection: stored.used(connection, find(), clock()))

    assert not stored.is_to_be_noted(find(), clock() + timedelta(seconds=59))
    assert stored.is_to_be_noted(find(), clock() + timedelta(seconds=60))
    assert "last used 20" in run("list").output
    database.close()
