"""What is in a backup, piece by piece: which table begins, rows of nobody, rows of one phone, and what there was at the end.

A piece is a kind, a length and its bytes. Rows are JSON, pressed: a list of lists, in the order of the table's columns. Those
of one phone are sealed with its key, and go by the name of that key only, which says nothing to whoever has not got it.
"""

import hashlib
import hmac
import json
import secrets
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json, to_json

from app.store.backups.sealed_file import Opening, Sealing, Unreadable

Row = Sequence[Any]
NAME = 16
_NONCE, _LEVEL = 12, 6
_HEAD = struct.Struct(">cI")
_SEALED = struct.Struct(f">I{NAME}s{_NONCE}s")
_TABLE, _PLAIN, _OF_ONE, _END = b"T", b"P", b"S", b"E"


def name_of(key: bytes) -> bytes:
    """The name that a phone's key goes by."""
    return hmac.digest(key, b"izwi name of a contact key", "sha256")[:NAME]


@dataclass(slots=True)
class Writing:
    """Writes the pieces of a backup into a sealed file."""

    sealing: Sealing
    counts: dict[str, int] = field(default_factory=dict)
    _digest: Any = field(default_factory=hashlib.sha256)
    _table: str = ""

    def table(self, name: str, columns: Sequence[str]) -> None:
        """Begin a table."""
        self._table, self.counts[name] = name, 0
        self._write(_TABLE, json.dumps([name, *columns]).encode())

    def plain(self, rows: Sequence[Row]) -> None:
        """Rows that belong to nobody."""
        self.counts[self._table] += len(rows)
        self._write(_PLAIN, _pressed(rows))

    def of_one(self, key: bytes, rows: Sequence[Row]) -> None:
        """Rows that belong to one phone."""
        self.counts[self._table] += len(rows)
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(key).encrypt(nonce, _pressed(rows), self._table.encode())
        self._write(_OF_ONE, _SEALED.pack(len(rows), name_of(key), nonce) + sealed)

    def close(self) -> None:
        """Say what there was, and end the file."""
        said = {"counts": self.counts, "digest": self._digest.hexdigest()}
        self._write(_END, json.dumps(said).encode())
        self.sealing.close()

    def _write(self, kind: bytes, data: bytes) -> None:
        piece = _HEAD.pack(kind, len(data)) + data
        self._digest.update(piece)
        self.sealing.write(piece)


class Some(NamedTuple):
    """Some rows of a table; `rows` is None where nobody can read them any more, for their key is gone."""

    table: str
    columns: Sequence[str]
    many: int
    rows: Sequence[Row] | None
    key: bytes | None
    """The key of the phone that they belong to; None where they are nobody's or cannot be read."""


@dataclass(slots=True)
class Reading:
    """Reads a backup from its beginning to its end, and proves at the end that all of it was there."""

    opening: Opening
    key_by_name: Callable[[bytes], bytes | None]
    counts: dict[str, int] = field(default_factory=dict)
    """Table → rows so far, with those that nobody can read."""
    _digest: Any = field(default_factory=hashlib.sha256)

    def all(self) -> Iterator[Some]:
        """Some rows at a time, parents before children."""
        table, columns = "", []
        while True:
            kind, data, digest = self._piece()
            if kind == _END:
                self._prove(json.loads(data), digest)
                return
            if kind == _TABLE:
                table, *columns = json.loads(data)
                self.counts[table] = 0
                yield Some(table, columns, 0, [], None)
                continue
            some = self._of_one(table, columns, data) if kind == _OF_ONE else self._plain(table, columns, data)
            self.counts[table] += some.many
            yield some

    def _piece(self) -> tuple[bytes, bytes, str]:
        head = self.opening.read(_HEAD.size)
        if len(head) < _HEAD.size:
            raise Unreadable("It has no end, though it was sealed: this is a fault of Izwi. Take an older one.")
        kind, size = _HEAD.unpack(head)
        data, before = self.opening.read(size), self._digest.hexdigest() if kind == _END else ""
        self._digest.update(head + data)
        return kind, data, before

    def _plain(self, table: str, columns: Sequence[str], data: bytes) -> Some:
        rows = _unpressed(data)
        return Some(table, columns, len(rows), rows, None)

    def _of_one(self, table: str, columns: Sequence[str], data: bytes) -> Some:
        count, name, nonce = _SEALED.unpack_from(data)
        key = self.key_by_name(name)
        if key is None:
            return Some(table, columns, count, None, None)
        try:
            opened = AESGCM(key).decrypt(nonce, data[_SEALED.size :], table.encode())
        except InvalidTag:
            raise Unreadable("What belongs to one phone does not open with its key. Take an older backup.") from None
        return Some(table, columns, count, _unpressed(opened), key)

    def _prove(self, said: Mapping[str, Any], digest: str) -> None:
        if said != {"counts": self.counts, "digest": digest} or self.opening.read(1):
            raise Unreadable("What is in it is not what its end says: this is a fault of Izwi. Take an older one.")


def _pressed(rows: Sequence[Row]) -> bytes:
    return zlib.compress(to_json(rows, bytes_mode="hex"), _LEVEL)


def _unpressed(data: bytes) -> list[Row]:
    found: list[Row] = from_json(zlib.decompress(data))
    return found
