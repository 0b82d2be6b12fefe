"""Backups as an operator meets them at the terminal."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import main as service
from app.cli.handset import Network
from app.cli.root import main
from app.settings import Settings
from app.store import audit
from app.store.unit import Database
from tests.conftest import Clock
from tests.phone import Phone

NUMBER = "+263770000001"


@pytest.fixture
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for backups of a service on which somebody has answered."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    parts = service.assemble(Settings())
    phone = Phone(Network(parts, Clock()), NUMBER)
    phone.dial()
    phone.replies("1", "1", "1")
    parts.close()
    made = tmp_path / "backups"
    made.mkdir()
    return made


def run(*arguments: str, **settings: str) -> Result:
    return CliRunner().invoke(main, arguments, env=settings)


def test_a_backup_is_made_verified_and_restored(folder: Path, tmp_path: Path) -> None:
    made = run("backup", str(folder))
    assert made.exit_code == 0, made.output
    (path,) = folder.glob("izwi-*.backup")
    assert "izwi.keyring 1 keys" in made.output
    assert path.stat().st_mode & 0o077 == (folder / "izwi.keyring").stat().st_mode & 0o077 == 0

    verified = run("restore", "--verify", str(path))
    assert verified.exit_code == 0, verified.output
    assert "It is whole" in verified.output
    assert "contact                     1" in verified.output

    url = f"sqlite:///{tmp_path / 'new.db'}"
    restored = run("restore", str(path), IZWI_DATABASE_URL=url)
    assert restored.exit_code == 0, restored.output
    assert "Nothing is sent until you say so" in restored.output
    status = run("status", IZWI_DATABASE_URL=url)
    assert "runs      1 active\nanswers   3" in status.output
    again = run("restore", str(path), IZWI_DATABASE_URL=url)
    assert again.exit_code == 1
    assert "not empty" in again.output
    assert run("audit", "verify", IZWI_DATABASE_URL=url).exit_code == 0


def test_both_are_noted_in_the_trail(folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    run("backup", str(folder))
    (path,) = folder.glob("izwi-*.backup")
    run("backup", "--keys-only", str(folder))
    run("restore", str(path), IZWI_DATABASE_URL=url)

    def trail(database: Database) -> list[tuple[str, str]]:
        found = database.read(audit.every)
        database.close()
        return [(each.action, each.subject) for each in found]

    assert trail(Database(Settings().database)) == [("backup", path.name), ("backup keys", "")]
    first, second = trail(Database(url))
    assert first == ("backup", path.name)
    assert second[0] == "restore"
    assert second[1].startswith("backup of 20")


def test_without_keys_json_it_is_said_what_is_missing(folder: Path, tmp_path: Path) -> None:
    run("backup", str(folder))
    (path,) = folder.glob("izwi-*.backup")
    empty = tmp_path / "empty"

    refused = run("restore", str(path), IZWI_DATA_DIR=str(empty), IZWI_DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}")

    assert refused.exit_code == 1
    assert f"There is no keys.json in {empty}" in refused.output
    assert not empty.exists()
    assert not (tmp_path / "new.db").exists()


def test_what_cannot_be_done_is_said_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    run("backup", str(folder))
    (path,) = folder.glob("izwi-*.backup")
    path.write_bytes(path.read_bytes()[:-9])

    for arguments, words in (
        (["backup", str(tmp_path / "nowhere")], "There is no folder"),
        (["backup", str(tmp_path / "var")], "protects nobody"),
        (["restore", "--verify", str(tmp_path / "nothing.backup")], "cannot be read"),
        (["restore", "--verify", str(path)], "was changed or cut off"),
        (["restore", str(path)], "was changed or cut off"),
    ):
        refused = run(*arguments)
        assert refused.exit_code == 1, arguments
        assert words in refused.output
        assert "Traceback" not in refused.output


@pytest.mark.parametrize("role", ["analyst", "coordinator", "moderator", "duty_officer", "facilitator"])
def test_only_admins_and_operators_may(folder: Path, role: str) -> None:
    for arguments in (["backup", str(folder)], ["restore", "--verify", str(folder / "any")]):
        refused = run(*arguments, IZWI_TERMINAL_ROLE=role)
        assert refused.exit_code == 1
        assert "Who may: admin, operator." in refused.output
    assert list(folder.iterdir()) == []
