"""Figures that are dear to count, for pages that are looked at again and again."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

_REST = 30
_KEPT = 200


class Seldom(Generic[T]):
    """Counts anew when thirty times as long has passed as the counting took: all looking takes a thirtieth of a core at most."""

    def __init__(self, seconds: Callable[[], float] = time.perf_counter) -> None:
        self._seconds = seconds
        self._found: dict[Hashable, tuple[float, T]] = {}

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was counted last, or now."""
        found = self._found.get(key)
        if found is not None and self._seconds() < found[0]:
            return found[1]
        before = self._seconds()
        made = make()
        after = self._seconds()
        if len(self._found) > _KEPT:
            self._found.clear()
        self._found[key] = after + _REST * (after - before), made
        return made
