"""Sending text messages through Africa's Talking's own library.

Nothing is taken for granted: a message whose fate is not certain is UNKNOWN, because the messaging API has no idempotency
key and a second POST is a second message.
"""

import json
import re
import ssl
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from app.channels import africastalking_words as words
from app.channels.africastalking_reading import WORD_LIMIT, short_id, storable
from app.channels.base import Sending, SendResult
from app.settings import LineSettings

PER_REQUEST = 500  # no limit is documented; the library's own tests send to 1,000
_COUNT = re.compile(r"[0-9]{1,9}")
E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_ONE_WORD = re.compile(r"[A-Za-z]{1,64}")
_BASE_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


class MessagingSender:
    """Sends through one `SMSService` of its own: the library's module-level services would swap accounts."""

    per_request = PER_REQUEST

    def __init__(self, settings: LineSettings) -> None:
        key, url = settings.api_key.strip(), settings.url
        self._fault = fault_of(key, url)
        self._sender_id = settings.sender or None
        self._timeout = patience(settings)
        self._account = settings.username, key, url

    @cached_property
    def _service(self) -> Any:
        """Made with the first message: the library and what it brings take 5 MB, and a place that sends none needs none."""
        return _service(*self._account)

    def send(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        """Send one text to several numbers, in one request."""
        numbers = list(dict.fromkeys(number for number in recipients if E164.fullmatch(number)))
        results = self._post(body, numbers) if numbers else {}
        # The second of two equal numbers was not sent: the provider would give both the same id.
        again = SendResult(Sending.RETRY, reason="twice in one batch")
        refused = SendResult(Sending.REFUSED, reason="InvalidPhoneNumber")
        return [results.pop(number, again) if E164.fullmatch(number) else refused for number in recipients]

    def _post(self, body: str, numbers: list[str]) -> dict[str, SendResult]:
        if not body.strip() or storable(body) != body:
            return dict.fromkeys(numbers, SendResult(Sending.REFUSED, reason="unsendable text"))
        if self._fault:
            return dict.fromkeys(numbers, SendResult(Sending.RETRY, reason=self._fault))
        from urllib3 import exceptions as net

        try:
            answer = self._service.send(body, numbers, sender_id=self._sender_id, timeout=self._timeout)
        # The library lets through what `requests` raises (all of it OSError) and what `requests` lets through.
        except (OSError, ValueError, net.HTTPError) as error:
            return dict.fromkeys(numbers, after_error(error))
        return _after_answer(answer, numbers)


def patience(settings: LineSettings) -> tuple[float, float]:
    """How long a connection, and then an answer, may take."""
    return min(3.05, settings.send_timeout_seconds), settings.send_timeout_seconds


def fault_of(key: str, url: str) -> str:
    """Find what an operator must mend first: `requests` answers these with errors that may also come after a send."""
    if not key or not key.isascii() or not key.isprintable():
        return "authentication"
    return "settings" if url and not _BASE_URL.fullmatch(url) else ""


def _service(username: str, key: str, url: str) -> Any:
    from africastalking.SMS import SMSService  # here, so that only the worker loads it

    service = whole_answers(SMSService)(username, key)
    if url:
        service._baseUrl = url.rstrip("/") + "/version1"
    return service


def whole_answers(service: Any) -> Any:
    """A service of the library that hands on the HTTP answer as it came: its own reading drops the status and decodes by
    luck."""

    class WholeAnswer(service):  # type: ignore[misc]
        def _make_request(self, url: str, method: str, **request: Any) -> Any:
            return getattr(self, f"_Service__make_{method.lower()}_request")(url, **request)

    return WholeAnswer


def after_error(error: Exception) -> SendResult:
    """Tell an error from before anything was sent from one after which nobody knows."""
    from urllib3 import exceptions as net

    cause = getattr(error.args[0] if error.args else None, "reason", None)
    # A refused or timed out connection, a name that does not resolve (both are kinds of this) and a proxy out of reach.
    if isinstance(cause, net.ConnectTimeoutError | net.ProxyError):
        return SendResult(Sending.RETRY, reason="unreachable")
    if isinstance(cause, net.SSLError) and isinstance(cause.args[0], ssl.SSLCertVerificationError):
        return SendResult(Sending.RETRY, reason="certificate")
    return SendResult(Sending.UNKNOWN, reason="no answer")


def _after_answer(answer: Any, numbers: list[str]) -> dict[str, SendResult]:
    failed = after_status(answer)
    return _by_recipient(answer.content, numbers) if failed is None else dict.fromkeys(numbers, failed)


def after_status(answer: Any) -> SendResult | None:
    """What an HTTP status says of the whole request; None where its content has to be read."""
    code = int(answer.status_code)
    if answer.history:  # the POST was led elsewhere, and what came of it there says nothing
        return SendResult(Sending.UNKNOWN, status=str(code), reason="redirected")
    if 200 <= code < 300:
        return None
    default = (Sending.REFUSED, "bad request") if 400 <= code < 500 else (Sending.UNKNOWN, "server error")
    outcome, reason = words.HTTP_STATUSES.get(code, default)
    return SendResult(outcome, status=str(code), reason=reason)


def _by_recipient(content: bytes, numbers: list[str]) -> dict[str, SendResult]:
    try:
        data = json.loads(content)["SMSMessageData"]
        message, recipients = data.get("Message"), data["Recipients"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return dict.fromkeys(numbers, SendResult(Sending.UNKNOWN, reason="unreadable answer"))
    if recipients == []:
        return dict.fromkeys(numbers, _without_recipients(message))
    results = dict.fromkeys(numbers, SendResult(Sending.UNKNOWN, reason="missing in the answer"))
    for recipient in recipients if isinstance(recipients, list) else []:
        if isinstance(recipient, dict):
            number = "+" + str(recipient.get("number")).strip().removeprefix("+")
            if number in results and results[number].outcome is not Sending.SENT:
                results[number] = _recipient_result(recipient)
    return results


def _without_recipients(message: object) -> SendResult:
    """Read the answer that looks like a success (HTTP 201) and is none: the reason stands where the summary should."""
    if not isinstance(message, str) or not message.strip() or message.startswith("Sent to"):
        return SendResult(Sending.UNKNOWN, reason="missing in the answer")
    word = one_word(message)
    outcomes = {reason.casefold(): outcome for outcome, reason in words.RECIPIENT_CODES.values() if reason}
    return SendResult(outcomes.get(word.casefold(), Sending.REFUSED), reason=word or "refused without a recipient")


def _recipient_result(recipient: Mapping[str, Any]) -> SendResult:
    provider_id = provider_id_of(recipient.get("messageId"))
    code, status = _status_code(recipient.get("statusCode")), one_word(recipient.get("status"))
    if code not in words.RECIPIENT_CODES:
        status = f"{status} {code}".strip()  # what nobody knows yet is kept as it came
    unfamiliar = (Sending.SENT if provider_id else Sending.UNKNOWN, "unfamiliar status")
    outcome, reason = words.RECIPIENT_CODES.get(code, unfamiliar)
    if outcome is Sending.SENT and not provider_id:
        outcome, reason = Sending.UNKNOWN, "sent without an id"
    return SendResult(
        outcome,
        provider_id=provider_id,
        status=status,
        reason=reason,
        cost=storable(str(recipient.get("cost") or ""))[:WORD_LIMIT],
    )


def provider_id_of(value: object) -> str:
    """Write an id exactly as a delivery report's is read; a failed send has the word None for one."""
    word = storable(value.strip()) if isinstance(value, str) else ""
    return "" if word.casefold() in ("", "none", "null") else short_id(word)


def _status_code(value: object) -> int:
    text = str(value)
    return int(text) if _COUNT.fullmatch(text) else 0


def one_word(value: object) -> str:
    """Keep a reason only when it is a single word: anything longer might quote a number or a text."""
    return value if isinstance(value, str) and _ONE_WORD.fullmatch(value) else ""
