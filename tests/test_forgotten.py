"""After a phone was forgotten nothing of it is left: not in a table, not in the bytes of a file, not in the log."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app import main
from app.cli.handset import Clock, Network
from app.cli.root import main as izwi
from app.models import metadata
from app.models.people import contact
from app.values import Msisdn
from app.worker.erasing import Erasing
from tests.phone import Phone
from tests.reports.test_answers import PATH
from tests.store.test_dump_attack import values_of

HER, OTHERS = "+263770004711", [f"+26377000{last:04}" for last in range(100, 130)]
STORY = "chigayo chakatsva makore maviri"  # words that are in no survey and no phrase
TEXTED = "ndapota ndibatsirei nhasi"


def files(folder: Path) -> dict[str, bytes]:
    """Every file of the data directory but the keys, which are not of a person."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "keys.json"}


def traces(parts: main.Parts) -> dict[str, list[bytes]]:
    """What is hers, and where it must not be found: her number in every form, its hash, and what she typed."""
    digits = HER.removeprefix("+263")
    return {
        "number": [HER.encode(), b"263" + digits.encode(), b"0" + digits.encode(), digits.encode()],
        "hash": [parts.keys.find(Msisdn(HER))],
        "words": [STORY.encode(), TEXTED.encode(), *(word.encode() for word in STORY.split() if len(word) > 7)],
    }


def found(parts: main.Parts) -> Iterator[tuple[str, str]]:
    """Each kind of trace with where it is: a table, or a file of an SQLite database."""

    def read(connection: sa.Connection) -> dict[str, list[bytes]]:
        return {table.name: list(values_of(connection, [table])) for table in metadata.sorted_tables}

    tables = parts.database.read(read)
    places = {f"table {name}": b"\0".join(values) for name, values in tables.items()}
    places |= {f"file {name}": content for name, content in files(parts.settings.data_dir).items()}
    for kind, wanted in traces(parts).items():
        for place, content in places.items():
            if any(each in content for each in wanted):
                yield kind, place


def live(parts: main.Parts, network: Network, clock: Clock) -> None:
    """A service with people, among whom she is; what she says is written again and again, as pages of a file move."""
    her = Phone(network, HER)
    for place, number in enumerate(OTHERS):
        if place == len(OTHERS) // 2:
            her.dial()
            her.replies(*PATH, STORY)
            her.text(TEXTED)
            her.text("IZWI")
        other = Phone(network, number)
        other.dial()
        other.replies(*PATH, f"story of {place} " * 3)
        clock.pass_time(minutes=1)


def erase_by_word(parts: main.Parts, network: Network, clock: Clock) -> None:
    Phone(network, HER).text("DELETE")
    Erasing(parts.database).work(clock())


def erase_by_officer(parts: main.Parts, network: Network, clock: Clock) -> None:
    settings = parts.settings
    environ = {"IZWI_DATA_DIR": str(settings.data_dir), "IZWI_DATABASE_URL": settings.database}
    done = CliRunner().invoke(izwi, ["erase", "--yes"], env=environ, input=f"{HER}\n")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("erase", [erase_by_word, erase_by_officer])
def test_nothing_of_a_forgotten_phone_is_left_in_any_table_or_file(
    parts: main.Parts, network: Network, clock: Clock, caplog: pytest.LogCaptureFixture, erase: Any
) -> None:
    live(parts, network, clock)
    before = set(found(parts))
    assert {("words", "table answer"), ("hash", "table contact")} <= before
    assert not parts.database.sqlite or ("words", "file izwi.db") in before or ("words", "file izwi.db-wal") in before

    with caplog.at_level(logging.DEBUG):
        erase(parts, network, clock)

    receipt = {("hash", "table erasure")}  # one keyed hash, for one purpose: no file of contacts brings her back
    assert set(found(parts)) == receipt | ({("hash", "file izwi.db")} if parts.database.sqlite else set())
    if parts.database.sqlite:
        (hashed,) = traces(parts)["hash"]
        # Once in the receipt, and once in its index.
        assert sum(content.count(hashed) for content in files(parts.settings.data_dir).values()) == 2
    assert [each for each in (HER[4:], *STORY.split(), *TEXTED.split()) if each in caplog.text] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_while_somebody_reads_nobody_waits_and_it_is_wiped_later(
    parts: main.Parts, network: Network, clock: Clock
) -> None:
    live(parts, network, clock)
    Phone(network, HER).text("DELETE")
    erasing = Erasing(parts.database)

    with parts.database.engine.connect() as reading:
        reading.execution_options(izwi_read=True).execute(sa.select(contact.c.id)).first()
        begun = time.monotonic()
        erasing.work(clock())
        assert time.monotonic() - begun < 5  # not the 15 seconds that a turn would wait for the lock
        assert ("words", "file izwi.db-wal") in set(found(parts))
        parts.database.write(lambda connection: connection.execute(sa.select(contact.c.id)))

    erasing.work(clock())
    assert [place for kind, place in found(parts) if kind == "words"] == []


def test_the_worker_wipes_what_other_processes_removed(
    parts: main.Parts, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    wiped: list[int] = []
    monkeypatch.setattr(type(parts.database), "wipe", lambda _: not wiped.append(1))
    erasing = Erasing(parts.database)

    for _ in range(3):
        erasing.work(clock())
    assert len(wiped) == 1  # once at the start, for the process before
    erasing.wipe_again()
    erasing.work(clock())
    erasing.work(clock())
    assert len(wiped) == 2
