"""A few of the schedules of `make faults`, and that a verdict finds what is wrong."""

from random import Random
from typing import Any

import pytest

from tests.faults.calm import deliver_all, start
from tests.faults.provider import PRICE, Accepted, Provider
from tests.faults.story import Story
from tests.faults.verdict import judge
from tests.faults.world import World

# Each of these finds one of the faults that were planted (an unknown outcome is sent again, no last look for STOP, no margin
# before the night …). 7 has the real provider, and in 31 the workers are threads.
SEEDS = (0, 1, 7, 12, 13, 18, 31)
REPORT = (
    "INSERT INTO delivery_report (channel_id, provider_id, delivery, status, reason, network_code, count, received_at) "
    "SELECT channel_id, provider_id, 'delivered', 'Success', '', '', 1, created_at FROM outbox"
)


def test_no_schedule_of_faults_breaks_what_must_hold(one_world: World) -> None:
    stories = {}
    for seed in SEEDS:
        story = Story(one_world, seed)
        if wrong := story.play():
            stories[seed] = [*one_world.log, *wrong]

    assert stories == {}


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE outbox SET state = 'queued' WHERE id = (SELECT min(id) FROM outbox)", "is queued at the end"),
        (
            "UPDATE outbox SET provider_id = 'ATXid_of_nobody' WHERE provider_id IS NOT NULL",
            "the id of another message",
        ),
        ("UPDATE outbox SET state = 'unknown', provider_id = NULL", "nothing happened that could be its cause"),
        (
            REPORT,
            "was reported as",
        ),
        ("UPDATE broadcast SET spent = spent + 1", "its messages come to"),
        ("UPDATE broadcast SET budget = spent / 2", "the provider's bill"),
        ("UPDATE tally SET count = count + 1", "are tallied, and there are"),
        ("UPDATE recipient SET state = 'waiting'", "still waits"),
        ("UPDATE recipient SET state = 'left_out', reason = ''", "is left out for no reason"),
    ],
)
def test_what_is_wrong_at_the_end_is_found(one_world: World, statement: str, fault: str) -> None:
    plans = calm(one_world)
    with one_world.database.engine.begin() as connection:
        connection.exec_driver_sql(statement)

    assert fault in "\n".join(judge(one_world, plans, exact=True))


def test_a_message_that_is_sent_twice_is_found(one_world: World) -> None:
    plans = calm(one_world)
    first = next(iter(one_world.provider.accepted.values()))
    one_world.provider.accepted["again"] = Accepted("again", first.number, first.body, PRICE)

    assert any("more for" in fault for fault in judge(one_world, plans, exact=True))


def calm(one_world: World) -> dict[int, Any]:
    """Play a story in which nothing goes wrong."""
    provider = Provider(Random(1))
    one_world.begin(Random(1), provider, provider)
    one_world.add_people(10)
    which = start(one_world)
    one_world.broadcasting.raise_budget("b", 2 * which.plan["cost"])
    deliver_all(one_world)
    plans = {which.id: which}
    assert judge(one_world, plans, exact=True) == []
    return plans
