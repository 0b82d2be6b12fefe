"""Africa's Talking: its USSD and SMS forms, the screens it shows, and sending through its own Python library.

Africa's Talking signs nothing, marks no field as optional and publishes no schema. So reading asks only for what is
indispensable, and keeps words it does not know. Sending takes nothing for granted either: a message whose fate is not
certain is UNKNOWN, because the messaging API has no idempotency key and a second POST is a second message.
"""

import hashlib
import json
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

from app.channels.base import (
    Account,
    Delivery,
    DeliveryReport,
    Inbound,
    OptOut,
    Sender,
    Sending,
    SendResult,
    SmsIn,
    Unreadable,
    UssdEnd,
    UssdTurn,
)
from app.settings import Settings
from app.values import Screen

WORD_LIMIT = 128  # ids, numbers and codes; the longest seen is an id of 38 characters
ID_LIMIT = 100  # an id is also a part of the key of what it causes, which has WORD_LIMIT characters
TEXT_LIMIT = 40_000  # more than the 255 parts a long SMS can have

_DELIVERIES = {
    "sent": Delivery.SENT,
    "submitted": Delivery.SENT,
    "buffered": Delivery.SENT,
    "success": Delivery.DELIVERED,
    "failed": Delivery.FAILED,
    "rejected": Delivery.FAILED,
    # The documents do not say whether these two are final. An expired message was discarded by the network, so it can
    # no longer arrive. An absent subscriber's phone is off; many networks hold the message and deliver it later, so
    # the door stays open for a later report.
    "expired": Delivery.FAILED,
    "absentsubscriber": Delivery.UNCLEAR,
}

# Words that Africa's Talking spells in two ways.
_SPELLINGS = {"notnetworksubcriber": "NotNetworkSubscriber", "userinblacklist": "UserInBlacklist"}

_RECIPIENT_CODES = {
    100: (Sending.SENT, ""),
    101: (Sending.SENT, ""),
    102: (Sending.SENT, ""),
    401: (Sending.REFUSED, "RiskHold"),
    402: (Sending.REFUSED, "InvalidSenderId"),
    403: (Sending.REFUSED, "InvalidPhoneNumber"),
    404: (Sending.REFUSED, "UnsupportedNumberType"),
    405: (Sending.RETRY, "InsufficientBalance"),
    406: (Sending.REFUSED, "UserInBlacklist"),
    407: (Sending.REFUSED, "CouldNotRoute"),
    409: (Sending.REFUSED, "DoNotDisturbRejection"),
    500: (Sending.RETRY, "InternalServerError"),
    501: (Sending.RETRY, "GatewayError"),
    502: (Sending.RETRY, "RejectedByGateway"),
}

# What an HTTP status says about the whole batch. A wrong key sent nothing: the messages wait until somebody mends it.
_HTTP_STATUSES = {
    401: (Sending.RETRY, "authentication"),
    403: (Sending.RETRY, "authentication"),
    429: (Sending.RETRY, "throttled"),
    503: (Sending.RETRY, "unavailable"),
}

