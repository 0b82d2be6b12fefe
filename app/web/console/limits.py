"""How often somebody may try a secret: what is asked too often is asked by a machine."""

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from app.gateway.refusals import NotPossible

_MINUTES = 5
_BY_NAME, _BY_ADDRESS = RateLimitItemPerMinute(8, _MINUTES), RateLimitItemPerMinute(40, _MINUTES)


class Limits:
    """The tries of the last minutes, in this process."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def hit(self, request: Request, name: str) -> None:
        """Count a try at this name; raises `NotPossible` where there were too many, at it or from one address."""
        address = request.client.host if request.client else ""
        by_address = self._limiter.hit(_BY_ADDRESS, "address", address)
        if not self._limiter.hit(_BY_NAME, "name", address, name.casefold()) or not by_address:
            raise NotPossible(f"There were too many tries. Wait for {_MINUTES} minutes.")
