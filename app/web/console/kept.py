"""What takes longer than a page may: it is made in a thread of its own, kept for a while, and shown from there."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
_PATIENCE = 0.7
"""A page waits so many seconds for what may be ready at once."""
_REST = 10
"""What took a second to make is made again after so many, at the earliest."""


@dataclass(slots=True)
class _Entry(Generic[T]):
    making: "Future[tuple[T, float]]"
    value: T | None = None
    made_at: float | None = None
    seconds: float = 0.0


class Kept(Generic[T]):
    """The last few values of one kind."""

    def __init__(self, name: str, *, most: int, fresh: float = float("inf")) -> None:
        self._most, self._fresh = most, fresh
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def find(self, key: Hashable, make: Callable[[], T], *, patience: float = _PATIENCE) -> T | None:
        """The value as it was made last; None while there is none yet. What is old is made again meanwhile."""
        entry = self._begin(key, make)
        if entry.made_at is None:
            try:
                return entry.making.result(patience)[0]
            except TimeoutError:
                return None
        return entry.value

    def _begin(self, key: Hashable, make: Callable[[], T]) -> _Entry[T]:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or self._is_old(entry):
                following = _Entry(self._thread.submit(_timed, make))
                if entry is not None:  # the old value is shown until there is the new one
                    following.value, following.made_at, following.seconds = entry.value, entry.made_at, entry.seconds
                self._entries[key] = entry = following
                entry.making.add_done_callback(lambda done: self._keep(following, done, time.monotonic()))
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
            return entry

    def _is_old(self, entry: _Entry[T]) -> bool:
        if not entry.making.done():
            return False
        if entry.making.exception() is not None or entry.made_at is None:
            return True
        return time.monotonic() - entry.made_at > max(self._fresh, _REST * entry.seconds)

    def _keep(self, entry: _Entry[T], done: "Future[tuple[T, float]]", now: float) -> None:
        if error := done.exception():
            log.error("something for a page could not be made: %s", type(error).__name__)
            return
        (entry.value, entry.seconds), entry.made_at = done.result(), now


def _timed(make: Callable[[], T]) -> tuple[T, float]:
    begun = time.monotonic()
    return make(), time.monotonic() - begun