_LIVE, _SANDBOX = "https://api.africastalking.com", "https://api.sandbox.africastalking.com"
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_NO_PLUS = re.compile(r"[1-9][0-9]{7,14}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL takes no NUL, UTF-8 no half of a surrogate pair
_ONE_WORD = re.compile(r"[A-Za-z]{1,64}")
_BASE_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_COUNT = re.compile(r"[0-9]{1,9}")  # fits a column of 32 bits


class AfricasTalking:
    """One account at Africa's Talking."""

    hooks: tuple[str, ...] = ("ussd", "ussd-end", "sms", "delivery", "opt-out")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def parse(self, hook: str, form: Mapping[str, str]) -> Inbound:
        """Turn a url-decoded form into an `Inbound`, or raise `Unreadable`."""
        match hook:
            case "ussd":
                return _ussd_turn(form)
            case "ussd-end":
                return _ussd_end(form)
            case "sms":
                return _sms(form)
            case "delivery":
                return _delivery_report(form)
            case "opt-out":
                return OptOut(sender=_number(form, "phoneNumber", required=True))
            case _:
                raise Unreadable("there is no such hook")

    def render(self, screen: Screen) -> bytes:
        """Write a screen; Africa's Talking ends the session unless the very first bytes are CON or END."""
        return f"{'END' if screen.final else 'CON'} {screen.text}".encode("utf-8", "replace")

    def sender(self) -> Sender:
        """Make the sending half, which loads the provider's library."""
        return _MessagingSender(self._settings)

    def account(self) -> Account:
        """Ask for the balance (GET /version1/user), which a wrong key does not get."""
        import httpx  # here, for a service that only waits for providers never asks

        settings = self._settings
        sandbox = settings.africastalking_username == "sandbox"
        base = settings.africastalking_url.rstrip("/") or (_SANDBOX if sandbox else _LIVE)
        try:
            answer = httpx.get(
                f"{base}/version1/user",
                params={"username": settings.africastalking_username},
                headers={"apiKey": settings.africastalking_api_key.strip(), "Accept": "application/json"},
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
            True, f"Africa's Talking takes the API key; the balance is {_storable(str(balance))[:WORD_LIMIT]}"
        )


# Reading


def _ussd_turn(form: Mapping[str, str]) -> UssdTurn:
    return UssdTurn(
        session=_identifier(form, "sessionId", required=True),
        sender=_number(form, "phoneNumber", required=True),
        service_code=_word(form, "serviceCode"),
        network_code=_word(form, "networkCode"),
        text=_text(form, "text"),
    )


def _ussd_end(form: Mapping[str, str]) -> UssdEnd:
    return UssdEnd(
        session=_identifier(form, "sessionId", required=True),
        status=_word(form, "status"),
        cost=_word(form, "cost"),
        duration_ms=_count(form, "durationInMillis"),
        hops=_count(form, "hopsCount"),
    )


def _sms(form: Mapping[str, str]) -> SmsIn:
    sender, recipient, text = _number(form, "from", required=True), _number(form, "to"), _text(form, "text")
    return SmsIn(
        # A message without an id gets one from its content, so that a repeat is still recognised.
        provider_id=_identifier(form, "id") or _digest("|".join((sender, recipient, _word(form, "date"), text))),
        sender=sender,
        recipient=recipient,
        text=text,
        link_id=_word(form, "linkId"),
        network_code=_word(form, "networkCode"),
    )


def _delivery_report(form: Mapping[str, str]) -> DeliveryReport:
    status = _word(form, "status", required=True)
    reason = _word(form, "failureReason")
    return DeliveryReport(
        provider_id=_identifier(form, "id", required=True),
        delivery=_DELIVERIES.get(status.casefold(), Delivery.UNCLEAR),
        status=status,
        reason=_SPELLINGS.get(reason.casefold(), reason),
        network_code=_word(form, "networkCode"),
        recipient=_number(form, "phoneNumber"),
    )


def _identifier(form: Mapping[str, str], name: str, *, required: bool = False) -> str:
    return _short_id(_word(form, name, required=required, limit=TEXT_LIMIT))


def _short_id(value: str) -> str:
    # Cut short, two ids could become one and a message would count as a repeat; a digest keeps them apart.
    return value if len(value) <= ID_LIMIT else _digest(value)


def _number(form: Mapping[str, str], name: str, *, required: bool = False) -> str:
    """Read a number, a short code or a name. A plus that was sent unencoded arrives as a space and is put right."""
    number = _word(form, name, required=required)
    return f"+{number}" if form.get(name, "").startswith(" ") and _NO_PLUS.fullmatch(number) else number


def _count(form: Mapping[str, str], name: str) -> int | None:
    value = _word(form, name)
    return int(value) if _COUNT.fullmatch(value) else None


def _word(form: Mapping[str, str], name: str, *, required: bool = False, limit: int = WORD_LIMIT) -> str:
    word = _storable(form.get(name, "").strip()[:limit])
    if required and not word:
        raise Unreadable(f"field {name} is missing")
    return word


def _text(form: Mapping[str, str], name: str) -> str:
    """Read what a person typed, with its spaces: the next turn's text begins with exactly this one."""
    return _storable(form.get(name, "")[:TEXT_LIMIT])


def _storable(text: str) -> str:
    return text if text.isprintable() else _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


# Sending


class _MessagingSender:
    """Sends through one `SMSService` of its own: the library's module-level services would swap accounts."""

    def __init__(self, settings: Settings) -> None:
        key, url = settings.africastalking_api_key.strip(), settings.africastalking_url
        self._fault = _fault(key, url)
        self._sender_id = settings.africastalking_sender or None
        limit = settings.send_timeout_seconds
        self._timeout = (min(3.05, limit), limit)
        self._service = _service(settings.africastalking_username, key, url)

    def send(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        numbers = list(dict.fromkeys(number for number in recipients if _E164.fullmatch(number)))
        results = self._post(body, numbers) if numbers else {}
        # The second of two equal numbers was not sent: the provider would give both the same id.
        again = SendResult(Sending.RETRY, reason="twice in one batch")
        refused = SendResult(Sending.REFUSED, reason="InvalidPhoneNumber")
        return [results.pop(number, again) if _E164.fullmatch(number) else refused for number in recipients]

    def _post(self, body: str, numbers: list[str]) -> dict[str, SendResult]:
        if not body.strip() or _UNSTORABLE.search(body):
            return dict.fromkeys(numbers, SendResult(Sending.REFUSED, reason="unsendable text"))
        if self._fault:
            return dict.fromkeys(numbers, SendResult(Sending.RETRY, reason=self._fault))
        from urllib3 import exceptions as net

        try:
            answer = self._service.send(body, numbers, sender_id=self._sender_id, timeout=self._timeout)
        # The library lets through what `requests` raises (all of it OSError) and what `requests` lets through.
        except (OSError, ValueError, net.HTTPError) as error:
            return dict.fromkeys(numbers, _after_error(error))
        return _after_answer(answer, numbers)


def _fault(key: str, url: str) -> str:
    """Find what an operator must mend first: `requests` answers these with errors that may also come after a send."""
    if not key or not key.isascii() or not key.isprintable():
        return "authentication"
    return "settings" if url and not _BASE_URL.fullmatch(url) else ""


def _service(username: str, key: str, url: str) -> Any:
    from africastalking.SMS import SMSService  # here, so that only the worker loads it

    class WholeAnswer(SMSService):  # type: ignore[misc]
        """Hands on the HTTP answer as it came: the library's own reading drops the status and decodes by luck."""

        def _make_request(self, url: str, method: str, **request: Any) -> Any:
            return getattr(self, f"_Service__make_{method.lower()}_request")(url, **request)

    service = WholeAnswer(username, key)
    if url:
        service._baseUrl = url.rstrip("/") + "/version1"
    return service


def _after_error(error: Exception) -> SendResult:
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
    code = int(answer.status_code)
    if answer.history:  # the POST was led elsewhere, and what came of it there says nothing
        return dict.fromkeys(numbers, SendResult(Sending.UNKNOWN, status=str(code), reason="redirected"))
    if 200 <= code < 300:
        return _by_recipient(answer.content, numbers)
    default = (Sending.REFUSED, "bad request") if 400 <= code < 500 else (Sending.UNKNOWN, "server error")
    outcome, reason = _HTTP_STATUSES.get(code, default)
    return dict.fromkeys(numbers, SendResult(outcome, status=str(code), reason=reason))


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
    word = _one_word(message)
    outcomes = {reason.casefold(): outcome for outcome, reason in _RECIPIENT_CODES.values() if reason}
    return SendResult(outcomes.get(word.casefold(), Sending.REFUSED), reason=word or "refused without a recipient")


def _recipient_result(recipient: Mapping[str, Any]) -> SendResult:
    provider_id = _message_id(recipient.get("messageId"))
    unfamiliar = (Sending.SENT if provider_id else Sending.UNKNOWN, "unfamiliar status")
    outcome, reason = _RECIPIENT_CODES.get(_status_code(recipient.get("statusCode")), unfamiliar)
    if outcome is Sending.SENT and not provider_id:
        outcome, reason = Sending.UNKNOWN, "sent without an id"
    return SendResult(
        outcome,
        provider_id=provider_id,
        status=_one_word(recipient.get("status")),
        reason=reason,
        cost=_storable(str(recipient.get("cost") or ""))[:WORD_LIMIT],
    )


def _message_id(value: object) -> str:
    """Write an id exactly as a delivery report's is read; a failed send has the word None for one."""
    word = _storable(value.strip()) if isinstance(value, str) else ""
    return "" if word.casefold() in ("", "none", "null") else _short_id(word)


def _status_code(value: object) -> int:
    text = str(value)
    return int(text) if _COUNT.fullmatch(text) else 0


def _one_word(value: object) -> str:
    """Keep a reason only when it is a single word: anything longer might quote a number or a text."""
    return value if isinstance(value, str) and _ONE_WORD.fullmatch(value) else ""
