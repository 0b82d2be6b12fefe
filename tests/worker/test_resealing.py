"""A new key for phone numbers, while everything goes on: nothing is lost, and the older key can be destroyed."""

from datetime import timedelta
from typing import Any

import pytest

from app.cli import keying
from app.store import keys as vault
from app.values import Msisdn
from app.worker.resealing import Resealing
from tests.worker.conftest import NUMBER, Post
from tests.worker.test_erasing import OTHER, run


def key_ids(post: Post) -> list[int]:
    return [row[0] for row in post.rows("SELECT key_id FROM contact ORDER BY id")]


def reseal(post: Post) -> int:
    return Resealing(post.parts.database, post.parts.keys).work()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keying, "_SETTLED", timedelta(0))


def keys(post: Post, *words: str) -> Any:
    return run(post, "keys", *words)


def test_a_new_key_is_used_at_once_and_the_older_one_is_not_needed_any_more(post: Post) -> None:
    post.text("IZWI")
    assert keys(post, "retire", "--yes").output == "There is only one key.\n"

    assert "Key 2 is in use" in keys(post, "rotate").output
    assert "1 numbers are still sealed" in keys(post, "status").output
    assert "Is it running?" in keys(post, "retire", "--yes").output
    assert reseal(post) == 1
    post.text("IZWI", number=OTHER)

    assert key_ids(post) == [2, 2]
    assert keys(post, "retire", "--yes").exit_code == 0
    loaded = vault.load(post.parts.settings.data_dir, ())
    assert list(loaded.seals) == [2]
    rows = post.rows("SELECT msisdn_sealed, key_id FROM contact ORDER BY id")
    assert [loaded.unseal(bytes(sealed), key_id).e164 for sealed, key_id in rows] == [NUMBER, OTHER]
    while post.deliver():
        pass
    assert sorted(each["number"] for each in post.accepted()) == [NUMBER, OTHER]


def test_a_service_that_has_not_seen_the_new_key_yet_reads_what_it_sealed(post: Post) -> None:
    before = vault.load(post.parts.settings.data_dir, ())
    vault.rotate(post.parts.settings.data_dir, post.clock())
    after = vault.load(post.parts.settings.data_dir, ())
    number = before.unseal(*before.seal(Msisdn(NUMBER)))

    assert before.current == 1
    assert before.unseal(*after.seal(number)) == number
    assert before.current == 2


def test_a_key_that_is_just_made_is_not_the_only_one_at_once(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keying, "_SETTLED", timedelta(minutes=1))
    keys(post, "rotate")

    assert "less than two minutes old" in keys(post, "retire", "--yes").output
