"""How often somebody may try a secret: what is asked too often is asked by a machine."""

from ipaddress import ip_address, ip_network

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from app.gateway.refusals import NotPossible
from app.settings import Settings

_MINUTES = 5
_BY_NAME, _BY_ADDRESS = RateLimitItemPerMinute(8, _MINUTES), RateLimitItemPerMinute(40, _MINUTES)
_BY_ACCOUNT, _LOOKS = RateLimitItemPerMinute(6, _MINUTES), RateLimitItemPerMinute(40, _MINUTES)
_HERE = {"127.0.0.1", "::1"}
_TOO_MANY = f"There were too many tries. Wait for {_MINUTES} minutes."


class Limits:
    """The tries of the last minutes, in this process."""

    def __init__(self, settings: Settings) -> None:
        self._has_proxy = bool(settings.public_url)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def hit(self, request: Request, name: str) -> None:
        """Count a try at this name; raises `NotPossible` where there were too many, at it or from one address."""
        address = self._address(request)
        by_address = self._limiter.hit(_BY_ADDRESS, "address", address)
        plain = " ".join(name.split()).casefold()
        if not self._limiter.hit(_BY_NAME, "name", address, plain) or not by_address:
            raise NotPossible(_TOO_MANY)

    def _address(self, request: Request) -> str:
        """Where somebody comes from. Only a proxy on this very machine is believed, and only what it says itself."""
        address = request.client.host if request.client else ""
        if self._has_proxy and address in _HERE:
            said = request.headers.getlist("x-forwarded-for")  # of several lines, the last is the proxy's own
            address = (said[-1] if said else "").rpartition(",")[2].strip() or address
        try:
            ip = ip_address(address)
        except ValueError:
            return address
        return str(ip_network((ip, 64), strict=False)) if ip.version == 6 else address  # a home has as many as it likes

    def hit_look(self, account_id: int) -> None:
        """Count a look at a number that somebody typed: a few dozen are work, more are a list that is tried out."""
        if not self._limiter.hit(_LOOKS, "look", str(account_id)):
            raise NotPossible(_TOO_MANY)

    def hit_account(self, account_id: int) -> None:
        """Count a try at a secret of somebody who has shown another one of hers already, from wherever it comes."""
        if not self._limiter.hit(_BY_ACCOUNT, "account", str(account_id)):
            raise NotPossible(_TOO_MANY)
