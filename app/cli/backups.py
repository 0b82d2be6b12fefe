"""`izwi backup` and `izwi restore`: all that there is in one sealed file, and back from it into an empty place."""

import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli.allowing import trail
from app.cli.root import read_settings, say
from app.cli.stored import loaded_keys, local, opened, refuse
from app.gateway.backing_up import BackingUp
from app.gateway.refusals import NotPossible
from app.gateway.restoring import Restored, Restoring, Verified
from app.settings import Settings
from app.store import keys as vault
from app.store.backups.dumping import Told
from app.store.backups.keyring import FILE
from app.store.keys import Keys, KeysUnreadable
from app.store.unit import Database
from app.values import VERSION

_TELL_EVERY = 100_000
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Write all that there is into one sealed file")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keys-only", is_flag=True, help="Only let the backups in the folder forget who was erased since; quick")
def backup(folder: Path, keys_only: bool) -> None:
    """Make a backup in FOLDER, sealed with a key of keys.json, while everything goes on; and the keyring beside it anew.

    Whoever was erased is unreadable in all backups of the folder from then on. keys.json is in no backup: keep a copy of it
    elsewhere, for without it no backup can be read.
    """
    settings = read_settings()
    with opened(settings) as database:
        backing_up = BackingUp(database, loaded_keys(settings), trail(settings), VERSION)
        now = datetime.now(UTC)
        try:
            if keys_only:
                say(f"The keyring in {folder} has the keys of {backing_up.keys_only(folder, now):,} phones.")
                return
            made = backing_up.make(folder, now, _telling())
        except NotPossible as error:
            refuse(str(error))
    size = made.path.stat().st_size
    say(f"{made.path} has {sum(made.counts.values()):,} rows in {size / 1e6:,.1f} MB, and {FILE} {made.phones:,} keys.")
    say(f"\n  izwi restore --verify {made.path}    reads it whole, and restores nothing")


@click.command(short_help="Bring a backup back into an empty database")
@click.argument("file", type=_FILE)
@click.option("--keyring", type=_FILE, help=f"The keyring that goes with it  [default: {FILE} beside it]")
@click.option("--verify", is_flag=True, help="Read all of it and say what is in it; restore nothing")
def restore(file: Path, keyring: Path | None, verify: bool) -> None:
    """Bring FILE back into the empty database of the settings, SQLite or PostgreSQL, whichever it was made of.

    It needs the keys.json of the service in IZWI_DATA_DIR. Nothing is sent afterwards until somebody says so: channels are
    held, broadcasts are paused, and what waited counts as of unknown outcome.
    """
    settings = read_settings()
    restoring = Restoring(file, keyring or file.parent / FILE, _keys(settings))
    try:
        if verify:
            _say_verified(restoring.verify(_telling()), settings)
            return
        with closing(Database(settings.database)) as database:
            found = restoring.restore(database, trail(settings), datetime.now(UTC), _telling())
    except NotPossible as error:
        refuse(str(error))
    _say_restored(found, settings)


def _keys(settings: Settings) -> Keys:
    """The keys that are there: new ones would open nothing."""
    if not vault.there(settings.data_dir):
        refuse(
            f"There is no keys.json in {settings.data_dir}, and without it no backup can be read. Put your copy of it there "
            "(for its owner only: chmod 600)."
        )
    try:
        return vault.load(settings.data_dir, ())
    except KeysUnreadable as error:
        refuse(str(error))


def _telling() -> Told:
    """Says how far it came, where somebody looks on."""
    next_at: dict[str, int] = {}

    def told(table: str, rows: int) -> None:
        if sys.stderr.isatty() and rows >= next_at.setdefault(table, _TELL_EVERY):
            next_at[table] = rows + _TELL_EVERY
            say(f"  {table}: {rows:,} rows …", err=True)

    return told


def _say_verified(found: Verified, settings: Settings) -> None:
    say(f"It is whole: {_counted(found.counts)}, as they were at {_time(found.made_at, settings)}.")
    for name, count in sorted(found.counts.items()):
        if count:
            say(f"  {name:16} {count:>12,}")
    if found.left_out:
        say(f"Of {found.left_out:,} phones nothing can be read any more: they were forgotten since.")


def _say_restored(found: Restored, settings: Settings) -> None:
    say(f"{_counted(found.counts)} are back, as they were at {_time(found.made_at, settings)}.")
    if found.left_out or found.receipts:
        say(
            f"{found.left_out:,} phones were left out, for they were forgotten since; {found.receipts:,} receipts of it are back."
        )
    held = found.held
    say(
        f"\nNothing is sent until you say so. {held.messages:,} messages and {held.gifts:,} gifts of airtime that waited are of "
        f"unknown outcome now, {held.broadcasts:,} broadcasts are paused, {held.channels:,} channels are held.\n\n"
        "  izwi status                   shows how it stands\n"
        "  izwi channels release NAME    lets a channel send\n"
        "  izwi messages unknown         decides what becomes of replies that waited\n"
        "  izwi broadcast resume NAME    goes on with a broadcast"
    )


def _counted(counts: Mapping[str, int]) -> str:
    return f"{sum(counts.values()):,} rows of {sum(map(bool, counts.values()))} tables"


def _time(made_at: str, settings: Settings) -> str:
    return local(datetime.fromisoformat(made_at), settings)
