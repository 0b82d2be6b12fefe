"""A file that is not as it was written is refused with a sentence, wherever it is; a killed backup leaves the old one."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.gateway.refusals import NotPossible
from app.store import keys as vault
from app.store.backups import sealed_file
from app.store.backups.keyring import FILE
from tests.store.backups.conftest import Place, silent
from tests.store.backups.filling import fill

PLACES = 120


@pytest.fixture
def backup(place: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of many small chunks, so that damage is tried in the first ones, between two, and in the last."""
    monkeypatch.setattr(sealed_file, "_CHUNK", 1000)
    place.database.write(lambda connection: fill(connection, place.keys.trail))
    return place.backup()


def refusal(place: Place, path: Path) -> str:
    with pytest.raises(NotPossible) as caught:
        place.restoring(path).verify(silent)
    return str(caught.value)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_whole_one_is_verified(place: Place, backup: Path) -> None:
    found = place.restoring(backup).verify(silent)

    assert found.counts["answer"] == 4
    assert found.left_out == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("which", ["backup", "keyring"])
def test_a_flipped_bit_anywhere_is_found(place: Place, backup: Path, which: str) -> None:
    path = backup if which == "backup" else backup.parent / FILE
    whole, chance = path.read_bytes(), random.Random(1)
    line = whole.index(b"\n") + 1
    places = [
        *range(0, line, 7),
        line - 1,
        line,
        len(whole) - 1,
        *(chance.randrange(len(whole)) for _ in range(PLACES)),
    ]

    for at in places:
        changed = bytearray(whole)
        changed[at] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        assert "cannot be used" in refusal(place, backup), at

    path.write_bytes(whole)
    assert place.restoring(backup).verify(silent).left_out == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_is_cut_off_anywhere_is_found(place: Place, backup: Path) -> None:
    whole, chance = backup.read_bytes(), random.Random(2)
    line = whole.index(b"\n") + 1
    between = [line + number * 1016 for number in range(1, 6)]

    for at in [0, 1, line - 1, line, *between, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(PLACES))]:
        backup.write_bytes(whole[:at])
        assert "cannot be used" in refusal(place, backup), at

    backup.write_bytes(whole[: between[2]])
    assert f"It is cut off after {between[2]:,} bytes." in refusal(place, backup)
    assert "Take another copy of it, or an older one." in refusal(place, backup)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_chunks_in_another_order_and_bytes_behind_the_end_are_found(place: Place, backup: Path) -> None:
    whole = backup.read_bytes()
    line = whole.index(b"\n") + 1
    chunks = [whole[at : at + 1016] for at in range(line, len(whole), 1016)]
    changes = {
        "two in another order": [chunks[1], chunks[0], *chunks[2:]],
        "one twice": [chunks[0], chunks[0], *chunks[1:]],
        "one left out": chunks[1:],
        "the last one left out": chunks[:-1],
        "something behind the end": [*chunks, b"more"],
    }

    for name, others in changes.items():
        backup.write_bytes(whole[:line] + b"".join(others))
        assert "cannot be used" in refusal(place, backup), name


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_chunk_of_another_backup_fits_nowhere(place: Place, backup: Path) -> None:
    first = backup.read_bytes()
    second = place.backup()
    whole = second.read_bytes()
    line, of_first = whole.index(b"\n") + 1, first.index(b"\n") + 1

    second.write_bytes(whole[:line] + first[of_first:])

    assert "was changed or cut off" in refusal(place, second)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_another_services_backup_and_a_newer_format_are_told_apart(place: Place, backup: Path, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    line, rest = whole.split(b"\n", 1)
    newer = json.loads(line) | {"format": 2, "version": "2031.1.0"}
    backup.write_bytes(json.dumps(newer).encode() + b"\n" + rest)
    assert "It has format 2, of Izwi 2031.1.0; this Izwi knows 1. Install that Izwi" in refusal(place, backup)
    backup.write_bytes(b"PK\x03\x04" + whole)
    assert "It is no backup of Izwi" in refusal(place, backup)
    backup.write_bytes(whole)

    ours, place.keys = place.keys, vault.load(tmp_path / "elsewhere", ())
    assert "other keys than those in keys.json" in refusal(place, backup)
    place.keys = vault.Keys(ours.lookup, {2: b"2" * 32}, {}, ours.data_dir)
    assert "key 1, which is not in keys.json: it was retired" in refusal(place, backup)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_keyring_that_is_missing_or_does_not_know_the_backup_is_refused(place: Place, backup: Path) -> None:
    older = backup.parent / "older.keyring"
    shutil.copy(backup.parent / FILE, older)
    newer = place.backup()

    assert place.restoring(backup).verify(silent).left_out == 0  # a newer keyring knows the older backups
    with pytest.raises(NotPossible, match="does not know this backup: it is older"):
        place.restoring(newer, older).verify(silent)
    (backup.parent / FILE).unlink()
    assert "There is no" in refusal(place, newer)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_nonce_is_used_twice_and_no_two_files_share_a_key(
    place: Place, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[tuple[int, bytes]] = []
    ciphers: list[bytes] = []

    class Watched:
        def __init__(self, key: bytes) -> None:
            self.key, self.cipher = len(ciphers), AESGCM(key)
            ciphers.append(key)

        def encrypt(self, nonce: bytes, data: bytes, more: bytes) -> bytes:
            used.append((self.key, nonce))
            return self.cipher.encrypt(nonce, data, more)

        def decrypt(self, nonce: bytes, data: bytes, more: bytes) -> bytes:
            return self.cipher.decrypt(nonce, data, more)

    monkeypatch.setattr(sealed_file, "AESGCM", Watched)
    for _ in range(3):
        place.backup()

    assert len(used) == len(set(used)) > 9
    assert len({ciphers[number] for number, _ in used}) == len({number for number, _ in used}) == 6


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_that_is_killed_leaves_the_old_one_whole(place: Place, backup: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in backup.parent.iterdir() if not path.name.startswith(".")}
    script = (
        "import sys, time\n"
        "from app.store.backups import dumping, sealed_file\n"
        "sealed_file._CHUNK = 1000\n"
        "from app.cli import main\n"
        "write = dumping._write\n"
        "def slow(*given):\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(0.2)\n"
        "    write(*given)\n"
        "dumping._write = slow\n"
        f"main(['backup', {str(backup.parent)!r}])\n"
    )
    environment = {
        "IZWI_DATA_DIR": str(place.keys.data_dir),
        "IZWI_DATABASE_URL": str(place.database.engine.url),
        "IZWI_CHANNEL": "simulated",
    }
    process = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(5)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert said == [b"writing\n"] * 5

    after = {path.name: path.read_bytes() for path in backup.parent.iterdir() if not path.name.startswith(".")}
    assert after == before
    assert place.restoring(backup).verify(silent).left_out == 0
    time.sleep(1.1)
    assert place.restoring(place.backup()).verify(silent).left_out == 0
