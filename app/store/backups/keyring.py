"""The keyring beside the backups of a folder: the one file that can forget.

It has the keys of all phones, is written anew with each backup, and has none of a phone that was erased. So whatever older
backups in the folder have of that phone is unreadable from then on. It also has what an older backup cannot know: who was
forgotten, so that no list brings her back, and who asked for silence.
"""

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from app.store.backups.blocks import NAME, name_of
from app.store.backups.sealed_file import Header, Opening, Sealing, Unreadable
from app.store.bulk import stamp
from app.store.keys import Keys

FILE = "izwi.keyring"
_KEY = 32
_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The receipt of an erasure, so that a restore of an older backup does not lose it."""

    uid: str
    msisdn_hash: str
    asked_by: str
    asked_at: str
    done_at: str | None
    removed: str


@dataclass(frozen=True, slots=True)
class Keyring:
    """What a keyring has."""

    header: Header
    backups: tuple[str, ...]
    """The trail's head in each backup that was written beside it, the newest last."""
    forgotten: tuple[Forgotten, ...]
    stopped: Mapping[bytes, str]
    """Name of a key → when its phone asked for silence."""
    _names: "_Sorted" = field(repr=False)

    def __len__(self) -> int:
        return len(self._names)

    def key(self, name: bytes) -> bytes | None:
        """The key of this name; None where its phone was forgotten."""
        return self._names.find(name)


class _Sorted:
    """Names and keys side by side in one piece of memory: a third of what a dict of a million takes."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._all = b"".join(sorted(name_of(key) + key for key in keys))

    def __len__(self) -> int:
        return len(self._all) // (NAME + _KEY)

    def __getitem__(self, place: int) -> bytes:
        begin = place * (NAME + _KEY)
        return self._all[begin : begin + NAME]

    def find(self, name: bytes) -> bytes | None:
        place = bisect_left(self, name)
        if place == len(self) or self[place] != name:
            return None
        begin = place * (NAME + _KEY) + NAME
        return self._all[begin : begin + _KEY]


def write(
    out: IO[bytes],
    keys: Keys,
    header: Header,
    *,
    backups: Iterable[str],
    forgotten: Iterable[Forgotten],
    phones: Iterable[tuple[bytes, datetime | None]],
) -> int:
    """Write a keyring; returns how many keys it has."""
    sealing, count, stopped = Sealing(out, keys, header), 0, {}
    sealing.write(_measured(json.dumps([list(backups), [_plain(each) for each in forgotten]]).encode()))
    for key, stopped_at in phones:
        sealing.write(b"k" + key)
        count += 1
        if stopped_at is not None:
            stopped[name_of(key).hex()] = stamp(stopped_at)
    sealing.write(b"." + _measured(json.dumps(stopped).encode()))
    sealing.close()
    return count


def read(path: Path, keys: Keys) -> Keyring:
    """Read a keyring whole; raises `Unreadable` with what is wrong with it, and what helps."""
    with _opened(path) as file:
        opening = Opening(file, keys, what="keyring")
        backups, forgotten = json.loads(_next(opening))
        names = _Sorted(_keys(opening))
        stopped = {bytes.fromhex(name): at for name, at in json.loads(_next(opening)).items()}
        receipts = tuple(Forgotten(**each) for each in forgotten)
        return Keyring(opening.header, tuple(backups), receipts, stopped, names)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except Unreadable as error:
        raise Unreadable(f"The keyring {path.name} cannot be used. {error}") from None


def _keys(opening: Opening) -> Iterator[bytes]:
    while opening.read(1) == b"k":
        yield opening.read(_KEY)


def _measured(data: bytes) -> bytes:
    return len(data).to_bytes(_LENGTH, "big") + data


def _next(opening: Opening) -> bytes:
    return opening.read(int.from_bytes(opening.read(_LENGTH), "big"))


def _plain(each: Forgotten) -> dict[str, Any]:
    return {name: getattr(each, name) for name in Forgotten.__dataclass_fields__}


def receipt(row: Any) -> Forgotten:
    """The receipt of an erasure as it is stored."""
    uid: UUID = row.uid
    asked, done = stamp(row.asked_at) or "", stamp(row.done_at)
    return Forgotten(str(uid), bytes(row.msisdn_hash).hex(), row.asked_by, asked, done, row.removed)
