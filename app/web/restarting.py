"""A new start that somebody asked for on a page: the server ends in order, then the same command begins again."""

from collections.abc import Callable


class Restart:
    """What pages ask, and `izwi serve` does when its server has ended."""

    def __init__(self) -> None:
        self.wanted = False
        self._end: Callable[[], None] | None = None

    @property
    def is_possible(self) -> bool:
        """Whether there is a server of ours that can be ended."""
        return self._end is not None

    def ready(self, end: Callable[[], None]) -> None:
        """Learn how the server is ended."""
        self._end = end

    def ask(self) -> None:
        """End the server in order; whoever runs it sees that a new start is wanted."""
        if self._end is not None:
            self.wanted = True
            self._end()
