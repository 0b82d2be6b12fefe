"""`izwi tokens …`: which programs may use the JSON API."""

from datetime import UTC, datetime

import click

from app.cli.root import fail, read_settings, say
from app.cli.stored import local, opened
from app.store import tokens as stored

_LONGEST = 64


@click.group(short_help="Programs that may use the JSON API")
def tokens() -> None:
    """Give programs a token for the JSON API, see which are in use, and take them away.

    Whoever has a token can start broadcasts and spend money: one for each program, and none in a mail.
    """


@tokens.command(short_help="Make a token; it is shown once")
@click.argument("name")
def add(name: str) -> None:
    """Make a token for the program NAME. It is shown now and never again: Izwi keeps only its hash."""
    name = name.strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        fail(f"A token needs a name of at most {_LONGEST} letters: what it is for, e.g. dashboard.", code=2)
    with opened(read_settings()) as database:
        now = datetime.now(UTC)
        token = database.write(lambda connection: stored.add(connection, name, now))
    if token is None:
        fail(f"There is a token {name!r} already. `izwi tokens remove {name}` takes it away first.")
    say("Copy it now, it is not shown again. Programs send it with every request:\n", err=True)
    say(f"Authorization: Bearer {token}")


@tokens.command("list", short_help="All tokens, and when each was last used")
def list_() -> None:
    """Show all tokens by name, when each was made and last used; never the token itself."""
    settings = read_settings()
    with opened(settings) as database:
        found = database.read(stored.every)
    for each in found:
        used = f"last used {local(each.last_used_at, settings)}" if each.last_used_at else "never used"
        say(f"{each.name:24} made {local(each.created_at, settings)}  {used}")
    if not found:
        say("There is no token, so nobody can use the JSON API. `izwi tokens add NAME` makes one.")


@tokens.command(short_help="Take a token away")
@click.argument("name")
def remove(name: str) -> None:
    """Take a token away; from now on nothing answers to it."""
    with opened(read_settings()) as database:
        if not database.write(lambda connection: stored.remove(connection, name)):
            known = ", ".join(each.name for each in database.read(stored.every)) or "none"
            fail(f"There is no token {name!r}. There are: {known}.")
    say(f"The token {name!r} is valid no more.")
