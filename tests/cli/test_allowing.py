"""Who may use which command: every command is in the one map, and whoever may not is told who may."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from app.access import MATRIX, Permission, allowed
from app.cli.allowing import PERMISSIONS
from app.cli.root import COMMANDS, main
from app.store import schema, tokens
from app.store.unit import Database
from app.values import Role
from tests.conftest import Clock

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def database(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    made = Database(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    yield made
    made.close()


def paths(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """All that does something, as one types it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    if command.invoke_without_command:
        yield path, command
    for name, each in command.commands.items():
        yield from paths(each, f"{path} {name}")


def every_command() -> dict[str, click.Command]:
    found = {}
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        found |= dict(paths(command, name))
    return found


def test_every_command_is_in_the_map_and_is_watched() -> None:
    found = every_command()

    assert set(found) == set(PERMISSIONS)
    assert {path: getattr(each.callback, "izwi_path", "") for path, each in found.items()} == {p: p for p in found}


def test_every_permission_but_those_kept_for_later_is_asked_for_by_a_command() -> None:
    assert set(Permission) - set(PERMISSIONS.values()) == {Permission.MODERATE}


@pytest.mark.parametrize("role", Role)
def test_a_role_that_may_not_is_refused_before_anything_happens(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_TERMINAL_ROLE", role)
    monkeypatch.setenv("IZWI_DATABASE_URL", "sqlite:////nowhere/at/all.db")
    monkeypatch.setenv("IZWI_DATA_DIR", "/nowhere/at/all")
    for path, command in every_command().items():
        if allowed(role, PERMISSIONS[path]):
            continue
        needed = ["x" for each in command.params if isinstance(each, click.Argument) and each.required]
        options = [
            part
            for each in command.params
            if isinstance(each, click.Option) and each.required
            for part in (each.opts[0], {"outcome": "helped", "noticed": "2026-11-01"}.get(each.name or "", "x" * 12))
        ]
        files = {"contacts import": [str(ROOT / "README.md")], "surveys add": [str(ROOT / "README.md")]}

        result = run(*path.split(), *files.get(path, needed), *options)

        assert result.exit_code == 1, (path, result.output)
        assert result.output.startswith(f"The role {role.replace('_', ' ')} may not "), (path, result.output)


def test_help_is_for_everybody_and_needs_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_TERMINAL_ROLE", "facilitator")
    monkeypatch.setenv("IZWI_TOKEN", "izwi_nobodys")
    monkeypatch.setenv("IZWI_DATABASE_URL", "sqlite:////nowhere/at/all.db")
    for path in every_command():
        assert run(*path.split(), "--help").exit_code == 0, path


def test_a_token_says_who_sits_there(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def token(name: str, role: Role) -> str:
        return database.write(lambda connection: tokens.add(connection, name, clock(), role=role)) or ""

    monkeypatch.setenv("IZWI_TERMINAL_ROLE", "facilitator")
    monkeypatch.setenv("IZWI_TOKEN", token("Rudo", Role.ANALYST))
    assert run("export", "answers").exit_code == 0
    refused = run("broadcast", "list"), run("broadcast", "new", "b"), run("contacts", "reveal", "x", "--reason", "y")
    assert [each.exit_code for each in refused] == [0, 1, 1]
    assert "may not write, start, resume and cancel broadcasts" in refused[1].output
    assert "Who may: admin, coordinator. You sit here as 'Rudo'" in refused[1].output

    monkeypatch.setenv("IZWI_TOKEN", token("Chipo", Role.ADMIN))
    told = run("audit", "list").output
    assert "Rudo (analyst)  export answers  all" in told
    assert "Rudo" in run("tokens", "list").output
    monkeypatch.setenv("IZWI_TOKEN", "izwi_nobodys")
    assert (
        run("status").output == "IZWI_TOKEN is no token that is known here; `izwi tokens list` shows which there are.\n"
    )


def test_a_token_waits_for_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    assert schema.current(database.engine) is None
    database.close()
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("IZWI_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    monkeypatch.setenv("IZWI_TOKEN", "izwi_x")

    assert "unset it for `izwi migrate`" in run("migrate").output


def test_least_is_given() -> None:
    def holders(permission: Permission) -> set[Role]:
        return {role for role, permissions in MATRIX.items() if permission in permissions}

    assert set(MATRIX) == set(Role)
    assert holders(Permission.SEE_NUMBERS) == holders(Permission.MANAGE_CASES) == {Role.ADMIN, Role.DUTY_OFFICER}
    assert holders(Permission.MANAGE_ACCESS) == holders(Permission.MANAGE_KEYS) == {Role.ADMIN}
    assert holders(Permission.ERASE) == {Role.ADMIN, Role.DUTY_OFFICER}
    assert Role.OPERATOR not in holders(Permission.EXPORT_ANSWERS) | holders(Permission.EXPORT_CONSENTS)
    assert Role.ANALYST not in holders(Permission.RUN_BROADCASTS)
