"""`izwi keys`: the keys that phone numbers are encrypted with; changed while everything goes on."""

from datetime import UTC, datetime, timedelta

import click

from app.cli.allowing import trail
from app.cli.root import read_settings, say
from app.cli.stored import loaded_keys, opened, refuse
from app.store import contacts
from app.store import keys as vault
from app.store.keys import Keys
from app.store.unit import Database

_SETTLED = timedelta(minutes=2)  # by then every process has seen a new key


@click.group(short_help="The keys of phone numbers: see and change them")
def keys() -> None:
    """Change the keys that phone numbers are encrypted with. Keep a copy of keys.json apart from the database."""


@keys.command(short_help="How many numbers each step still waits for")
def status() -> None:
    """Show how many keys there are, and how many numbers an older one still seals."""
    settings = read_settings()
    with opened(settings) as database:
        loaded = loaded_keys(settings)
        say(f"{len(loaded.seals)} key(s), the newest is number {loaded.current}.")
        if len(loaded.seals) > 1:
            left = _left(database, loaded)
            say(f"{left:,} numbers are still sealed with an older one." if left else "None is needed but the newest.")
            if not left:
                say("\n  izwi keys retire    destroys the older ones")


@keys.command(short_help="Begin to use a new key")
def rotate() -> None:
    """Make a new key. Running services use it within seconds, and the worker encrypts all numbers anew."""
    settings = read_settings()
    pen, now = trail(settings), datetime.now(UTC)
    with opened(settings) as database:
        new = loaded_keys(settings).current + 1
        database.write(lambda connection: pen.note(connection, "keys rotate", f"key {new}", at=now))
        vault.rotate(settings.data_dir, now)
    say(f"Key {new} is in use from now on. Make a new copy of keys.json, and give it to every machine that runs Izwi.")
    say("\n  izwi keys status    shows how many numbers are still to be encrypted anew")


@keys.command(short_help="Destroy the older keys")
@click.option("--yes", is_flag=True, help="Do not ask")
def retire(yes: bool) -> None:
    """Destroy all keys but the newest. Numbers in older backups can then never be read again, by nobody."""
    settings = read_settings()
    with opened(settings) as database:
        loaded = loaded_keys(settings)
        if len(loaded.seals) == 1:
            say("There is only one key.")
            return
        made = vault.rotated_at(settings.data_dir)
        if made is not None and datetime.now(UTC) - made < _SETTLED:
            refuse("The newest key is less than two minutes old; a service may not have seen it yet. Try again later.")
        if left := _left(database, loaded):
            refuse(
                f"{left:,} numbers are still sealed with an older key; the worker encrypts them anew. Is it running?"
            )
        if not yes:
            click.confirm(
                "Destroy the older keys? Backups that were made before stay unreadable.", abort=True, err=True
            )
        pen, now, kept = trail(settings), datetime.now(UTC), f"all but key {loaded.current}"
        database.write(lambda connection: pen.note(connection, "keys retire", kept, at=now))
        vault.retire(settings.data_dir)
    say("Only the newest key is left. Destroy the older copies of keys.json too.")


def _left(database: Database, loaded: Keys) -> int:
    return database.read(lambda connection: contacts.older(connection, loaded))
