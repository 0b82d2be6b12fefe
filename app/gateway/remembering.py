"""Sessions between two of their turns, as they were last committed here, so that a turn that goes on reads nothing.

Whoever takes a session out of here has the only one there is. It comes back after the commit, and only then: what failed, or met
another process, is read from the database the next time. And nothing depends on it being true: a session is written only
where it has as many turns as when it was read, a run only where it has its revision (docs/decisions/D16).
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable

from app.gateway.batch import Batch
from app.store.runs import Run
from app.store.sessions import Session
from app.values import Medium, RunState

_MOST = 1024  # 3 MB; beyond it the one that was silent for longest is read from the database, as before

Held = tuple[Session, Run | None]


class Remembered:
    """The dialled sessions that are under way in this process."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[int, str], Held] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, channel_id: int, refs: Iterable[str]) -> tuple[list[Held], list[str]]:
        """Take sessions out; the second value are those that are not here."""
        found, missing = [], []
        with self._lock:
            for ref in refs:
                held = self._held.pop((channel_id, ref), None)
                if held is None:
                    missing.append(ref)
                else:
                    found.append(held)
        return found, missing

    def put(self, batch: Batch) -> None:
        """Remember the sessions that a batch has written, now that they are committed."""
        for each in (*batch.new_runs.values(), *batch.changed_runs.values()):
            each.read_revision = each.revision
        with self._lock:
            for session in batch.changed_sessions.values():
                session.stored, session.read_turns = True, session.turns
                run = batch.runs.get(session.run_id or 0)
                if session.medium == Medium.USSD and run is not None and run.state == RunState.ACTIVE:
                    self._held[session.channel_id, session.ref] = session, run
            while len(self._held) > _MOST:
                self._held.popitem(last=False)
