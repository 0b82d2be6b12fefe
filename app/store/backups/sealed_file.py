"""A file that is sealed while it is written: one plain line, then chunks that can be neither read, changed, moved nor cut off.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, 2015): each chunk has its number and whether it is the
last in its nonce, and the plain line as additional data. The key comes by HKDF from one of `keys.json` and a salt of the
file's own, so that no two files share a key. Nothing of a chunk is given away before all of it has been proven.
"""

import hmac
import json
import operator
import secrets
from dataclasses import asdict, dataclass
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.store.keys import Keys

FORMAT = 1
_CHUNK, _TAG = 1 << 18, 16
_LONGEST_LINE = 4096


class Unreadable(Exception):
    """A file that cannot be used; the message says what is wrong with it and what helps."""


@dataclass(frozen=True, slots=True)
class Header:
    """The plain line: enough to say why a file cannot be read here, and nothing of what is in it."""

    what: str
    """`backup` or `keyring`."""
    format: int
    version: str
    """The Izwi that wrote it."""
    revision: str
    """The migration that its tables are at."""
    made_at: str
    head: str
    """Where the trail stood: tells whose past a file is of."""
    key: int
    """Which key of `keys.json`, and what that key is called: another service has a number 1 too."""
    key_name: str
    salt: str

    @classmethod
    def new(cls, keys: Keys, *, what: str, version: str, revision: str, made_at: str, head: str) -> "Header":
        """The line of a file that is sealed with the current key."""
        key = keys.current
        return cls(
            what, FORMAT, version, revision, made_at, head, key, _name_of(keys.seals[key]), secrets.token_hex(32)
        )

    def line(self) -> bytes:
        """As it stands in the file."""
        return json.dumps({"izwi": self.what, **asdict(self)}, separators=(",", ":")).encode() + b"\n"


class Sealing:
    """Writes a sealed file; what was written is whole only after `close`."""

    def __init__(self, out: IO[bytes], keys: Keys, header: Header) -> None:
        self._out, self._line = out, header.line()
        self._cipher, self._count, self._waiting = AESGCM(_key_of(keys.seals[header.key], header)), 0, bytearray()
        out.write(self._line)

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._waiting += data
        while len(self._waiting) > _CHUNK:  # the last chunk is never empty-handed: it waits for `close`
            self._seal(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]

    def close(self) -> None:
        """Write the last chunk; the file itself is the caller's."""
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._count, last=last), chunk, self._line))
        self._count += 1


class Opening:
    """Reads a sealed file from its beginning; raises `Unreadable` before it gives away a byte that is not as it was written."""

    def __init__(self, file: IO[bytes], keys: Keys, *, what: str) -> None:
        self._file, self._line = file, file.readline(_LONGEST_LINE)
        self.header = _header(self._line, what)
        self._cipher = AESGCM(_key_of(_secret(keys, self.header), self.header))
        self._count, self._ready, self._place, self._ended = 0, b"", 0, False
        self._next = file.read(_CHUNK + _TAG)
        self._ready = self._chunk()  # the plain line is proven with it, before anybody believes what it says

    def read(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        while len(self._ready) - self._place < size and not self._ended:
            self._ready, self._place = self._ready[self._place :] + self._chunk(), 0
        found = self._ready[self._place : self._place + size]
        self._place += len(found)
        return found

    def _chunk(self) -> bytes:
        sealed, self._next = self._next, self._file.read(_CHUNK + _TAG)
        self._ended = not self._next
        place = len(self._line) + self._count * (_CHUNK + _TAG)
        found = self._opened(sealed, last=self._ended)
        if found is None and self._ended and self._opened(sealed, last=False) is not None:
            raise Unreadable(f"It is cut off after {place + len(sealed):,} bytes. {_ANOTHER}")
        if found is None:
            raise Unreadable(f"It was changed or cut off after its byte {place:,}. {_ANOTHER}")
        self._count += 1
        return found

    def _opened(self, sealed: bytes, *, last: bool) -> bytes | None:
        try:
            return self._cipher.decrypt(_nonce(self._count, last=last), sealed, self._line)
        except InvalidTag:
            return None


_ANOTHER = "Take another copy of it, or an older one."


def _nonce(count: int, *, last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([last])


def _key_of(secret: bytes, header: Header) -> bytes:
    info = f"izwi {header.what} {header.format}".encode()
    return HKDF(SHA256(), 32, bytes.fromhex(header.salt), info).derive(secret)


def _name_of(secret: bytes) -> str:
    return hmac.digest(secret, b"izwi name of a key", "sha256")[:8].hex()


def _header(line: bytes, what: str) -> Header:
    try:
        said = json.loads(line)
        ours = said.pop("izwi") == what and line.endswith(b"\n")
        newer = said["format"] > FORMAT
        found = None if newer or not ours else _checked(Header(**said))
    except (ValueError, TypeError, KeyError, AttributeError):
        ours, newer, found = False, False, None
    if ours and newer:
        raise Unreadable(
            f"It has format {said['format']}, of Izwi {said.get('version')}; this Izwi knows {FORMAT}. Install that Izwi, or "
            "a newer one."
        )
    if found is None:
        raise Unreadable(f"It is no {what} of Izwi, or its first line was changed. {_ANOTHER}")
    return found


def _checked(header: Header) -> Header:
    """The header itself; raises ValueError or TypeError where a field is not what it has to be."""
    bytes.fromhex(header.salt)
    "".join((header.version, header.revision, header.made_at, header.head, header.key_name))
    operator.index(header.key)
    operator.index(header.format)
    return header


def _secret(keys: Keys, header: Header) -> bytes:
    secret = keys.seals.get(header.key)
    if secret is None:
        raise Unreadable(
            f"It was sealed with key {header.key}, which is not in keys.json: it was retired, or the file is another "
            "service's. Put the keys.json of that time and service into IZWI_DATA_DIR."
        )
    if not hmac.compare_digest(_name_of(secret).encode(), header.key_name.encode()):
        raise Unreadable(
            "It was sealed with other keys than those in keys.json, so it is another service's. Put the keys.json of "
            "that service into IZWI_DATA_DIR."
        )
    return secret
