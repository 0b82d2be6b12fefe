"""Wrong secrets in hook addresses: counted by where they come from, so that whoever guesses is turned away and shows in the log.

Right ones are never counted: no turn is slowed, however many come from one proxy.
"""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limits.strategies import FixedWindowRateLimiter

log = logging.getLogger(__name__)

_A_MINUTE = 30


class Guesses:
    """Those of the last minute, in this process."""

    def __init__(self) -> None:
        self._limiter: FixedWindowRateLimiter | None = None

    def are_too_many(self, address: str) -> bool:
        """Count one more from an address; whether there were too many."""
        from limits import RateLimitItemPerMinute  # here, for most services never see a wrong one

        limiter = self._limiter or self._made()
        if limiter.hit(RateLimitItemPerMinute(_A_MINUTE), "guess", address):
            return False
        if limiter.hit(RateLimitItemPerMinute(1), "told", address):
            log.warning("somebody tries wrong hook secrets, over %d in a minute", _A_MINUTE)
        return True

    def _made(self) -> "FixedWindowRateLimiter":
        from limits.storage import MemoryStorage
        from limits.strategies import FixedWindowRateLimiter

        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        return self._limiter
