"""Long work that somebody began on a page: it goes on in a thread of its own, one after the other, and shows how far it is.

Whoever comes back to the page, on another machine or after a night, sees it as it is. A restart of Izwi ends it; nothing of
it is left half done, for each is whole or not at all.
"""

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from app.gateway.refusals import NotNow, NotPossible, NotThere
from app.values import Role, without_numbers
from app.web.allowing import Asker

log = logging.getLogger(__name__)

_KEPT = 20
_AT_A_TIME = 3


class State(StrEnum):
    """Where a task is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Ended(Exception):
    """Somebody does not want it any more."""


@dataclass
class Task:
    """One piece of long work."""

    id: str
    title: str
    owner: str
    role: Role
    """What its owner was when she began it: as something else she does not get what came of it."""
    back: str
    """The page to go on with when it is done."""
    begun_at: datetime
    state: State = State.WAITING
    count: int = 0
    total: int | None = None
    said: str = ""
    """What came of it, or what is wrong."""
    file: Path | None = None
    """What it made, to be fetched by its owner."""
    name: str = ""
    """What people call that file."""
    once: bool = False
    """Whether the file is gone when it was fetched."""
    unwanted: threading.Event = field(default_factory=threading.Event)

    def __call__(self, count: int, total: int | None = None) -> None:
        """Say how far it is; raises `Ended` where nobody wants it any more."""
        self.count, self.total = count, total if total is not None else self.total
        if self.unwanted.is_set():
            raise Ended

    @property
    def is_over(self) -> bool:
        """Whether nothing comes any more."""
        return self.state in {State.DONE, State.FAILED}


Work = Callable[[Task], str]
"""Does the work and says what came of it, in a sentence."""


class Tasks:
    """All tasks of this process."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._all: dict[str, Task] = {}
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="task")

    def begin(self, title: str, asker: Asker, work: Work, *, back: str, total: int | None = None) -> Task:
        """Begin something, or let it wait for what is under way. Nobody has more than a few of them at a time."""
        if sum(not each.is_over for each in self.of(asker)) >= _AT_A_TIME:
            raise NotNow("Several things that you began are not done yet. Wait for them, or end one.")
        task = Task(secrets.token_urlsafe(9), title, asker.name, asker.role, back, self._now(), total=total)
        self._forget(asker)
        self._all[task.id] = task
        self._threads.submit(self._do, task, work)
        return task

    def find(self, task_id: str, asker: Asker) -> Task:
        """One of somebody's own."""
        found = self._all.get(task_id)
        if found is None or (found.owner, found.role) != (asker.name, asker.role):
            raise NotThere("This is not known any more. Perhaps Izwi was started again: begin anew.")
        return found

    def of(self, asker: Asker) -> list[Task]:
        """All of somebody's own, the newest first."""
        return [each for each in reversed(list(self._all.values())) if each.owner == asker.name]

    def _do(self, task: Task, work: Work) -> None:
        task.state = State.RUNNING
        try:
            task(0)
            task.said = work(task)
            task.state = State.DONE
        except Ended:
            task.said, task.state = "It was ended; nothing of it is left.", State.FAILED
        except NotPossible as error:
            task.said, task.state = without_numbers(str(error)), State.FAILED
        except Exception as error:
            log.error("a task of the console failed: %s", type(error).__name__)
            task.said, task.state = "Something went wrong in Izwi. Its log says where.", State.FAILED

    def _forget(self, asker: Asker) -> None:
        """Those of hers that are over, but for the last few."""
        for each in [each for each in self.of(asker) if each.is_over][_KEPT:]:
            if each.file is not None:
                each.file.unlink(missing_ok=True)
            del self._all[each.id]
