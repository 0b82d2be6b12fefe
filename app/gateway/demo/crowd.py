"""Plays many simulated respondents, in as many processes as there are processors; what becomes of them is the same in one."""

import gc
import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from app.gateway.conversation import Conversation
from app.gateway.demo.journey import Stage
from app.gateway.demo.plan import Plan, respondent
from app.gateway.library import Library
from app.gateway.routing import Routes
from app.settings import Settings
from app.store.demo import Simulated
from app.store.unit import Database

_AT_ONCE = 200
_WORTH_A_PROCESS = 2000
"""To begin a process takes as long as to play half of these."""
_AHEAD = 3
"""So many batches a process are played ahead: none of them waits, and what is played does not fill the memory."""
_GARBAGE = (50_000, 20, 50)


def processes_for(respondents: int, processors: int) -> int:
    """How many processes are worth while."""
    return max(1, min(processors, respondents // _WORTH_A_PROCESS))


def simulated(
    settings: Settings, library: Library, plan: Plan, version_id: int, channel_id: int, *, processes: int
) -> Iterator[Sequence[Simulated]]:
    """Yield all respondents of a plan in their order, some at a time."""
    firsts = range(0, plan.respondents, _AT_ONCE)
    batches = (range(first, min(first + _AT_ONCE, plan.respondents)) for first in firsts)
    if processes == 1:
        stage = _staged(settings, library, plan, version_id, channel_id)
        for numbers in batches:
            yield [respondent(stage, plan, number) for number in numbers]
        return
    # Begun afresh, not forked: the connections to the database are not theirs.
    fresh, begin = multiprocessing.get_context("spawn"), (settings, plan, version_id, channel_id)
    with ProcessPoolExecutor(processes, fresh, _begin, begin) as pool:
        ahead = deque[Future[Sequence[Simulated]]]()
        for numbers in batches:
            ahead.append(pool.submit(_play, plan, numbers))
            if len(ahead) > processes * _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _staged(settings: Settings, library: Library, plan: Plan, version_id: int, channel_id: int) -> Stage:
    no_keys: Any = None  # simulated respondents have no phones, so there is no number to seal
    conversation = Conversation(settings, library, Routes.of(settings), no_keys, chance=lambda: 1)
    code = conversation.routes.code_of(plan.survey)
    return Stage(conversation, library.edition(version_id), channel_id, plan.until, code, settings.ussd_seconds)


# -- in a process of its own -----------------------------------------------------------------------------------------------

_stage: Stage | None = None


def _begin(settings: Settings, plan: Plan, version_id: int, channel_id: int) -> None:
    """Read the survey; the database is not asked again."""
    global _stage  # what is ready for all work of a process of a pool has no other place
    database = Database(settings.database)
    library = Library(database)
    library.refresh()
    _stage = _staged(settings, library, plan, version_id, channel_id)
    database.close()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)


def _play(plan: Plan, numbers: range) -> Sequence[Simulated]:
    if _stage is None:
        raise AssertionError("a process of the pool begins with its stage")
    return [respondent(_stage, plan, number) for number in numbers]
