"""Africa's Talking: its USSD and SMS forms, the screens it shows, and sending through its own Python library.

Africa's Talking signs nothing, marks no field as optional and publishes no schema. So reading asks only for what is
indispensable, and keeps words it does not know.
"""

from collections.abc import Mapping

from app.channels import africastalking_reading as reading
from app.channels.africastalking_reading import WORD_LIMIT, storable
from app.channels.base import Account, AirtimeSender, Inbound, Sender
from app.settings import LineSettings
from app.values import Screen

_LIVE, _SANDBOX = "https://api.africastalking.com", "https://api.sandbox.africastalking.com"


class AfricasTalking:
    """One account at Africa's Talking."""

    hooks: tuple[str, ...] = reading.HOOKS
    json_hooks = frozenset({"airtime", "airtime-check"})

    def __init__(self, settings: LineSettings) -> None:
        self._settings = settings

    def parse(self, hook: str, form: Mapping[str, str]) -> Inbound:
        """Turn a url-decoded form into an `Inbound`, or raise `Unreadable`."""
        return reading.parse(hook, form)

    def render(self, screen: Screen) -> bytes:
        """Write a screen; Africa's Talking ends the session unless the very first bytes are CON or END."""
        return f"{'END' if screen.final else 'CON'} {screen.text}".encode("utf-8", "replace")

    def sender(self) -> Sender:
        """Make the sending half, which loads the provider's library."""
        from app.channels.africastalking_sending import MessagingSender

        return MessagingSender(self._settings)

    def airtime(self) -> AirtimeSender:
        """Make the half that sends airtime, which loads the provider's library too."""
        from app.channels.africastalking_airtime import Airtime

        return Airtime(self._settings)

    def render_check(self, ok: bool) -> bytes:
        """Say whether airtime that is about to be paid is ours."""
        return b'{"status":"Validated"}' if ok else b'{"status":"Failed"}'

    def reject_call(self) -> bytes:
        """Let a call ring out unanswered."""
        return b'<?xml version="1.0" encoding="UTF-8"?><Response><Reject/></Response>'

    def account(self) -> Account:
        """Ask for the balance (GET /version1/user), which a wrong key does not get."""
        import httpx  # here, for a service that only waits for providers never asks

        settings = self._settings
        base = settings.url.rstrip("/") or (_SANDBOX if settings.username == "sandbox" else _LIVE)
        try:
            answer = httpx.get(
                f"{base}/version1/user",
                params={"username": settings.username},
                headers={"apiKey": settings.api_key.strip(), "Accept": "application/json"},
                timeout=5,
            )
            balance = answer.json()["UserData"]["balance"] if answer.status_code == 200 else ""
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
            return Account(False, "Africa's Talking cannot be reached from here")
        if answer.status_code == 401:
            return Account(False, "Africa's Talking does not take this user name and API key")
        if not balance:
            return Account(False, f"Africa's Talking answered with HTTP {answer.status_code}")
        return Account(
            True, f"Africa's Talking takes the API key; the balance is {storable(str(balance))[:WORD_LIMIT]}"
        )
