"""Who sits at the terminal, and which commands they may use: the one place that knows a command's permission."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, NamedTuple

import click

from app.access import Permission, allowed, refusal
from app.cli.root import fail, read_settings
from app.cli.stored import loaded_keys
from app.gateway.tokens import TERMINAL
from app.settings import TOKEN, Settings
from app.store import schema, tokens
from app.store.audit import Trail
from app.store.unit import Database
from app.values import Role

# What one types after `izwi` → what it takes. A group that does something by itself stands here too.
PERMISSIONS = {
    **dict.fromkeys(("check", "simulate"), Permission.TRY_SURVEYS),
    **dict.fromkeys(
        ("status", "surveys", "surveys show", "surveys diff", "surveys download", "channels list", "broadcast list",
         "broadcast status", "contacts count", "contacts groups", "contacts attributes", "segments list", "segments count",
         "views list", "response", "funnel", "push status"),
        Permission.SEE_STATUS,
    ),
    **dict.fromkeys(("surveys add", "surveys pull", "surveys publish", "surveys retire"), Permission.MANAGE_SURVEYS),
    **dict.fromkeys(
        ("contacts import", "contacts sample", "segments add", "segments remove", "facilitators add",
         "facilitators list", "facilitators remove"),
        Permission.MANAGE_CONTACTS,
    ),
    **dict.fromkeys(
        ("broadcast new", "broadcast plan", "broadcast start", "broadcast pause", "broadcast resume", "broadcast cancel",
         "broadcast remind", "broadcast unknown"),
        Permission.RUN_BROADCASTS,
    ),
    **dict.fromkeys(("channels hold", "channels release"), Permission.HOLD_CHANNELS),
    **dict.fromkeys(
        ("export answers", "export data", "export records", "dictionary", "snapshot", "push start", "push retry"),
        Permission.EXPORT_ANSWERS,
    ),
    "export consents": Permission.EXPORT_CONSENTS,
    **dict.fromkeys(("cases list", "cases take", "cases close"), Permission.MANAGE_CASES),
    "contacts reveal": Permission.SEE_NUMBERS,
    **dict.fromkeys(("erase", "push forgotten"), Permission.ERASE),
    **dict.fromkeys(
        ("serve", "work", "migrate", "backup", "restore", "doctor", "hooks", "retention", "messages unknown",
         "channels log", "demo-data", "views renew"),
        Permission.OPERATE,
    ),
    **dict.fromkeys(("report figures", "coverage", "weights"), Permission.SEE_FIGURES),
    "report breach": Permission.REPORT_BREACH,
    "report processing": Permission.REPORT_PROCESSING,
    **dict.fromkeys(("keys status", "keys rotate", "keys retire"), Permission.MANAGE_KEYS),
    **dict.fromkeys(
        ("tokens add", "tokens list", "tokens remove", "views reader", "accounts list", "accounts invite",
         "accounts reset", "accounts disable"),
        Permission.MANAGE_ACCESS,
    ),
    **dict.fromkeys(("audit list", "audit verify"), Permission.READ_AUDIT),
}  # fmt: skip


class Sitter(NamedTuple):
    """Who sits at the terminal."""

    name: str
    role: Role


def sitter(settings: Settings) -> Sitter:
    """Whose token is in the environment; without one, whoever may type here. Only a token needs the database."""
    token = os.environ.get(TOKEN)
    return _owner(settings, token) if token else Sitter(TERMINAL, settings.terminal_role)


def trail(settings: Settings) -> Trail:
    """What is done here is noted with this."""
    return Trail(loaded_keys(settings).trail, *sitter(settings))


def watched(path: str, command: click.Command) -> click.Command:
    """The command, and all below it, looking first whether who types it may. Help is for everybody."""
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            watched(f"{path} {name}", each)
    acts = not isinstance(command, click.Group) or command.invoke_without_command
    if acts and command.callback is not None and not hasattr(command.callback, "izwi_path"):
        command.callback = _watching(path, command.callback)
    return command


def _watching(path: str, callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def look(*arguments: Any, **options: Any) -> Any:
        if click.get_current_context().invoked_subcommand is None:
            _require(path)
        return callback(*arguments, **options)

    look.izwi_path = path  # type: ignore[attr-defined]  # marks what is watched already; a test reads it of every command
    return look


def _require(path: str) -> None:
    who, permission = sitter(read_settings()), PERMISSIONS[path]
    if not allowed(who.role, permission):
        fail(f"{refusal(who.role, permission)} You sit here as {who.name!r}; {TOKEN} says who you are.")


def _owner(settings: Settings, token: str) -> Sitter:
    database = Database(settings.database)
    try:
        if schema.current(database.engine) != schema.newest():
            fail(f"{TOKEN} cannot be looked up before the tables are up to date: unset it for `izwi migrate`.")
        found = database.read(lambda connection: tokens.find(connection, token))
        if found is None:
            fail(f"{TOKEN} is no token that is known here; `izwi tokens list` shows which there are.")
            raise AssertionError("unreachable")
        now = datetime.now(UTC)
        if tokens.is_to_be_noted(found, now):
            database.write(lambda connection: tokens.used(connection, found, now))
        return Sitter(found.name, found.role)
    finally:
        database.close()
