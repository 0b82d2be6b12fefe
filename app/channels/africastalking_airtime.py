"""Airtime through Africa's Talking's own library: thanks for taking part.

Unlike a message it has a key: the same request under the same key is paid once. So what is UNKNOWN may be tried again,
with that key and no other.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.channels import africastalking_words as words
from app.channels.africastalking_reading import WORD_LIMIT, plain, storable
from app.channels.africastalking_sending import (
    E164,
    after_error,
    after_status,
    fault_of,
    patience,
    provider_id_of,
    whole_answers,
)
from app.channels.base import Sending, SendResult
from app.settings import LineSettings

_CURRENCY = re.compile(r"[A-Z]{3}")


class Airtime:
    """One account's airtime."""

    def __init__(self, settings: LineSettings) -> None:
        self._username, self._key, self._url = settings.username, settings.api_key.strip(), settings.url
        self._fault = fault_of(self._key, self._url)
        self._timeout = patience(settings)

    def thank(self, e164: str, amount: Decimal, currency: str, key: str) -> SendResult:
        """Send airtime to one phone."""
        if not E164.fullmatch(e164):
            return SendResult(Sending.REFUSED, reason="InvalidPhoneNumber")
        if not (amount.is_finite() and amount > 0 and _CURRENCY.fullmatch(currency)):
            return SendResult(Sending.REFUSED, reason="InvalidAmount")
        if self._fault:
            return SendResult(Sending.RETRY, reason=self._fault)
        from urllib3 import exceptions as net

        # The library writes into the list it is given.
        wanted = [{"phoneNumber": e164, "amount": f"{amount:f}", "currency_code": currency}]
        try:
            answer = self._service().send(recipients=wanted, idempotency_key=key, timeout=self._timeout)
        except (OSError, ValueError, net.HTTPError) as error:
            return after_error(error)
        return after_status(answer) or _read(answer.content, e164)

    def _service(self) -> Any:
        """A service for one request: the library keeps the last key in it, and would send it with the next request too."""
        from africastalking.Airtime import AirtimeService  # here, so that only the worker loads it

        service = whole_answers(AirtimeService)(self._username, self._key)
        if self._url:
            service._baseUrl = self._url.rstrip("/") + "/version1/airtime"
        return service


def _read(content: bytes, e164: str) -> SendResult:
    try:
        data = json.loads(content)
        said, entries = data.get("errorMessage"), data["responses"]
        found = [each for each in entries if "+" + str(each.get("phoneNumber")).strip().removeprefix("+") == e164]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return SendResult(Sending.UNKNOWN, reason="unreadable answer")
    if found:
        return _entry(found[0])
    if _is_none(said):
        return SendResult(Sending.UNKNOWN, reason="missing in the answer")
    return _refused(said)


def _entry(entry: Mapping[str, Any]) -> SendResult:
    status, provider_id = plain(str(entry.get("status") or "")), provider_id_of(entry.get("requestId"))
    outcome = words.AIRTIME.get(status.casefold())
    fine = _is_none(entry.get("errorMessage"))
    if outcome is Sending.REFUSED or not (fine or provider_id):
        refused = _refused(entry.get("errorMessage"))
        return SendResult(refused.outcome, status=status, reason=refused.reason)
    if not provider_id:
        return SendResult(Sending.UNKNOWN, status=status, reason="sent without an id")
    if not fine:
        return SendResult(Sending.UNKNOWN, status=status, reason="an id and an error")
    return SendResult(
        Sending.SENT,
        provider_id=provider_id,
        status=status,
        reason="" if outcome else "unfamiliar status",
        cost=storable(str(entry.get("amount") or ""))[:WORD_LIMIT],
    )


def _refused(said: object) -> SendResult:
    """Read why nothing was paid. Money and the provider's own trouble pass; all else would be refused again."""
    text = said.strip() if isinstance(said, str) else ""
    if text.casefold().startswith("a duplicate request"):
        return SendResult(Sending.RETRY, reason="duplicate")
    reason = "".join(word[:1].upper() + word[1:] for word in plain(text).split())
    if reason.casefold() in words.AIRTIME_MONEY:
        return SendResult(Sending.RETRY, reason="InsufficientBalance")
    known = {word.casefold(): outcome for outcome, word in words.RECIPIENT_CODES.values() if word}
    return SendResult(known.get(reason.casefold(), Sending.REFUSED), reason=reason or "refused without a reason")


def _is_none(said: object) -> bool:
    """On success the error is the word None."""
    return said is None or (isinstance(said, str) and said.strip().casefold() in {"", "none", "null"})
