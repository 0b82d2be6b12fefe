"""Makes simulated respondents of a survey, and removes them; nobody real is touched."""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from random import Random
from typing import NamedTuple

from app.gateway.conversation import Conversation
from app.gateway.demo.journey import Journey, Stage, play
from app.gateway.library import Library
from app.gateway.refusals import NotPossible
from app.gateway.routing import Routes
from app.gateway.typed import hidden
from app.settings import Settings
from app.store import demo
from app.store.demo import Dialogue, Simulated
from app.store.keys import Keys
from app.store.sessions import Turn
from app.store.unit import Database
from app.values import RunState

_AT_ONCE = 200


class CannotSimulate(NotPossible):
    """The message says why."""


class Plan(NamedTuple):
    """What is to be simulated: the same plan makes the same people, answers and times."""

    survey: str
    respondents: int
    seed: int
    until: datetime
    """The last day of it; people who are not through by then are under way."""
    days: int


def make(
    settings: Settings, database: Database, library: Library, keys: Keys, plan: Plan, told: Callable[[int], None]
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
    conversation = Conversation(settings, library, Routes.of(settings), keys, chance=lambda: 1)
    channel_id = database.write(lambda connection: demo.ensure_channel(connection, plan.until))
    code = conversation.routes.code_of(plan.survey)
    stage = Stage(conversation, edition, channel_id, plan.until, code, settings.ussd_seconds)
    for first in range(0, plan.respondents, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, plan.respondents))
        people = [_one(stage, plan, number, settings.keep_words_days) for number in numbers]
        database.write(partial(demo.add, people=people))
        told(numbers.stop)


def remove(database: Database, told: Callable[[int], None]) -> int:
    """Remove all that was ever simulated; returns how many respondents it were."""
    gone, after = 0, 0
    while True:
        count, after = database.write(partial(demo.remove, after=after))
        if not count:
            return gone
        gone += count
        told(gone)


def pseudonym(plan: Plan, number: int) -> str:
    """The name of a simulated respondent: it says that she is one, and is the same for the same plan."""
    digest = blake2b(f"{plan.survey} {plan.seed} {number}".encode(), digest_size=10).digest()
    return demo.MARK + base64.b32encode(digest).decode().lower()


def _one(stage: Stage, plan: Plan, number: int, keep_days: float) -> Simulated:
    chance = Random(f"{plan.survey} {plan.seed} {number}")
    journey = play(stage, chance, _start(plan, chance))
    words_since = plan.until - timedelta(days=keep_days)
    batch, run = journey.batch, journey.run
    return Simulated(
        pseudonym(plan, number),
        journey.started_at,
        run,
        _dialogues(journey, words_since),
        _turns(journey, words_since),
        list(batch.answers.values()),
        batch.consents,
        bool(batch.finished),
        "stop" if run.state == RunState.STOPPED else "",
    )


def _start(plan: Plan, chance: Random) -> datetime:
    """Most dial in the first days after an invitation, in the day's waking hours, and more in the evening."""
    day = min(int(chance.betavariate(1.1, 1.7) * plan.days), plan.days - 1)
    hour = chance.choices(range(6, 22), [2, 3, 4, 5, 5, 5, 6, 6, 5, 5, 5, 7, 9, 9, 6, 3])[0]
    midnight = plan.until - timedelta(days=plan.days - day)
    return midnight + timedelta(hours=hour - 2, seconds=round(chance.uniform(0, 3600), 3))  # hours as people have them


def _dialogues(journey: Journey, words_since: datetime) -> Sequence[Dialogue]:
    """Her sessions; what was typed long ago is gone, as the worker would have removed it."""
    found = []
    for each in journey.dialogues:
        if each.started_at < words_since:
            each.session.text = ""
        elif journey.batch.forgotten_runs:
            each.session.text = hidden(each.session.text)
        found.append(Dialogue(each.session, each.started_at, each.ended_at, each.end_status))
    return found


def _turns(journey: Journey, words_since: datetime) -> Sequence[Turn]:
    hide = bool(journey.batch.forgotten_runs)
    return [
        each._replace(typed=None, screen="") if hide or each.at < words_since else each
        for each in journey.batch.turns.values()
    ]
