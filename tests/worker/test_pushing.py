"""Records on their way to KoboToolbox and ODK Central: each is there once, whatever the network and the worker do."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from app import main
from app.cli.handset import Network
from app.gateway.library import Library
from app.gateway.recording import Recording
from app.models.push import push as table
from app.models.runs import record, run
from app.settings import Settings
from app.store import push, surveys
from app.store.push import Claimed, Settled
from app.values import PushState
from app.worker.pushing import NO_FORM, OTHER_FORM, OTHER_VERSION, Pushing
from tests.conftest import Clock
from tests.openrosa.server import PASSWORD, TOKEN, USER, Project
from tests.reports.test_records import milk as answer
from tests.reports.test_records import publish
from tests.submissions import store_submissions
from tests.web.central import milk

FORM = "milk/1"
WAY = {"central": "none", "kobo": "digest"}


@pytest.fixture
def project() -> Iterator[Project]:
    made = Project(auth="basic")
    yield made
    made.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path, project: Project) -> Settings:
    target = {"url": project.url, "user": USER, "password": PASSWORD, "surveys": [FORM], "timeout_seconds": 0.25}
    return Settings(
        data_dir=tmp_path / "var", database_url=database_url, channel="simulated", targets={"other": target},
        service_codes={"*384*66#": FORM},
    )  # fmt: skip


class Way:
    """What goes from here to there."""

    def __init__(self, parts: main.Parts, project: Project, clock: Clock, folder: Path) -> None:
        self.parts, self.project, self.clock, self.folder = parts, project, clock, folder
        self.settings = parts.settings
        self.workers = [Pushing(self.settings, parts.database, Random(each)) for each in range(2)]
        publish(parts, folder, "1")
        project.add_form(FORM, "1", self.xform())

    def xform(self) -> bytes:
        (version,) = self.parts.database.read(lambda connection: surveys.of_survey(connection, FORM))[-1:]
        return self.parts.database.read(lambda connection: surveys.xform(connection, version.id)).encode()

    def change(self, **changes: Any) -> None:
        """Let the worker go on with other settings of the target."""
        target = self.settings.targets["other"].model_copy(update=changes)
        settings = self.settings.model_copy(update={"targets": {"other": target}})
        self.workers = [Pushing(settings, self.parts.database, Random(1))]

    def store(self, count: int) -> list[str]:
        uids = store_submissions(self.parts.database, FORM, [self.clock()] * count, milk)
        self.queue()
        return [f"uuid:{uid}" for uid in uids]

    def queue(self) -> int:
        return self.parts.database.write(lambda connection: push.add_all(connection, "other", [FORM], self.clock()))

    def go(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            for worker in self.workers:
                worker.sweep(self.clock())
                while worker.work(self.clock()):
                    continue
            self.clock.pass_time(hours=2)

    def states(self) -> Counter[tuple[str, str]]:
        with self.parts.database.engine.connect() as connection:
            return Counter(tuple(row) for row in connection.execute(sa.select(table.c.state, table.c.reason)))

    def again(self) -> int:
        return self.parts.database.write(lambda connection: push.again(connection, "other", self.clock()))


@pytest.fixture
def way(parts: main.Parts, project: Project, clock: Clock, tmp_path: Path) -> Iterator[Way]:
    made = Way(parts, project, clock, tmp_path)
    yield made
    for worker in made.workers:
        worker.close()


def test_a_record_goes_there_when_it_is_made(way: Way, network: Network) -> None:
    answer(network, 1, "Rudo's", "-17.83 31.05", "1", "0.5", "lame")
    answer(network, 2, "none")  # she declines, which is no case of the survey
    parts = way.parts

    assert Recording(parts.settings, parts.database, Library(parts.database), parts.keys).make_all(way.clock()) == 0
    way.go()

    ((name, xml),) = way.project.kept.items()
    with parts.database.engine.connect() as connection:
        stored = connection.execute(sa.select(record.c.xml).join(run).where(run.c.state == "completed")).scalar_one()
    assert xml.decode() == stored
    assert name in stored
    assert way.states() == {("there", ""): 1}
    assert way.queue() == 0


@pytest.mark.parametrize("auth", ["none", "basic", "digest", "token"])
def test_the_other_side_may_ask_for_a_password_as_it_likes(way: Way, auth: str) -> None:
    way.project.auth, way.project.like = auth, "kobo"
    if auth == "token":
        way.change(token=TOKEN, user="", password="")
    names = way.store(12)

    way.go()

    assert sorted(way.project.kept) == sorted(names)
    assert set(way.project.seen.values()) == {1}


MOODS = ("take", "take", "take and hang", "take and drop", "take and fail", "hang", "drop", "503", "429", "500")


class Dying(Pushing):
    """A worker that may be killed before it wrote down what came of a record."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.fate = Random(given[2].random())

    def _settled(self, each: Claimed, result: Any, at: Any) -> Settled:
        if self.fate.random() < 0.08:
            raise Killed
        return super()._settled(each, result, at)


class Killed(Exception):
    """It was."""


