"""Who was forgotten is forgotten by the backups too, as soon as the keyring of their folder is written anew."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.engine import Connection

from app import main
from app.cli.handset import Clock, Network
from app.gateway.refusals import NotPossible
from app.models.people import contact, contact_key, respondent
from app.store import contacts, erasures, keys
from app.store.backups import contact_keys, keyring
from app.store.backups.blocks import Reading
from app.store.backups.loading import count_rows
from app.store.backups.sealed_file import Opening
from app.values import Msisdn
from app.worker.erasing import Erasing
from tests.phone import Phone
from tests.store.backups.conftest import Place
from tests.test_forgotten import HER, OTHERS, live, traces


@pytest.fixture
def place(parts: main.Parts, folder: Path, clock: Clock) -> Iterator[Place]:
    made = Place(parts.settings.database, parts.keys, folder, clock)
    yield made
    made.database.close()


def readable(place: Place, path: Path, ring: Path | None = None) -> bytes:
    """Every row of a backup that can be read with a keyring."""
    found = keyring.read(ring or path.parent / keyring.FILE, place.keys)
    with path.open("rb") as file:
        reading = Reading(Opening(file, place.keys, what="backup"), found.key)
        return b"\n".join(to_json([some.table, some.rows]) for some in reading.all() if some.rows)


def stream(place: Place, path: Path) -> bytes:
    """All that is in a backup for whoever has keys.json, but no keyring."""
    with path.open("rb") as file:
        return Opening(file, place.keys, what="backup").read(1 << 30)


def erase(parts: main.Parts, network: Network, clock: Clock) -> None:
    Phone(network, HER).text("DELETE")
    Erasing(parts.database).work(clock())


def hers(parts: main.Parts) -> list[bytes]:
    """All that is of her: her number in every form, its hash, her words, her pseudonym, and the names of her rows."""

    def read(connection: Connection) -> list[bytes]:
        key = contacts.find(connection, parts.keys, Msisdn(HER))
        people = connection.execute(
            sa.select(respondent.c.pseudonym, respondent.c.uid).where(respondent.c.contact_id == key)
        )
        sealed = connection.execute(sa.select(contact.c.msisdn_sealed).where(contact.c.id == key)).scalar_one()
        return [
            bytes(sealed).hex().encode(),
            *(str(value).replace("-", "").encode() for row in people for value in row),
        ]

    found = traces(parts)
    hashed = [each.hex().encode() for each in found["hash"]]
    return [*found["number"], *hashed, *found["words"], *parts.database.read(read)]


def held_in(content: bytes, wanted: list[bytes]) -> list[bytes]:
    plain = content.replace(b"-", b"")
    return [each for each in wanted if each in content or each in plain]


def test_nothing_of_her_can_be_read_in_an_older_backup(
    place: Place, parts: main.Parts, network: Network, clock: Clock
) -> None:
    live(parts, network, clock)
    path = place.backup()
    wanted = hers(parts)
    kinds = [each for each in wanted if each not in traces(parts)["number"]]  # a number is sealed in its own right
    assert held_in(readable(place, path), kinds) == kinds
    assert held_in(stream(place, path), wanted) == []
    before = readable(place, path)

    erase(parts, network, clock)
    place.keys_only()

    after = readable(place, path)
    assert held_in(after, wanted) == []
    assert before.count(b"story of") == after.count(b"story of") > len(OTHERS)
    assert place.restoring(path).verify(lambda *_: None).left_out == 1


def test_a_restore_does_not_bring_her_back_but_the_receipt(
    place: Place, other: Place, parts: main.Parts, network: Network, clock: Clock
) -> None:
    live(parts, network, clock)
    path = place.backup()
    wanted = hers(parts)
    erase(parts, network, clock)
    place.backup()

    restored = other.restore(path)

    assert (restored.left_out, restored.receipts) == (1, 1)
    (hashed,) = traces(parts)["hash"]
    assert other.database.read(lambda connection: contacts.find(connection, place.keys, Msisdn(HER))) is None
    assert other.database.read(lambda connection: erasures.forgotten(connection, [hashed])) == {hashed}
    (receipt,) = other.database.read(erasures.receipts)
    assert receipt.done_at is not None
    assert receipt.removed["answers"] > 5
    assert held_in(readable(other, path), wanted) == []
    count = sa.select(sa.func.count()).select_from(contact)
    assert other.database.read(lambda connection: connection.execute(count).scalar()) == len(OTHERS)


def test_without_a_new_keyring_the_older_backup_still_has_her(
    place: Place, parts: main.Parts, network: Network, clock: Clock, tmp_path: Path
) -> None:
    live(parts, network, clock)
    path = place.backup()
    kept = tmp_path / "copied.keyring"
    shutil.copy(path.parent / keyring.FILE, kept)
    wanted = traces(parts)["words"]
    erase(parts, network, clock)
    place.keys_only()

    assert held_in(readable(place, path, kept), wanted) == wanted  # what the document says that this cannot do
    assert held_in(readable(place, path), wanted) == []


def test_an_erasure_under_way_is_finished_after_a_restore(
    place: Place, other: Place, parts: main.Parts, network: Network, clock: Clock
) -> None:
    live(parts, network, clock)
    path = place.backup()
    Phone(network, HER).text("DELETE")  # and no worker has done it
    place.keys_only()

    restored = other.restore(path)
    assert (restored.left_out, restored.receipts) == (0, 1)
    assert Erasing(other.database).work(clock()) == 1

    assert other.database.read(lambda connection: contacts.find(connection, place.keys, Msisdn(HER))) is None


def test_who_comes_back_is_somebody_new_in_backups_too(
    place: Place, parts: main.Parts, network: Network, clock: Clock
) -> None:
    live(parts, network, clock)
    path = place.backup()
    erase(parts, network, clock)
    again = Phone(network, HER)
    again.dial()
    again.replies("1", "1", "1")

    second = place.backup()

    assert held_in(readable(place, path), traces(parts)["words"]) == []
    (hashed,) = traces(parts)["hash"]
    assert hashed.hex().encode() in readable(place, second)
    assert hashed.hex().encode() not in readable(place, path)


def test_a_silence_that_was_asked_for_since_is_kept(
    place: Place, other: Place, parts: main.Parts, network: Network, clock: Clock
) -> None:
    live(parts, network, clock)
    path = place.backup()
    Phone(network, OTHERS[0]).text("STOP")
    place.keys_only()

    other.restore(path)

    stopped = sa.select(contact.c.msisdn_hash).where(contact.c.stopped_at.is_not(None))
    found = other.database.read(lambda connection: [bytes(each) for each in connection.execute(stopped).scalars()])
    assert found == [place.keys.find(Msisdn(OTHERS[0]))]


def test_phones_that_come_while_a_backup_begins_are_in_it(
    place: Place, parts: main.Parts, network: Network, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(parts, network, clock)
    backing_up = place.backing_up()
    late = iter(OTHERS)

    def only_some(connection: Connection, *, after: int = 0) -> list[int]:
        monkeypatch.undo()  # the keys of this round are made of nobody; all phones are late
        next(late)
        return []

    monkeypatch.setattr(contact_keys, "keyless", only_some)

    made = backing_up.make(place.folder, clock(), lambda *_: None)

    assert made.phones == len(OTHERS) + 1
    assert place.restoring(made.path).verify(lambda *_: None).left_out == 0


def test_a_backup_is_of_one_moment_whatever_goes_on_beside_it(
    place: Place, other: Place, parts: main.Parts, network: Network, clock: Clock
) -> None:
    live(parts, network, clock)
    place.clock.pass_time(minutes=1)
    before, late = place.database.read(count_rows), Phone(network, "+263770004999")
    told: list[str] = []

    def meanwhile(table: str, _: int) -> None:
        if table == "channel" and table not in told:  # before contacts are written, and long before answers
            late.dial()
            late.replies("1", "1", "1")
            Phone(network, OTHERS[0]).text("DELETE")
            Erasing(parts.database).work(clock())
        told.append(table)

    made = place.backing_up().make(place.folder, clock(), meanwhile)

    assert "contact" in told
    assert told.index("contact") > told.index("channel")
    assert len(late.answers()) == 3
    assert made.counts == before | {"audit": before["audit"] + 1}
    restored = other.restore(made.path)
    assert (
        restored.left_out == restored.receipts == 1
    )  # erased while it was written: the keyring is newer than the rows
    assert other.database.read(lambda connection: contacts.find(connection, place.keys, Msisdn(late.number))) is None


def test_who_is_erased_while_a_backup_begins_is_in_it_for_nobody(
    place: Place, parts: main.Parts, network: Network, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(parts, network, clock)
    place.clock.pass_time(minutes=1)
    wanted = hers(parts)
    making = contact_keys.make

    def erased_first(connection: Connection, contact_ids: list[int]) -> None:
        making(connection, contact_ids)
        key = contacts.find(connection, place.keys, Msisdn(HER))
        if key is not None:
            connection.execute(sa.delete(contact_key).where(contact_key.c.contact_id == key))

    monkeypatch.setattr(contact_keys, "make", erased_first)

    made = place.backing_up().make(place.folder, clock(), lambda *_: None)

    assert held_in(readable(place, made.path), wanted) == []
    assert place.restoring(made.path).verify(lambda *_: None).left_out == 1


def test_a_place_that_was_restored_from_an_older_backup_leaves_the_newer_ones_alone(
    place: Place, other: Place, parts: main.Parts, network: Network, clock: Clock, tmp_path: Path
) -> None:
    live(parts, network, clock)
    older, newer = place.backup(), place.backup()
    ring = (place.folder / keyring.FILE).read_bytes()
    other.restore(older)

    with pytest.raises(NotPossible, match="Choose another, empty folder"):
        other.backup()
    with pytest.raises(NotPossible, match="Choose another, empty folder"):
        other.keys_only()

    assert (place.folder / keyring.FILE).read_bytes() == ring
    assert place.restoring(newer).verify(lambda *_: None).left_out == 0


def test_two_never_write_into_a_folder_at_once(place: Place, clock: Clock) -> None:
    refused: list[str] = []

    def meanwhile(table: str, _: int) -> None:
        if table == "survey":
            with pytest.raises(NotPossible) as caught:
                place.backing_up().keys_only(place.folder, clock())
            refused.append(str(caught.value))

    made = place.backing_up().make(place.folder, clock(), meanwhile)

    assert [each.partition(" into ")[0] for each in refused] == ["Another backup"]
    place.keys_only()
    assert place.restoring(made.path).verify(lambda *_: None).left_out == 0


def test_a_backup_from_before_a_rotation_is_read_until_its_key_is_retired(
    place: Place, parts: main.Parts, network: Network, clock: Clock
) -> None:
    live(parts, network, clock)
    old, folder = place.backup(), place.keys.data_dir
    keys.rotate(folder, clock())
    place.keys = keys.load(folder, ("simulated",))
    new = place.backup()
    assert place.restoring(old).verify(lambda *_: None).left_out == 0

    keys.retire(folder)
    place.keys = keys.load(folder, ("simulated",))

    assert place.restoring(new).verify(lambda *_: None).left_out == 0
    with pytest.raises(NotPossible, match="it was retired"):
        place.restoring(old).verify(lambda *_: None)


def test_a_folder_with_the_keys_in_it_is_refused(place: Place) -> None:
    place.folder = place.keys.data_dir

    with pytest.raises(NotPossible, match="protects nobody"):
        place.backup()
