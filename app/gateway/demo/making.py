"""Makes simulated respondents of a survey, and removes them; nobody real is touched."""

from collections.abc import Callable
from functools import partial

from app.gateway.demo import crowd
from app.gateway.demo.plan import Plan, pseudonym
from app.gateway.library import Library
from app.gateway.refusals import NotPossible
from app.settings import Settings
from app.store import demo
from app.store.unit import Database


class CannotSimulate(NotPossible):
    """The message says why."""


def make(
    settings: Settings, database: Database, library: Library, plan: Plan, told: Callable[[int], None], *, processes: int
) -> None:
    """Simulate; `told` hears how many are stored. Raises `CannotSimulate`."""
    edition = library.newest(plan.survey)
    if edition is None:
        raise CannotSimulate(f"There is no published survey {plan.survey}. There are: {', '.join(library.names())}.")
    if database.read(lambda connection: demo.there(connection, pseudonym(plan, 0))):
        raise CannotSimulate(
            f"Simulated respondents of seed {plan.seed} are there already: `izwi demo-data --remove` removes them; "
            "or choose another --seed."
        )
    channel_id = database.write(lambda connection: demo.ensure_channel(connection, plan.until))
    stored = 0
    for people in crowd.simulated(settings, library, plan, edition.version_id, channel_id, processes=processes):
        database.write(partial(demo.add, people=people))
        stored += len(people)
        told(stored)


def remove(database: Database, told: Callable[[int], None]) -> int:
    """Remove all that was ever simulated; returns how many respondents it were."""
    gone, after = 0, 0
    while True:
        count, after = database.write(partial(demo.remove, after=after))
        if not count:
            return gone
        gone += count
        told(gone)