@pytest.mark.parametrize("seed", range(8))
def test_every_record_is_there_exactly_once_after_any_schedule(way: Way, seed: int) -> None:
    chance, project = Random(seed), way.project
    project.like, project.auth = chance.choice(list(WAY.items()))
    project.plan, project.hang_seconds = (lambda: chance.choice(MOODS)), 0.4
    names = way.store(12)
    workers = [Dying(way.settings, way.parts.database, Random(each)) for each in (seed, seed + 100)]
    with ExitStack() as stack:
        for worker in workers:
            stack.callback(worker.close)
        for _ in range(60):
            worker = chance.choice(workers)
            worker.sweep(way.clock())
            try:
                worker.work(way.clock())
            except Killed:
                worker.sweep(way.clock())  # too early: its lease goes on
            way.clock.pass_time(seconds=chance.choice((1, 10, 300, 4000)))
        project.plan = lambda: "take"
        way.go(3)

    assert {state for state, _ in way.states()} == {"there"}
    assert sum(way.states().values()) == 12
    assert sorted(project.kept) == sorted(names)
    assert project.conflicts == []


@pytest.mark.parametrize(("status", "word"), [("401", "401"), ("403", "403"), ("404", "404")])
def test_a_closed_door_stops_all_until_somebody_tries_again(way: Way, status: str, word: str) -> None:
    asked = Counter[str]()

    def plan() -> str:
        asked["post"] += 1
        return status

    way.project.plan = plan
    names = way.store(15)

    way.go(3)

    assert asked["post"] == 1
    assert way.states()[("stopped", word)] == 10
    assert sum(way.states().values()) == 15
    way.project.plan = lambda: "take"
    way.go()
    assert way.project.kept == {}
    assert way.again() == 15
    way.go()
    assert sorted(way.project.kept) == sorted(names)


def test_a_project_that_is_away_is_asked_seldom_and_with_one_record(way: Way) -> None:
    asked: list[Any] = []

    def plan() -> str:
        asked.append(way.clock())
        return "503"

    way.project.plan = plan
    names = way.store(12)
    worker = way.workers[0]
    for _ in range(3600):
        worker.work(way.clock())
        way.clock.pass_time(seconds=4)

    assert 10 < len(asked) < 60  # in four hours
    assert len(set(asked)) == len(asked)
    way.project.plan = lambda: "take"
    way.go(2)
    assert sorted(way.project.kept) == sorted(names)


def test_a_wrong_password_sends_no_record_at_all(way: Way) -> None:
    way.change(password="wrong")
    way.store(3)

    way.go()

    assert way.project.seen == {}
    assert way.states() == {("stopped", "401"): 3}


def test_what_is_refused_stops_alone(way: Way) -> None:
    moods = iter(["413", "closed", "400"])
    way.project.plan = lambda: next(moods, "take")
    way.store(6)

    way.go()

    assert way.states() == {("there", ""): 3, ("stopped", "413"): 1, ("stopped", "409"): 1, ("stopped", "400"): 1}


def test_a_form_that_is_not_the_same_there_stops_its_records(way: Way) -> None:
    (name,) = way.store(1)
    same = way.xform()
    project = way.project
    other = same.replace(b"<farm/>", b"<farm/><extra/>")
    assert other != same
    for forms, word in (
        ({}, NO_FORM), ({FORM: ("2", same)}, OTHER_VERSION), ({FORM: ("1", other)}, OTHER_FORM),
        ({FORM: ("1", b"<x/>")}, OTHER_FORM),
    ):  # fmt: skip
        project.forms = forms
        way.go()
        assert way.states() == {("stopped", word): 1}
        way.again()
    assert project.seen == {}
    # Made by another program of the same sheet: other bytes, the same questions.
    project.forms = {FORM: ("1", same.replace(b"Which farm?", b"Which farm, please?"))}

    way.go()

    assert list(project.kept) == [name]


def test_nothing_is_sent_of_who_took_it_back_and_what_was_sent_is_listed(way: Way) -> None:
    first, second, third = way.store(3)
    way.project.plan = lambda: "take" if not way.project.kept else "take and drop"
    way.workers = way.workers[:1]
    way.workers[0].work(way.clock())
    sent = set(way.project.seen)
    assert first in sent

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.delete(record))

    way.parts.database.write(work)
    way.project.plan = lambda: "take"
    way.go(4)

    assert set(way.project.seen) == sent
    listed = way.parts.database.read(push.forgotten)
    assert {f"uuid:{each.uid}": each.doubt for each in listed} == {each: each != first for each in sent}
    assert {state for state, _ in way.states()} == {"there", "gone"}
    assert {second, third} >= sent - {first}


def test_an_attempt_that_lost_its_lease_settles_nothing(way: Way) -> None:
    way.store(1)
    database, at = way.parts.database, way.clock()
    one, two = uuid4(), uuid4()

    def claim(attempt: Any, when: Any) -> list[Claimed]:
        return database.write(
            lambda connection: push.claim(
                connection, target="other", count=5, attempt=attempt, lease=timedelta(seconds=60), at=when
            )
        )

    (claimed,) = claim(one, at)
    assert claim(two, at) == []
    assert database.write(lambda connection: push.sweep(connection, at=at + timedelta(seconds=59))) == 0
    assert database.write(lambda connection: push.sweep(connection, at=at + timedelta(seconds=60))) == 1
    (again,) = claim(two, at + timedelta(seconds=61))
    assert (again.id, again.doubt, again.attempts) == (claimed.id, True, 2)
    late = Settled(claimed.id, PushState.STOPPED, "late", False, 1, at)
    database.write(lambda connection: push.settle(connection, attempt=one, results=[late], at=at))

    assert way.states() == {("sending", "no answer before the lease ended"): 1}
