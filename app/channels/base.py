"""What every channel speaks: the inbound words of a provider, and the two small protocols a provider's file fulfils.

A channel file parses a provider's form into one of the `Inbound` values here, writes a `Screen` the way the provider
wants it, and sends text messages. It knows no database and no survey.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from app.values import Screen


class Unreadable(ValueError):
    """A provider's request lacks what is needed to act on it. The message names the field, never its content."""


@dataclass(frozen=True, slots=True)
class UssdTurn:
    """A respondent dialled, or replied. `text` is everything typed in this session so far, joined by ``*``."""

    session: str
    sender: str
    service_code: str
    network_code: str
    text: str


@dataclass(frozen=True, slots=True)
class UssdEnd:
    """The provider says that a session is over. `cost` stays text ("KES 0.10" or "0.00"), `duration_ms` may be absent."""

    session: str
    status: str
    cost: str
    duration_ms: int | None
    hops: int | None


@dataclass(frozen=True, slots=True)
class SmsIn:
    """A text message came in. `provider_id` is the provider's own id, the key that makes a repeat harmless."""

    provider_id: str
    sender: str
    recipient: str
    text: str
    link_id: str
    network_code: str


class Delivery(StrEnum):
    """What a delivery report means for us. `SENT` is not final; the rest of the table is in the channel's file."""

    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of a message we sent; may come late, twice, out of order, or before our own commit."""

    provider_id: str
    delivery: Delivery
    status: str
    reason: str
    network_code: str
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class OptOut:
    """The subscriber asked the provider, not us, for silence."""

    sender: str


@dataclass(frozen=True, slots=True)
class AirtimeReport:
    """What became of airtime that we sent: `delivery` is delivered, failed or unclear."""

    provider_id: str
    delivery: Delivery
    status: str
    reason: str
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class AirtimeCheck:
    """The provider asks, before it pays, whether we really want this."""

    sender: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class MissedCall:
    """Somebody calls a number of ours, and it will not be answered: that costs her nothing."""

    session: str
    sender: str
    destination: str


@dataclass(frozen=True, slots=True)
class CallEnd:
    """A call is over; there is nothing to do about it."""

    session: str


Inbound = UssdTurn | UssdEnd | SmsIn | DeliveryReport | OptOut | AirtimeReport | AirtimeCheck | MissedCall | CallEnd


class Sending(StrEnum):
    """What is known about one recipient after a send was tried."""

    SENT = "sent"  # the provider took it and gave an id
    REFUSED = "refused"  # surely not sent, and trying again is useless
    RETRY = "retry"  # surely not sent, and may be tried again
    UNKNOWN = "unknown"  # may have been sent: never send again by itself


MONEY = frozenset({"InsufficientBalance"})

# These say that the line is down, not that a message is bad: it keeps its tries, the line gets a pause.
LINE_IS_DOWN = MONEY | {"unreachable", "throttled", "unavailable", "authentication", "settings", "certificate"}
"""Reasons that only money mends. A channel's file gives each provider's own words for it this one name."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """The outcome for one recipient. `reason` is the provider's word or ours, never a number or a text."""

    outcome: Sending
    provider_id: str = ""
    status: str = ""
    reason: str = ""
    cost: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """How the provider sees us: whether it takes our key, and in words what it says (a balance, or what is wrong)."""

    usable: bool
    words: str


class Sender(Protocol):
    """Sends one body to several recipients and answers for each of them, in their order. Blocks; never raises."""

    per_request: int
    """Most recipients that one request may have."""

    def send(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        """Send `body` to `recipients` (E.164 numbers)."""
        ...


class AirtimeSender(Protocol):
    """Sends airtime to one phone. Blocks; never raises."""

    def thank(self, e164: str, amount: Decimal, currency: str, key: str) -> SendResult:
        """Send airtime; under the same `key` it is paid once, so UNKNOWN may be tried again with it."""
        ...


class Channel(Protocol):
    """One configured line to one provider."""

    hooks: tuple[str, ...]
    json_hooks: frozenset[str]
    """The hooks that may also be posted to with a JSON object in place of a form."""

    def parse(self, hook: str, form: Mapping[str, str]) -> Inbound:
        """Turn the provider's form into an `Inbound`, or raise `Unreadable`."""
        ...

    def render(self, screen: Screen) -> bytes:
        """Write a USSD screen the way the provider wants its HTTP body."""
        ...

    def sender(self) -> Sender:
        """Make the sending half; the worker keeps one per account."""
        ...

    def airtime(self) -> AirtimeSender:
        """Make the half that sends airtime."""
        ...

    def render_check(self, ok: bool) -> bytes:
        """Answer an `AirtimeCheck`, as JSON."""
        ...

    def reject_call(self) -> bytes:
        """Answer a `MissedCall`, as XML, so that it is never picked up."""
        ...

    def account(self) -> Account:
        """Ask the provider whether it takes our key. Blocks for some seconds at most; never raises."""
        ...
