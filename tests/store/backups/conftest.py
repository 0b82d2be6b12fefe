"""Two services that share their keys: one that is full, and an empty place to restore into, of each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.gateway.backing_up import BackingUp
from app.gateway.restoring import Restored, Restoring
from app.store import keys as vault
from app.store.audit import Trail
from app.store.backups import keyring
from app.store.keys import Keys
from app.store.unit import Database
from app.values import Role
from tests.conftest import Clock

PAIRS = [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite"), ("postgresql", "postgresql")]


def silent(_: str, __: int) -> None:
    """Nobody looks on."""


class Place:
    """A database with its keys, and a folder of backups."""

    def __init__(self, url: str, keys: Keys, folder: Path, clock: Clock) -> None:
        self.database, self.keys, self.folder, self.clock = Database(url), keys, folder, clock
        self.trail = Trail(keys.trail, "terminal", Role.OPERATOR)

    def backing_up(self) -> BackingUp:
        return BackingUp(self.database, self.keys, self.trail, "2026.11.0")

    def backup(self) -> Path:
        """Make one, a minute later."""
        self.clock.pass_time(minutes=1)
        return self.backing_up().make(self.folder, self.clock(), silent).path

    def keys_only(self) -> int:
        self.clock.pass_time(minutes=1)
        return self.backing_up().keys_only(self.folder, self.clock())

    def restoring(self, path: Path, ring: Path | None = None) -> Restoring:
        return Restoring(path, ring or path.parent / keyring.FILE, self.keys)

    def restore(self, path: Path) -> Restored:
        self.clock.pass_time(minutes=1)
        return self.restoring(path).restore(self.database, self.trail, self.clock(), silent)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return vault.load(tmp_path / "var", ("simulated",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


@pytest.fixture
def place(database_url: str, keys: Keys, folder: Path, clock: Clock) -> Iterator[Place]:
    """One with tables, and the surveys that ship."""
    made = Place(database_url, keys, folder, clock)
    yield made
    made.database.close()


@pytest.fixture
def other(tmp_path: Path, keys: Keys, folder: Path, clock: Clock) -> Iterator[Place]:
    """An SQLite file that is not there yet."""
    made = Place(f"sqlite:///{tmp_path / 'other.db'}", keys, folder, clock)
    yield made
    made.database.close()
