"""`izwi accounts`: for the day when no admin can sign in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.accounts import accounts
from app.gateway.accounts import Accounts
from app.settings import Settings
from app.store import audit, sign_ins
from app.store import keys as vault
from app.store.unit import Database
from app.values import Role
from tests.console.conftest import add_account

PASSWORD = "copper thimble mango Wednesday"


@pytest.fixture
def database(database_url: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    return Database(settings.database)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(accounts, list(arguments))


def desk(database: Database, settings: Settings) -> Accounts:
    return Accounts(database, vault.load(settings.data_dir, ()))


def test_an_admin_who_lost_her_password_is_given_a_code_for_a_new_one(database: Database, settings: Settings) -> None:
    now = datetime.now(UTC)
    rudo = add_account(database, "Rudo", Role.ADMIN)
    secret = database.write(lambda connection: sign_ins.begin(connection, rudo.id, "A test", now))
    code = run("reset", "Rudo", "--take-codes").stdout.strip()

    assert database.read(lambda connection: sign_ins.find(connection, secret, now)) is None
    made = desk(database, settings).accept(code, "", PASSWORD, locale="en", at=now)
    assert (made.name, made.role) == ("Rudo", Role.ADMIN)
    assert desk(database, settings).check("Rudo", PASSWORD, now).name == "Rudo"
    noted = [(each.actor, each.action, each.subject) for each in database.read(audit.every)]
    assert noted[:2] == [("terminal", "account reset", "Rudo"), ("terminal", "account codes", "Rudo")]
    database.close()


def test_a_new_admin_is_invited_from_the_terminal_and_the_last_one_stays(
    database: Database, settings: Settings
) -> None:
    add_account(database, "Rudo", Role.ADMIN)
    last = run("disable", "Rudo")
    assert (last.exit_code, "Nobody else is an admin" in last.output) == (1, True)

    code = run("invite", "--role", "admin").stdout.strip()
    desk(database, settings).accept(code, "Tendai", PASSWORD, locale="en", at=datetime.now(UTC))
    assert run("disable", "Rudo").exit_code == 0
    listed = run("list").output.splitlines()
    assert ["may not come in" in each for each in listed] == [True, False]
    assert "admin" in listed[1]
    assert run("reset", "Rudo").exit_code == 1
    assert run("disable", "Chipo").exit_code == 1
    database.close()


def test_without_an_account_the_list_says_what_makes_one(database: Database) -> None:
    assert "prints a code for the first one" in run("list").output
    database.close()
