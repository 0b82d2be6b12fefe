"""`izwi accounts …`: who has an account of the console, from the terminal: for the day when no admin can sign in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from app.cli.allowing import trail
from app.cli.root import fail, read_settings, say
from app.cli.stored import loaded_keys, local, opened
from app.gateway.accounts import CODE_LASTS
from app.gateway.people import People
from app.gateway.refusals import NotPossible
from app.settings import Settings
from app.values import Role

_NAME = click.argument("name")
_HOURS = round(CODE_LASTS.total_seconds() / 3600)


@click.group(short_help="People who sign in to the console")
def accounts() -> None:
    """See who has an account of the console, give codes for new accounts and new passwords, and let people in no more.

    Admins do the same under People in the console; this is for the day when none of them can sign in.
    """


@contextmanager
def _people() -> Iterator[tuple[People, Settings]]:
    settings = read_settings()
    with opened(settings) as database:
        try:
            yield People(database, loaded_keys(settings), trail(settings)), settings
        except NotPossible as error:
            fail(str(error))


@accounts.command("list", short_help="Who has one, and as what")
def list_() -> None:
    """Show all accounts by name: the role, whether codes from a phone are set up, and who may not come in."""
    with _people() as (people, settings):
        found = people.every()
    for each in found:
        codes = "codes" if each.has_totp else ""
        gone = f"  may not come in since {local(each.disabled_at, settings)}" if each.disabled_at else ""
        say(f"{each.name:32} {each.role:12} {codes:6} made {local(each.created_at, settings)}{gone}")
    if not found:
        say("There is no account yet: `izwi serve` prints a code for the first one.")


@accounts.command(short_help="Give a code for a new account")
@click.option(
    "--role", type=click.Choice([each.value for each in Role]), default=Role.COORDINATOR.value, show_default=True,
    help="What it may do",
)  # fmt: skip
def invite(role: str) -> None:
    """Show a code that makes an account, once. Whoever has it types it at /welcome, with a name and a password of her own."""
    with _people() as (people, settings):
        _told(people.invite(Role(role), datetime.now(UTC)), settings)


@accounts.command(short_help="Give a code for a new password")
@_NAME
@click.option("--take-codes", is_flag=True, help="She lost her phone too: let her sign in without its codes")
def reset(name: str, take_codes: bool) -> None:
    """Show a code by which NAME chooses a new password. The old one ends, and she is signed in nowhere any more."""
    now = datetime.now(UTC)
    with _people() as (people, settings):
        found = people.find(name)
        code = people.reset(found, now)
        if take_codes:
            people.take_codes(found, now)
        _told(code, settings)


@accounts.command(short_help="Let somebody in no more")
@_NAME
def disable(name: str) -> None:
    """Let NAME in no more, at once. What she did stays under her name. The last admin stays."""
    with _people() as (people, _):
        people.disable(people.find(name), datetime.now(UTC))
    say(f"{name} cannot sign in any more. An admin lets her in again under People in the console.")


def _told(code: str, settings: Settings) -> None:
    base = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    say(f"It works once, within {_HOURS} hours, at {base}/welcome. It is not shown again:\n", err=True)
    say(code)
