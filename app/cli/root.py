"""The command `izwi` itself, and what all its commands share."""

import logging
import sys
from importlib import import_module

import click

from app.settings import BadSettings, Settings, load
from app.values import VERSION

# Command → the module that has it. Loaded when asked for, so that `izwi --help` and short commands start at once.
COMMANDS = {
    "serve": "serving", "work": "serving", "migrate": "migrating",
    "check": "forms", "surveys": "surveys", "simulate": "phone",
    "contacts": "contacts", "segments": "segments", "broadcast": "broadcasts", "messages": "messages",
    "export": "exporting", "dictionary": "extracting", "push": "pushing", "channels": "channels",
    "hooks": "looking", "keys": "keying", "status": "looking", "tokens": "tokens", "accounts": "accounts",
    "cases": "cases", "facilitators": "facilitators", "erase": "erasing", "retention": "keeping", "audit": "auditing",
    "report": "reporting", "backup": "backups", "restore": "backups", "doctor": "doctor", "demo-data": "demo",
    "views": "views", "snapshot": "views",
    "coverage": "missing", "weights": "missing", "response": "missing", "funnel": "missing",
}  # fmt: skip


class Commands(click.Group):
    """A group whose commands are imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order that one needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"app.cli.{COMMANDS[cmd_name]}"), cmd_name.replace("-", "_"))
        watched: click.Command = import_module("app.cli.allowing").watched(cmd_name, command)
        return watched


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, message="izwi %(version)s")
def main() -> None:
    """Izwi runs surveys on basic phones: as a USSD menu and as an SMS conversation.

    Settings come from the environment (IZWI_…) and from the file that IZWI_CONFIG names; `izwi doctor` shows them. IZWI_TOKEN
    says who you are: docs/do-no-harm.md has the table of who may do what.
    """


def say(text: str = "", *, err: bool = False) -> None:
    """Print a line."""
    click.echo(text, err=err)


def fail(text: str, code: int = 1) -> None:
    """Say what is wrong and end with an exit status."""
    click.echo(text, err=True)
    sys.exit(code)


def log_to_stderr(level: str) -> None:
    """Send the log to standard error: time in UTC, level, where, what. Never a number, an answer or a survey's text."""
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # says what it is made of at every start
    logging.getLogger("httpx").setLevel(logging.WARNING)  # says every address, and one of ODK Central's may hold a key


def read_settings(**overrides: object) -> Settings:
    """Read the settings, or say what is wrong with them and end."""
    try:
        return load(**{name: value for name, value in overrides.items() if value is not None})
    except BadSettings as error:
        fail(f"These settings are wrong:\n{error}", code=2)
        raise
