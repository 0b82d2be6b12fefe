"""`izwi views` and `izwi snapshot`: what analysts read, who may log in to read it, and a copy to take along."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy.engine import Connection

from app.cli.allowing import trail
from app.cli.files import whole_file
from app.cli.root import fail, read_settings, say
from app.cli.stored import opened
from app.store import snapshot as copying
from app.store.unit import Database
from app.store.views import readers, renewing

_TELL_EVERY = 100_000


@click.group(short_help="What analysts read, and who may log in to read it")
def views() -> None:
    """The SQL views that analysts read. docs/data.md says what is in each."""


@views.command("list", short_help="The views, and whether each is as it should be")
def list_views() -> None:
    """Show all views, and those that are behind."""
    with opened(read_settings()) as database:
        behind = set(database.read(renewing.behind))
        for each in database.read(renewing.wanted):
            say(f"{each.name:50} {len(each.columns):5} columns{'  BEHIND' if each.name in behind else ''}")
    if behind:
        say("\n  izwi views renew    tries to bring them up to date, and says what is in the way")


@views.command(short_help="Bring views up to date that could not be replaced")
@click.option("--drop-dependents", is_flag=True, help="Drop what others built on them; theirs to make again")
def renew(drop_dependents: bool) -> None:
    """Replace views that are behind: somebody's own view stood on them, or a long query held them."""
    settings = read_settings()
    pen, now = trail(settings), datetime.now(UTC)

    def work(connection: Connection) -> list[renewing.Kept]:
        kept = renewing.renew(connection, drop_dependents=drop_dependents)
        pen.note(connection, "views renew", "all", at=now, reason="drop dependents" if drop_dependents else "")
        return kept

    with opened(settings) as database:
        kept = database.write(work)
    for each in kept:
        say(f"{each.view} stays as it was: {each.reason}.", err=True)
    if kept:
        fail("Drop those and try again, or give --drop-dependents.")
    say("All views are up to date.")


@views.command(short_help="Let an analyst log in to PostgreSQL and see the views alone")
@click.argument("name")
@click.option("--remove", is_flag=True, help="Take the role away")
@click.option(
    "--print", "only_print", is_flag=True, help="Print the SQL for a database administrator, and change nothing"
)
def reader(name: str, remove: bool, only_print: bool) -> None:
    """Make the PostgreSQL role NAME, or give it a new password; the password is shown once.

    It sees the schema `analysis`: no table, no phone number. Where our own role may not make others, the SQL is printed
    for somebody who may.
    """
    settings = read_settings()
    pen, now = trail(settings), datetime.now(UTC)
    with opened(settings) as database:
        there = _check(database, name)
        if remove and not there:
            fail(f"There is no reader {name}.")
        made = readers.new(name)
        only_print = only_print or not database.read(readers.may_make)

        def work(connection: Connection) -> list[str]:
            statements = readers.removing(connection, name) if remove else readers.making(connection, made, there=there)
            if not only_print:
                readers.run(connection, statements)
            pen.note(connection, "reader remove" if remove else "reader add", name, at=now)
            return statements

        statements = database.write(work)
    if only_print:
        say("-- For a role that may make roles, in this database:")
        say("\n".join(f"{each};" for each in statements))
    if remove:
        say(f"The reader {name} is {'to be ' if only_print else ''}removed.", err=True)
        return
    say("Copy it now, it is not shown again. The schema is `analysis`.\n", err=True)
    say(f"{'-- ' if only_print else ''}{name} {made.password}")


@click.command(short_help="Write all views to an SQLite file, to take along")
@click.argument("output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
def snapshot(output: Path) -> None:
    """Write the SQLite file FILE with all views as tables, as of now. It appears when it is whole, and is for reading only.

    Nothing of a phone is in it; answers are, so keep it as carefully as they are to be kept.
    """
    settings = read_settings()
    pen, now = trail(settings), datetime.now(UTC)
    with opened(settings) as database:
        database.write(lambda connection: pen.note(connection, "snapshot", "all", at=now))
        with whole_file(output) as draft:
            path = Path(draft.name)
            counts = database.read(lambda connection: copying.write(connection, path, now, _progress()))
            path.chmod(0o400)
    rows = sum(counts.values())
    say(f"{len(counts)} tables with {rows:,} rows are in {output}, as of {now:%Y-%m-%d %H:%M} UTC.", err=True)


def _check(database: Database, name: str) -> bool:
    try:
        return database.read(lambda connection: readers.check(connection, name))
    except readers.NotAReader as error:
        fail(str(error))
        raise


def _progress() -> Callable[[str, int], None]:
    """Say now and then how far it got, to a person who waits."""
    said: dict[str, int] = {}

    def tell(view: str, count: int) -> None:
        if sys.stderr.isatty() and count - said.get(view, 0) >= _TELL_EVERY:
            said[view] = count
            say(f"  {view}: {count:,}", err=True)

    return tell
