"""After a restore the worker sends nothing that waited, over any line; turns go on, and somebody lets go what is to go on."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import main
from app.channels.base import SmsIn
from app.cli.root import main as izwi
from app.gateway.backing_up import BackingUp
from app.gateway.restoring import Restoring
from app.gateway.turns import Arrival, Gateway
from app.store.audit import Trail
from app.store.backups import keyring
from app.store.unit import Database
from app.values import Role
from app.worker.delivery import Delivery, Line
from tests.conftest import Clock
from tests.worker.conftest import NUMBER, Post
from tests.worker.sending import Office

PEOPLE = tuple(f"+2637700003{number:02}" for number in range(5))
SECONDS = 60


def silent(_: str, __: int) -> None:
    """Nobody looks on."""


@pytest.fixture
def restored(post: Post, tmp_path: Path, clock: Clock) -> Iterator[main.Parts]:
    """A service that was brought back from a backup in which replies and a broadcast wait, into an SQLite file."""
    office = Office(post)
    post.text("IZWI")
    office.know(*PEOPLE)
    office.send(hours="00:00-24:00", at_night=True)
    while office.feeding.feed(clock()):
        pass
    assert post.states() == ["queued"] * 7
    folder = tmp_path / "backups"
    folder.mkdir()
    parts, trail = post.parts, Trail(post.parts.keys.trail, "terminal", Role.OPERATOR)
    path = BackingUp(parts.database, parts.keys, trail, "2026.11.0").make(folder, clock(), silent).path
    settings = parts.settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'restored.db'}"})
    database = Database(settings.database)
    Restoring(path, folder / keyring.FILE, parts.keys).restore(database, trail, clock(), silent)
    database.close()
    made = main.assemble(settings)
    yield made
    made.close()


def run(parts: main.Parts, *arguments: str) -> Result:
    settings = parts.settings
    environment = {
        "IZWI_DATA_DIR": str(settings.data_dir),
        "IZWI_DATABASE_URL": settings.database,
        "IZWI_AFRICASTALKING_API_KEY": "a-key",
        "IZWI_AFRICASTALKING_URL": settings.africastalking_url,
    }
    return CliRunner().invoke(izwi, arguments, env=environment)


def line_of(parts: main.Parts) -> Line:
    known = next(iter(parts.lines.values()))
    return Line(known.id, known.name, known.channel.sender())


def test_nothing_that_waited_is_sent_and_a_new_reply_is_when_somebody_lets_go(post: Post, restored: main.Parts) -> None:
    line, gateway = line_of(restored), Gateway(restored.settings, restored.database, restored.keys, restored.library)
    worker = main.make_worker(restored)
    worker.start()
    try:
        (outcome,) = gateway.take_turns([Arrival(line.channel_id, SmsIn("in_new", NUMBER, "30007", "1", "", "64804"))])
        assert not hasattr(outcome, "error")
        assert Delivery(restored.settings, restored.database, restored.keys).deliver(line, post.clock()) == 0
        assert post.accepted() == []

        assert run(restored, "channels", "release", line.name).exit_code == 0
        worker.wake()
        until = time.monotonic() + SECONDS
        while not post.accepted() and time.monotonic() < until:
            worker.stop()
            worker = main.make_worker(restored)
            worker.start()
    finally:
        worker.stop()

    (message,) = post.accepted()
    assert message["number"] == NUMBER
    assert "Choose" not in message["message"]  # the reply to what she has just said, not the one that waited
    with restored.database.engine.connect() as connection:
        states = connection.exec_driver_sql("SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state").all()
    assert [tuple(row) for row in states] == [("sent", 1), ("unknown", 7)]


def test_status_and_doctor_say_what_is_held_and_what_helps(restored: main.Parts) -> None:
    name = line_of(restored).name

    status, doctor = run(restored, "status"), run(restored, "doctor")

    assert f"{name}: held since a backup was restored" in status.output
    assert f"izwi channels release {name}" in status.output
    assert "news: paused (A backup was restored" in status.output
    assert "7 unknown" in status.output
    assert f"channel {name} sends nothing: held since a backup was restored" in doctor.output

    assert run(restored, "channels", "release", name).exit_code == 0
    assert "restored" not in run(restored, "channels", "list").output


def test_what_waited_can_be_decided_like_any_unknown_outcome(restored: main.Parts) -> None:
    shown = run(restored, "messages", "unknown")
    assert "waited when the backup was made" in shown.output

    again = run(restored, "broadcast", "unknown", "news", "--send-again", "--yes")
    sent = run(restored, "messages", "unknown", "--count-as-sent")

    assert "6 wait to be sent again." in again.output
    assert "1 count as sent now." in sent.output
