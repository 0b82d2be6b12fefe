"""Making a backup, and the keyring beside it that can forget (docs/decisions/D17)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.engine import Connection

from app.gateway.refusals import NotPossible
from app.store import audit, schema
from app.store.audit import Head, Trail
from app.store.backups import contact_keys, keyring
from app.store.backups.blocks import Writing
from app.store.backups.dumping import Told, dump, forgotten
from app.store.backups.keyring import Keyring
from app.store.backups.sealed_file import Header, Sealing, Unreadable
from app.store.bulk import stamp
from app.store.keys import Keys
from app.store.unit import Database
from app.store.whole import alone, whole


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made."""

    path: Path
    counts: Mapping[str, int]
    """Table → rows."""
    phones: int


@dataclass(frozen=True, slots=True)
class BackingUp:
    """What an operator does in a folder of backups."""

    database: Database
    keys: Keys
    trail: Trail
    version: str

    def make(self, folder: Path, at: datetime, told: Told) -> Made:
        """Write all that there is at one moment into a new file of the folder, and the keyring anew."""
        with _at_work(folder):
            return self._make(folder, at, told)

    def _make(self, folder: Path, at: datetime, told: Told) -> Made:
        before = self._ring(folder)
        path = folder / f"izwi-{at:%Y%m%d-%H%M%S}.backup"
        if path.exists():
            raise NotPossible(f"There is a backup {path.name} already. Wait a second.")
        head = self._note("backup", path.name, at)
        self._make_keys()
        with whole(path) as out:
            sealing = Sealing(out, self.keys, self._header("backup", head, at))
            writing = Writing(sealing)
            self.database.snapshot(lambda connection: dump(connection, writing, self._late(connection), told))
            writing.close()
            # Before the backup has its name: one that is there can be read.
            phones = self._write_ring(folder, (*before, str(head)), at)
        return Made(path, writing.counts, phones)

    def keys_only(self, folder: Path, at: datetime) -> int:
        """Write the keyring of a folder anew: what its backups have of whoever was erased is unreadable from now on."""
        with _at_work(folder):
            before = self._ring(folder)
            self._note("backup keys", "", at)
            self._make_keys()
            return self._write_ring(folder, before, at)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def _make_keys(self) -> None:
        """Give a key to every phone that has none, some at a time so that no turn waits."""
        after = 0
        while some := self.database.read(partial(contact_keys.keyless, after=after)):
            self.database.write(partial(contact_keys.make, contact_ids=some))
            after = some[-1]

    def _late(self, connection: Connection) -> dict[int, bytes]:
        """The keys of phones that have come since, made beside the moment that is written down."""
        found: dict[int, bytes] = {}
        after = 0
        while some := contact_keys.keyless(connection, after=after):
            self.database.write(partial(contact_keys.make, contact_ids=some))
            found |= self.database.read(partial(contact_keys.some, contact_ids=some))
            after = some[-1]
        return found

    # -- the keyring --------------------------------------------------------------------------------------------------

    def _ring(self, folder: Path) -> tuple[str, ...]:
        """The backups that the folder's keyring knows; refuses a folder that is of another past than this database."""
        if (folder / "keys.json").exists():
            raise NotPossible(
                f"keys.json is in {folder}: a backup beside its keys protects nobody. Choose another folder."
            )
        path = folder / keyring.FILE
        if not path.exists():
            return ()
        try:
            found = keyring.read(path, self.keys)
        except Unreadable as error:
            raise NotPossible(f"{error} Or choose another folder for new backups.") from None
        self._of_our_past(found, folder)
        return found.backups

    def _of_our_past(self, found: Keyring, folder: Path) -> None:
        """Whose database was restored from an older backup lacks the keys of newer ones: it must not replace their keyring."""
        if not found.backups:
            return
        last = Head.parse(found.backups[-1])
        if not self.database.read(lambda connection: audit.has(connection, last)):
            raise NotPossible(
                f"The newest backup in {folder} is of another database, or of what came after the backup that this one was "
                "restored from. A new keyring here would make it unreadable. Choose another, empty folder."
            )

    def _write_ring(self, folder: Path, backups: tuple[str, ...], at: datetime) -> int:
        def work(connection: Connection) -> int:
            head = audit.head(connection)
            with whole(folder / keyring.FILE) as out:
                return keyring.write(
                    out, self.keys, self._header("keyring", head, at), backups=backups,
                    forgotten=forgotten(connection), phones=contact_keys.every(connection),
                )  # fmt: skip

        return self.database.snapshot(work)

    # -- what both have -----------------------------------------------------------------------------------------------

    def _note(self, action: str, subject: str, at: datetime) -> Head:
        def work(connection: Connection) -> Head:
            self.trail.note(connection, action, subject, at=at)
            return audit.head(connection)

        return self.database.write(work)

    def _header(self, what: str, head: Head, at: datetime) -> Header:
        made_at = stamp(at) or ""
        return Header.new(
            self.keys, what=what, version=self.version, revision=schema.newest(), made_at=made_at, head=str(head)
        )


@contextmanager
def _at_work(folder: Path) -> Iterator[None]:
    """Let no two write one keyring, for the later would undo what the other has done; say in a sentence what the disk refuses."""
    if not folder.is_dir():
        raise NotPossible(f"There is no folder {folder}.")
    try:
        with alone(folder) as ours:
            if not ours:
                raise NotPossible(f"Another backup into {folder} is under way; its keyring will be as new as yours.")
            yield
    except OSError as error:
        raise NotPossible(f"{folder} cannot be written: {error.strerror}. Older backups are as they were.") from None
