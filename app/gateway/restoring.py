"""Reading a backup, and bringing it back into an empty database, where it sends nothing by itself (docs/decisions/D17)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import Connection

from app.gateway.refusals import NotPossible
from app.store import schema
from app.store.audit import Trail
from app.store.backups import keyring, loading
from app.store.backups.blocks import Reading
from app.store.backups.dumping import Told
from app.store.backups.holding import Held, hold_back
from app.store.backups.keyring import Keyring
from app.store.backups.loading import Loading
from app.store.backups.sealed_file import Header, Opening, Unreadable
from app.store.keys import Keys
from app.store.unit import Database


class Verified(NamedTuple):
    """A backup that was read whole."""

    made_at: str
    counts: Mapping[str, int]
    """Table → rows, with those that nobody can read any more."""
    left_out: int
    """Phones of which nothing can be read any more."""


class Restored(NamedTuple):
    """What a restore brought back."""

    made_at: str
    counts: Mapping[str, int]
    left_out: int
    receipts: int
    """Erasures that came after the backup, noted again."""
    held: Held


@dataclass(frozen=True, slots=True)
class Restoring:
    """One backup, with the keyring that goes with it."""

    path: Path
    keyring_path: Path
    keys: Keys

    def verify(self, told: Told) -> Verified:
        """Read all of it, and restore nothing."""
        with self._opened() as (opening, ring):
            reading, left_out = Reading(opening, ring.key), 0
            for some in reading.all():
                left_out += some.many if some.table == "contact" and some.rows is None else 0
                told(some.table, reading.counts[some.table])
            return Verified(opening.header.made_at, reading.counts, left_out)

    def restore(self, database: Database, trail: Trail, at: datetime, told: Told) -> Restored:
        """Bring all of it into an empty database, in one transaction."""
        with self._opened() as (opening, _):
            self._ready(database, opening.header)

        def work(connection: Connection) -> Restored:
            if not loading.is_empty(connection):
                raise NotPossible(_NOT_EMPTY)
            with self._opened() as (opening, ring):
                load = Loading(connection, ring, told)
                load.load(Reading(opening, ring.key))
            loading.set_sequences(connection)
            receipts = loading.put_receipts_back(connection, ring)
            held = hold_back(connection, at)
            made_at = opening.header.made_at
            trail.note(connection, "restore", f"backup of {made_at}", at=at)
            return Restored(made_at, load.counts, load.left_out, receipts, held)

        return database.write(work)

    def _ready(self, database: Database, header: Header) -> None:
        """Make the tables where there are none."""
        current, newest = schema.current(database.engine), schema.newest()
        if header.revision != newest:
            raise NotPossible(
                f"Its tables are at {header.revision}, this Izwi's at {newest}. Restore it with Izwi {header.version}, which "
                "made it; then install this one, and `izwi migrate` brings the tables up to date."
            )
        if current not in {None, newest}:
            raise NotPossible(_NOT_EMPTY)
        if current is None:
            schema.upgrade(database.engine)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Opening, Keyring]]:
        """The backup and its keyring, or in a sentence why there is none that can be used."""
        try:
            with self.path.open("rb") as file:
                opening = Opening(file, self.keys, what="backup")
                yield opening, self._ring(opening.header)
        except Unreadable as error:
            raise NotPossible(f"{self.path.name} cannot be used. {error}") from None
        except OSError as error:
            raise NotPossible(f"{error.filename} cannot be read: {error.strerror}.") from None

    def _ring(self, header: Header) -> Keyring:
        if not self.keyring_path.exists():
            raise NotPossible(
                f"There is no {self.keyring_path}. Without the keyring nothing of any person can be read: copy it from where "
                "the backup was made, or name it with --keyring."
            )
        found = keyring.read(self.keyring_path, self.keys)
        if header.head not in found.backups:
            raise NotPossible(
                f"The keyring {self.keyring_path} does not know this backup: it is older, or of another folder. Take the "
                "newest that was written into the folder of this backup."
            )
        return found


_NOT_EMPTY = (
    "The database is not empty, and a restore removes nothing. Name another one in IZWI_DATABASE_URL, or move the SQLite file "
    "of the data directory away; `izwi migrate` is not needed before."
)
