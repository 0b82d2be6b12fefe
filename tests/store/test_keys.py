"""Keys: made once, private, and of no use to whoever has only the database."""

import json
import stat
from pathlib import Path

import pytest

from app.store import keys
from app.values import Msisdn

NUMBER = Msisdn("+263770000001")


def test_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "data"

    first, second = keys.load(folder, ("africastalking",)), keys.load(folder, ("africastalking",))

    assert first == second
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "keys.json").stat().st_mode) == 0o600


def test_a_number_is_found_by_its_hash_and_read_with_its_key(tmp_path: Path) -> None:
    loaded = keys.load(tmp_path, ())

    sealed, key_id = loaded.seal(NUMBER)

    assert loaded.find(NUMBER) == loaded.find(Msisdn("+263770000001"))
    assert loaded.find(NUMBER) != keys.load(tmp_path / "other", ()).find(NUMBER)
    assert loaded.unseal(sealed, key_id) == NUMBER
    assert loaded.seal(NUMBER).sealed != sealed
    assert b"770000001" not in sealed


def test_a_damaged_key_file_stops_everything_and_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text('{"lookup": 5}')

    with pytest.raises(keys.KeysUnreadable, match="damaged"):
        keys.load(tmp_path, ("africastalking",))

    assert (tmp_path / "keys.json").read_text() == '{"lookup": 5}'


def test_a_hook_has_two_valid_secrets_while_it_is_rotated(tmp_path: Path) -> None:
    (old,) = keys.load(tmp_path, ("africastalking",)).hooks["africastalking"]

    keys.rotate_hook(tmp_path, "africastalking")
    rotating = keys.load(tmp_path, ("africastalking",))
    keys.retire_hook(tmp_path, "africastalking")
    after = keys.load(tmp_path, ("africastalking",))

    new = rotating.hooks["africastalking"][0]
    assert rotating.hooks["africastalking"] == (new, old)
    assert rotating.channel_of(old) == rotating.channel_of(new) == "africastalking"
    assert after.channel_of(old) is None
    assert after.channel_of(new) == "africastalking"


def test_a_hook_secret_has_128_bits_or_more(tmp_path: Path) -> None:
    loaded = keys.load(tmp_path, ("africastalking",))

    assert len(loaded.hooks["africastalking"][0]) * 6 >= 128
    assert json.loads((tmp_path / "keys.json").read_text())["hooks"]["africastalking"] == [
        loaded.hooks["africastalking"][0]
    ]
