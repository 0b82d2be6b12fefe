"""What is to be simulated, and what comes of each respondent of it: the same plan makes the same people, answers and times."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import NamedTuple

from app.gateway.demo.journey import Journey, Stage, play
from app.gateway.typed import hidden
from app.store import demo
from app.store.demo import Dialogue, Simulated
from app.store.sessions import Turn
from app.values import RunState


class Plan(NamedTuple):
    """What is to be simulated: the same plan makes the same people, answers and times."""

    survey: str
    respondents: int
    seed: int
    until: datetime
    """The last day of it; people who are not through by then are under way."""
    days: int


def pseudonym(plan: Plan, number: int) -> str:
    """The name of a simulated respondent: it says that she is one, and is the same for the same plan."""
    digest = blake2b(f"{plan.survey} {plan.seed} {number}".encode(), digest_size=10).digest()
    return demo.MARK + base64.b32encode(digest).decode().lower()


def respondent(stage: Stage, plan: Plan, number: int) -> Simulated:
    """One respondent of a plan, with all that came of her."""
    chance = Random(f"{plan.survey} {plan.seed} {number}")
    journey = play(stage, chance, _start(plan, chance))
    words_since = plan.until - timedelta(days=stage.conversation.settings.keep_words_days)
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
