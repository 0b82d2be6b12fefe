"""A line that nobody pays for: Africa's Talking's forms and screens, and messages that go nowhere.

The demo and the phone in the browser use it.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import uuid4

from app.channels.africastalking import AfricasTalking
from app.channels.base import Account, AirtimeSender, Sender, Sending, SendResult

SERVICE_CODE = "*384*77#"
"""What is dialled where no code is set."""


class Simulated(AfricasTalking):
    """Reads and writes what Africa's Talking does, and keeps every message at home."""

    def sender(self) -> Sender:
        """Make a sender that takes every message and sends none."""
        return _NothingLeaves()

    def airtime(self) -> AirtimeSender:
        """Make a sender whose airtime nobody pays for."""
        return _NothingLeaves()

    def account(self) -> Account:
        """There is nobody to ask."""
        return Account(True, "nothing is sent to anybody: the channel is simulated")


class _NothingLeaves:
    per_request = 500

    def send(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        return [
            SendResult(Sending.SENT, provider_id=f"SIM_{uuid4().hex}", status="Success", cost="0") for _ in recipients
        ]

    def thank(self, e164: str, amount: Decimal, currency: str, key: str) -> SendResult:
        return SendResult(Sending.SENT, provider_id=f"SIM_{key}", status="Sent", cost="0")
