"""Whoever has a dump of the database, but not keys.json, finds no phone number in it by trying them all.

The attack is real: it finds every number as soon as it has the key of the hash, and finds numbers that are hashed plainly.
"""

import base64
import hashlib
import hmac
import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app import main
from app.cli.handset import Network
from app.models import metadata
from app.models.people import contact
from app.store import contacts, erasures
from app.values import Msisdn
from tests.phone import Phone
from tests.talk import AT

PEOPLE = ("+263770000001", "+263770004711", "+263770009998")
FORGOTTEN = "+263770005005"
# All numbers that the tests may use: with all of Zimbabwe's it is the same work 5,000 times over.
CANDIDATES = [f"+26377000{last:04}" for last in range(10_000)]
PLAIN: tuple[Callable[[bytes], "hashlib._Hash"], ...] = (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.sha512)
PIECE = 8
"""Bytes: so much of a digest is enough to be found by, at its beginning or its end. By chance it is there 1 time in 10^13."""


@dataclass
class Dump:
    """A database as a thief has it: every value of every row, and its files where it has some."""

    values: list[bytes]
    files: list[bytes]

    @property
    def pieces(self) -> set[bytes]:
        """Every piece of eight bytes, in whatever way the bytes may be written."""
        return {each[at : at + PIECE] for each in self.written() for at in range(len(each) - PIECE + 1)}

    def written(self) -> Iterator[bytes]:
        """Each value, and what it is where it is hexadecimal or Base64."""
        for value in self.values:
            yield value
            yield from (bytes.fromhex(each.decode()) for each in re.findall(rb"(?:[0-9a-fA-F]{2}){8,}", value))
            for each in re.findall(rb"[A-Za-z0-9+/_-]{11,}={0,2}", value) if len(value) < 1000 else ():
                yield base64.b64decode(
                    each[: len(each) // 4 * 4].rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/") + b"=="
                )

    def guesses(self) -> set[bytes]:
        """Whatever may be a key: the usual ones of those who think of none, names, and all that has the length of one."""
        thought = {b"", b"izwi", b"secret", b"changeme", b"salt", b"pepper", b"leave_no_one_behind", b"simulated"}
        return thought | {each for each in self.written() if len(each) in {16, 32, 64}}


@pytest.fixture
def dump(parts: main.Parts, network: Network, phone: Phone, tmp_path: Path) -> Dump:
    """The dump of a service with people, one of whom asked to be forgotten."""
    for number in (*PEOPLE, FORGOTTEN):
        Phone(network, number).dial()
    phone.text("IZWI")

    def forget(connection: sa.Connection) -> None:
        key = contacts.find(connection, parts.keys, Msisdn(FORGOTTEN))
        assert key is not None
        erasures.ask(connection, [key], asked_by="officer", at=AT)

    parts.database.write(forget)
    values = parts.database.read(lambda connection: list(values_of(connection)))
    folder = tmp_path / "var"
    return Dump(values, [path.read_bytes() for path in folder.iterdir() if path.name != "keys.json"])


def values_of(connection: sa.Connection, tables: Sequence[sa.Table] = metadata.sorted_tables) -> Iterator[bytes]:
    for table in tables:
        for row in connection.exec_driver_sql(f'SELECT * FROM "{table.name}"'):
            for value in row:
                if isinstance(value, UUID):
                    yield value.bytes
                elif isinstance(value, bytes | memoryview):
                    yield bytes(value)
                elif value is not None:
                    yield str(value).encode()


def forms(number: str) -> tuple[bytes, ...]:
    """How a number may be written: +263…, 263…, 0…, and without any of these."""
    digits = number.removeprefix("+")
    return number.encode(), digits.encode(), b"0" + digits[3:].encode(), digits[3:].encode()


def digests(number: str, keys: Collection[bytes]) -> Iterator[bytes]:
    """Everything that a number may have become."""
    for form in forms(number):
        for plain in PLAIN:
            yield plain(form).digest()
        yield hashlib.blake2b(form).digest()
        yield hashlib.blake2b(form, digest_size=32).digest()
        yield hashlib.blake2b(form, digest_size=16).digest()
    for form in forms(number)[:3]:
        for key in keys:
            yield hmac.digest(key, form, "sha256")
    for form in forms(number)[:1]:
        for key in keys:
            yield hmac.digest(key, form, "sha1")
            yield hashlib.sha256(key + form).digest()


def attack(dump: Dump, keys: Collection[bytes], candidates: Sequence[str] = CANDIDATES) -> set[str]:
    """The numbers that are found, trying all."""
    pieces = dump.pieces
    return {
        number
        for number in candidates
        if any(each[:PIECE] in pieces or each[-PIECE:] in pieces for each in digests(number, keys))
    }


def test_no_number_is_found_by_trying_them_all(dump: Dump) -> None:
    keys = dump.guesses()
    assert len(keys) > 20

    assert attack(dump, keys) == set()


def test_with_the_key_the_same_attack_finds_everybody(parts: main.Parts, dump: Dump) -> None:
    assert attack(dump, {parts.keys.lookup}) == {*PEOPLE, FORGOTTEN}


@pytest.mark.parametrize("hashed", [hashlib.sha256, hashlib.md5])
def test_a_plain_hash_would_be_found_however_it_is_written(
    dump: Dump, hashed: "Callable[[bytes], hashlib._Hash]"
) -> None:
    whole = hashed(PEOPLE[0].encode()).digest()
    for written in (
        whole,
        whole[:PIECE],
        whole.hex().encode(),
        base64.b64encode(whole),
        f'{{"h": "{whole.hex()}"}}'.encode(),
    ):
        assert attack(Dump([*dump.values, written], []), (), CANDIDATES[:99]) == {PEOPLE[0]}


def test_a_key_that_lies_in_the_dump_would_be_found(parts: main.Parts, dump: Dump) -> None:
    careless = Dump([*dump.values, base64.b64encode(parts.keys.lookup)], [])

    assert attack(careless, careless.guesses() - dump.guesses()) == {*PEOPLE, FORGOTTEN}


def test_no_number_can_be_read_in_it_nor_opened_with_what_is_in_it(parts: main.Parts, dump: Dump) -> None:
    whole = b"\0".join([*dump.values, *dump.files])
    for number in (*PEOPLE, FORGOTTEN):
        assert [form for form in forms(number) if form in whole] == []

    sealed = [
        bytes(each)
        for each in parts.database.read(
            lambda connection: connection.execute(sa.select(contact.c.msisdn_sealed)).scalars().all()
        )
    ]
    assert len(sealed) == len(PEOPLE) + 1
    assert [key for key in dump.guesses() for each in sealed if opens(key, each)] == []
    assert all(opens(parts.keys.seals[1], each) for each in sealed)


def opens(key: bytes, sealed: bytes) -> bool:
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], None).startswith(b"+263")
    except (InvalidTag, ValueError):  # a wrong key, or none at all by its length
        return False


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the files of PostgreSQL are its own
def test_the_files_are_all_of_it(parts: main.Parts, dump: Dump) -> None:
    """What was committed is in the files that were looked through: the thief of a disk has no less."""
    whole = b"".join(dump.files)
    ((hashed,),) = sqlite3.connect(parts.settings.database.removeprefix("sqlite:///")).execute(
        "SELECT msisdn_hash FROM contact LIMIT 1"
    )

    assert hashed in whole
