"""Africa's Talking's forms, and what they say: it marks no field as optional and keeps no schema, so little is asked for."""

import hashlib
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from app.channels import africastalking_words as words
from app.channels.base import (
    AirtimeCheck,
    AirtimeReport,
    CallEnd,
    Delivery,
    DeliveryReport,
    Inbound,
    MissedCall,
    OptOut,
    SmsIn,
    Unreadable,
    UssdEnd,
    UssdTurn,
)

WORD_LIMIT = 128  # ids, numbers and codes; the longest seen is an id of 38 characters
ID_LIMIT = 100  # an id is also a part of the key of what it causes, which has WORD_LIMIT characters
TEXT_LIMIT = 40_000  # more than the 255 parts a long SMS can have

_NO_PLUS = re.compile(r"[1-9][0-9]{7,14}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL takes no NUL, UTF-8 no half of a surrogate pair
_PLAIN = re.compile(r"[A-Za-z][A-Za-z '.,-]{0,127}")
_AMOUNT = re.compile(r"(?:([A-Z]{3}) )?([0-9]{1,9}(?:\.[0-9]{1,6})?)")
_COUNT = re.compile(r"[0-9]{1,9}")  # fits a column of 32 bits


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
        delivery=words.DELIVERIES.get(status.casefold(), Delivery.UNCLEAR),
        status=status,
        reason=words.FAILURES.get(reason.casefold(), reason),
        network_code=_word(form, "networkCode"),
        recipient=_number(form, "phoneNumber"),
    )


def _opt_out(form: Mapping[str, str]) -> OptOut:
    return OptOut(sender=_number(form, "phoneNumber", required=True))


def _airtime_report(form: Mapping[str, str]) -> AirtimeReport:
    status = _word(form, "status", required=True)
    return AirtimeReport(
        provider_id=_identifier(form, "requestId", required=True),
        delivery=words.AIRTIME_REPORTS.get(status.casefold(), Delivery.UNCLEAR),
        status=status,
        reason=plain(_word(form, "description")),
        recipient=_number(form, "phoneNumber"),
    )


def _airtime_check(form: Mapping[str, str]) -> AirtimeCheck:
    found = _AMOUNT.fullmatch(_word(form, "amount", required=True))
    if found is None:
        raise Unreadable("field amount is no amount")
    return AirtimeCheck(
        sender=_number(form, "phoneNumber", required=True),
        amount=Decimal(found[2]),
        currency=_word(form, "currencyCode") or found[1] or "",
    )


def _call(form: Mapping[str, str]) -> MissedCall | CallEnd:
    session = _identifier(form, "sessionId", required=True)
    if _word(form, "isActive") == "0":
        return CallEnd(session)
    return MissedCall(
        session=session,
        sender=_number(form, "callerNumber", required=True),
        destination=_number(form, "destinationNumber"),
    )


def _identifier(form: Mapping[str, str], name: str, *, required: bool = False) -> str:
    return short_id(_word(form, name, required=required, limit=TEXT_LIMIT))


def plain(text: str) -> str:
    """A provider's sentence if it is words and nothing else: with digits in it, it might quote a number."""
    return text if _PLAIN.fullmatch(text) else ""


def short_id(value: str) -> str:
    """An id in the room that the store has for it."""
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
    word = storable(form.get(name, "").strip()[:limit])
    if required and not word:
        raise Unreadable(f"field {name} is missing")
    return word


def _text(form: Mapping[str, str], name: str) -> str:
    """Read what a person typed, with its spaces: the next turn's text begins with exactly this one."""
    return storable(form.get(name, "")[:TEXT_LIMIT])


def storable(text: str) -> str:
    """A text as both databases take it: what they do not take becomes a mark."""
    return text if text.isprintable() else _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


_READERS: Mapping[str, Callable[[Mapping[str, str]], Inbound]] = {
    "ussd": _ussd_turn,
    "ussd-end": _ussd_end,
    "sms": _sms,
    "delivery": _delivery_report,
    "opt-out": _opt_out,
    "airtime": _airtime_report,
    "airtime-check": _airtime_check,
    "voice": _call,
}
HOOKS = tuple(_READERS)


def parse(hook: str, form: Mapping[str, str]) -> Inbound:
    """Turn a url-decoded form into an `Inbound`, or raise `Unreadable`."""
    if hook not in _READERS:
        raise Unreadable("there is no such hook")
    return _READERS[hook](form)
