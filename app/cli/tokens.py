"""`izwi tokens …`: which people and programs may use the JSON API and the commands, and as what."""

from datetime import UTC, datetime

import click

from app.cli.allowing import trail
from app.cli.root import fail, read_settings, say
from app.cli.stored import local, opened
from app.gateway import tokens as given
from app.gateway.refusals import NotPossible
from app.store import tokens as stored
from app.values import Role


@click.group(short_help="People and programs, and what each may do")
def tokens() -> None:
    """Give people and programs a token with a role, see which are in use, and take them away.

    A program sends it to the JSON API; a person has it in the environment as IZWI_TOKEN. A role may do what the table in
    docs/do-no-harm.md says: one token for each person and program, with the least that is enough, and none in a mail.
    """


@tokens.command(short_help="Make a token; it is shown once")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([each.value for each in Role]),
    default=Role.COORDINATOR.value,
    show_default=True,
    help="What it may do",
)
def add(name: str, role: str) -> None:
    """Make a token for NAME, a person or a program. It is shown now and never again: Izwi keeps only its hash."""
    try:
        name = given.checked(name)
    except NotPossible as error:
        fail(str(error), code=2)
    settings = read_settings()
    pen, now = trail(settings), datetime.now(UTC)
    with opened(settings) as database:
        try:
            token = given.add(database, pen, name, Role(role), now)
        except NotPossible:
            fail(f"There is a token {name!r} already. `izwi tokens remove {name}` takes it away first.")
    say(
        "Copy it now, it is not shown again. Programs send it with every request; people set it as IZWI_TOKEN:\n",
        err=True,
    )
    say(f"Authorization: Bearer {token}")


@tokens.command("list", short_help="All tokens, and when each was last used")
def list_() -> None:
    """Show all tokens by name, when each was made and last used; never the token itself."""
    settings = read_settings()
    with opened(settings) as database:
        found = database.read(stored.every)
    for each in found:
        used = f"last used {local(each.last_used_at, settings)}" if each.last_used_at else "never used"
        say(f"{each.name:24} {each.role:12} made {local(each.created_at, settings)}  {used}")
    if not found:
        say("There is no token, so nobody can use the JSON API. `izwi tokens add NAME` makes one.")


@tokens.command(short_help="Take a token away")
@click.argument("name")
def remove(name: str) -> None:
    """Take a token away; from now on nothing answers to it."""
    settings = read_settings()
    pen, now = trail(settings), datetime.now(UTC)

    with opened(settings) as database:
        try:
            given.remove(database, pen, name, now)
        except NotPossible:
            known = ", ".join(each.name for each in database.read(stored.every)) or "none"
            fail(f"There is no token {name!r}. There are: {known}.")
    say(f"The token {name!r} is valid no more.")
