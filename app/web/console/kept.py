"""What takes long to count: counted once for all who look, in a thread beside the pages, and kept for a while.

A page waits for it a moment only, so that few who look at a million answers never stand in the way of all others. The longer
something took, the longer it is kept: counting never takes more than a thirtieth of the time.
"""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_LEAST_SECONDS, _TIMES = 10.0, 30.0
_OLDEST_SECONDS = 900.0
_MOST = 400


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """What was counted, and when."""

    value: T
    at: datetime


@dataclass
class _Entry:
    work: Future[Counted[Any]]
    before: "Counted[Any] | None"
    """What was shown until now, and is until it is counted anew."""
    begun: float = field(default_factory=monotonic)
    ended: float = 0.0

    def is_fresh(self) -> bool:
        if not self.ended:
            return True
        return monotonic() - self.ended < max(_LEAST_SECONDS, _TIMES * (self.ended - self.begun))

    def last(self) -> "Counted[Any] | None":
        """What it found, where that is not too old to be shown once more."""
        if not self.ended or self.work.exception() is not None:
            return self.before
        return self.work.result() if monotonic() - self.ended < _OLDEST_SECONDS else None


class Kept:
    """The last of one kind: so many at most, for some of them are large."""

    def __init__(self, now: Callable[[], datetime], *, most: int = _MOST) -> None:
        self._now, self._most = now, most
        self._all: dict[Hashable, _Entry] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="count")

    def get(self, key: Hashable, make: Callable[[], T], *, wait: float) -> Counted[T] | None:
        """What `make` finds, if it is there within so many seconds; raises what `make` raises."""
        with self._lock:
            entry = self._all.get(key)
            if entry is None or not entry.is_fresh() or _has_failed(entry):
                entry = self._begin(key, make, entry)
        try:
            return entry.work.result(max(0.0, wait) if entry.before is None else 0.0)
        except TimeoutError:
            return entry.before

    def value(self, key: Hashable, make: Callable[[], T], *, wait: float = 0.7) -> T | None:
        """The same without the time."""
        found = self.get(key, make, wait=wait)
        return found.value if found is not None else None

    def _begin(self, key: Hashable, make: Callable[[], T], old: _Entry | None) -> _Entry:
        self._all.pop(key, None)
        while len(self._all) >= self._most:
            del self._all[next(iter(self._all))]

        def work() -> Counted[T]:
            at = self._now()
            entry.begun = monotonic()
            try:
                return Counted(make(), at)
            finally:
                entry.ended = monotonic()

        entry = _Entry(Future(), old.last() if old is not None else None)
        self._all[key] = entry
        entry.work = self._threads.submit(work)
        return entry


def _has_failed(entry: _Entry) -> bool:
    return entry.work.done() and entry.work.exception() is not None
