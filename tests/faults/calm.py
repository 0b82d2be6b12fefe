"""A broadcast on a day on which nothing goes wrong, for tests that look at one thing that does."""

from typing import Any

from app.gateway.drafting import Draft
from app.store.broadcasts import Broadcast
from tests.faults.world import World

TEXTS = {"en": "The meeting is on Friday.", "sn": "Musangano uri neChishanu."}


def start(world: World, **wishes: Any) -> Broadcast:
    """Let a broadcast run whose recipients are known."""
    wish = Draft(**{"name": "b", "mode": "message", "texts": TEXTS, "hours": "07:00-20:00"} | wishes)
    world.broadcasting.draft(wish, world.clock())
    world.broadcasting.plan("b", world.clock())
    started = world.broadcasting.start("b", world.clock())
    for _ in range(2):
        world.act("one", "feed")
    return started


def deliver_all(world: World) -> None:
    """Write and send all that there is."""
    idle = 0
    while idle < 2:
        idle = 0 if world.act("one", "feed") + world.act("one", "deliver") else idle + 1
        world.clock.pass_time(1)
