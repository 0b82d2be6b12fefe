"""What waits for a channel that is down, and may go by another one."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy.engine import Connection

from app.settings import LineSettings, Settings
from app.store import channels
from app.worker.delivery import Delivery, Line
from tests.provider.process import ProviderProcess
from tests.worker.conftest import Post
from tests.worker.sending import Office

PEOPLE = [f"+26377000000{number}" for number in range(1, 6)]


@pytest.fixture(scope="module")
def spare_process() -> Iterator[ProviderProcess]:
    with ProviderProcess() as process:
        yield process


@pytest.fixture
def spare(spare_process: ProviderProcess) -> ProviderProcess:
    spare_process.reset()
    return spare_process


@pytest.fixture
def settings(settings: Settings, spare: ProviderProcess, provider: ProviderProcess) -> Settings:
    lines = {
        "first": LineSettings(api_key="a-key", url=provider.url, send_timeout_seconds=0.5),
        "spare": LineSettings(api_key="a-key", url=spare.url, send_timeout_seconds=0.5),
    }
    return settings.model_copy(update={"channels": lines})


def deliver(post: Post, name: str) -> None:
    known = post.parts.lines[name]
    line = Line(known.id, known.name, known.channel.sender())
    delivery = Delivery(post.parts.settings, post.parts.database, post.parts.keys, Random(1))
    while delivery.deliver(line, post.clock()):
        pass


def break_down(post: Post, *, failures: int) -> None:
    def work(connection: Connection) -> None:
        for _ in range(failures):
            channels.opened(
                connection,
                post.parts.lines["first"].id,
                until=post.clock() + timedelta(minutes=1),
                trouble="unreachable",
            )

    post.parts.database.write(work)


def waiting(post: Post) -> list[tuple[str, int]]:
    return [
        (row[0], row[1])
        for row in post.rows(
            "SELECT name, count(*) FROM outbox JOIN channel ON channel.id = channel_id WHERE state = 'queued' "
            "GROUP BY name ORDER BY name"
        )
    ]


def test_messages_that_wait_for_a_channel_that_is_down_go_by_another(post: Post, spare: ProviderProcess) -> None:
    office = Office(post)
    office.know(*PEOPLE)
    office.send()
    office.feeding.feed(post.clock())
    while office.feeding.feed(post.clock()):
        pass
    assert waiting(post) == [("first", 5)]

    break_down(post, failures=3)
    assert office.feeding.feed(post.clock()) == 5

    assert waiting(post) == [("spare", 5)]
    deliver(post, "spare")
    deliver(post, "first")
    assert sorted(each["number"] for each in spare.messages()) == PEOPLE
    assert post.accepted() == []
    assert office.status()["state"] == "running"
    office.feeding.feed(post.clock())
    assert office.status()["state"] == "done"


@pytest.mark.parametrize(("failures", "channel"), [(1, ""), (3, "first")])
def test_a_hiccup_and_a_chosen_channel_move_nothing(post: Post, failures: int, channel: str) -> None:
    office = Office(post)
    office.know(*PEOPLE)
    office.send(channel=channel)
    while office.feeding.feed(post.clock()):
        pass

    break_down(post, failures=failures)
    office.feeding.feed(post.clock())

    assert waiting(post) == [("first", 5)]


def test_where_every_channel_is_down_messages_stay(post: Post) -> None:
    office = Office(post)
    office.know(*PEOPLE)
    office.send()
    while office.feeding.feed(post.clock()):
        pass
    spare = post.parts.lines["spare"].name

    break_down(post, failures=3)
    post.parts.database.write(lambda connection: channels.hold(connection, spare, held=True))
    office.feeding.feed(post.clock())

    assert waiting(post) == [("first", 5)]
