"""How a broadcast goes, for whoever looks: figures, rate, time left, who was reached, the last messages, trouble in words."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection

from app.gateway import planning
from app.gateway.hours import hours_of
from app.store import contacts, progress, recipients, tallies
from app.store.broadcasts import Broadcast
from app.store.progress import Reached
from app.web.console.seldom import Seldom
from app.web.desk import Desk

_SPAN = timedelta(seconds=60)
_EVENTS = 8
PEOPLE = ("waiting", "written", "ended")
"""States of recipients who get messages; what else a tally counts is a reason to be left out."""


class Following:
    """What one process knows of broadcasts that are looked at. Whoever comes first starts the clock of the rate."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._dear: Seldom[tuple[Reached, int]] = Seldom()
        self._samples: dict[int, deque[tuple[datetime, int]]] = {}

    def look(self, name: str) -> dict[str, Any]:
        """Everything that the page shows of it now."""
        desk, at = self._desk, self._desk.now()
        which = desk.broadcasting.find(name)
        reached, stopped = self._dear.of((which.id, which.state), lambda: self._count(which, at))
        counts = desk.database.read(lambda connection: tallies.of(connection, which.id))
        standing = planning.standing(which, counts, stopped, at)
        done = sum(count for state, count in standing["messages"].items() if state != "waiting")
        rate = self._rate(which, done, at)
        left = standing["left"]
        foreseen = (which.plan or {}).get("messages", 0)
        return {
            "which": which, "standing": standing, "done": done, "reached": reached, "rate": rate,
            "time_left": planning.time_left(left, rate) if which.state == "running" and left and rate else None,
            "total": done + left if standing["prepared"] else max(foreseen, done + left),
            "opening": hours_of(which).next_opening(at) if standing["resting"] else None,
            "left_out": {why: n for why, n in standing["people"].items() if why not in PEOPLE},
            "events": desk.database.read(lambda connection: self._events(connection, which)),
        }  # fmt: skip

    def _count(self, which: Broadcast, at: datetime) -> tuple[Reached, int]:
        def read(connection: Connection) -> tuple[Reached, int]:
            since = which.started_at or at
            return progress.reached(connection, which), recipients.stopped_since(connection, which.id, since)

        return self._desk.database.read(read)

    def _rate(self, which: Broadcast, done: int, at: datetime) -> float | None:
        """Messages a second over the last minute that somebody looked; None until there are two looks."""
        if which.state != "running":
            self._samples.pop(which.id, None)
            return None
        samples = self._samples.setdefault(which.id, deque())
        samples.append((at, done))
        while samples[0][0] < at - _SPAN:
            samples.popleft()
        seconds = (at - samples[0][0]).total_seconds()
        return (done - samples[0][1]) / seconds if seconds > 0 else None

    def _events(self, connection: Connection, which: Broadcast) -> list[tuple[progress.Event, str]]:
        found = progress.latest(connection, which.id, count=_EVENTS)
        to = contacts.addresses(connection, self._desk.keys, [each.contact_id for each in found])
        return [(each, to[each.contact_id].msisdn.masked) for each in found]


def row(which: Broadcast, counts: Mapping[str, int]) -> dict[str, Any]:
    """A broadcast in the list."""
    messages = {what.removeprefix("messages:"): n for what, n in counts.items() if what.startswith("messages:")}
    waiting = messages.get("waiting", 0) + counts.get("people:waiting", 0)
    done = sum(messages.values()) - messages.get("waiting", 0)
    prepared = which.prepared_at is not None
    foreseen = (which.plan or {}).get("messages", 0)
    total = done + waiting if prepared else max(foreseen, done + waiting)
    return {"which": which, "done": done, "total": total, "messages": messages}
