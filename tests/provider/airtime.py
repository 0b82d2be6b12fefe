"""Airtime at the test provider: a key is paid once and answered alike for ever, and each payment is counted."""

import json
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.provider.reporting import Line, Report


@dataclass
class Payments:
    """What was paid, and the answer that each key got."""

    paid: list[dict[str, str]] = field(default_factory=list)
    check: str = ""
    """Where to ask, before paying, whether it is wanted."""
    _answers: dict[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(
        self, recipients: list[dict[str, str]], key: str, mode: dict[str, Any]
    ) -> tuple[str, list[dict[str, Any]]]:
        """Pay, unless this key was paid before; the answer, and the entries that a report is owed for."""
        with self._lock:
            if key and key in self._answers:
                return self._answers[key][0], []
            entries = [self._entry(each, key, mode) for each in recipients]
            sent = [each for each in entries if each["requestId"] != "None"]
            answer = _answer(entries, sent)
            if key:
                self._answers[key] = answer, sent
            return answer, sent

    def _entry(self, recipient: dict[str, str], key: str, mode: dict[str, Any]) -> dict[str, Any]:
        currency, _, amount = recipient["amount"].partition(" ")
        entry = {
            "amount": f"{currency} {float(amount):.4f}", "discount": f"{currency} 0.0000", "errorMessage": "None",
            "phoneNumber": recipient["phoneNumber"], "requestId": f"ATQid_{uuid.uuid4().hex}", "status": "Sent",
        }  # fmt: skip
        if mode.get("mode") == "refuse-all":
            return entry | {
                "errorMessage": mode.get("message", "Invalid phone number"), "requestId": "None", "status": "Failed",
            }  # fmt: skip
        if self.check and not self._wanted(entry, currency, amount):
            return entry | {"fate": "Failed"}
        self.paid.append(
            {"number": recipient["phoneNumber"], "amount": amount, "currency": currency, "key": key,
             "requestId": entry["requestId"]}
        )  # fmt: skip
        return entry

    def _wanted(self, entry: dict[str, Any], currency: str, amount: str) -> bool:
        form = {
            "transactionId": entry["requestId"], "phoneNumber": entry["phoneNumber"], "sourceIpAddress": "127.0.0.1",
            "currencyCode": currency, "amount": amount,
        }  # fmt: skip
        _, content = Line().post(Report(self.check, form))
        return content == b'{"status":"Validated"}'


def refused(message: str) -> str:
    """The answer that pays nobody."""
    return json.dumps(
        {"errorMessage": message, "numSent": 0, "responses": [], "totalAmount": "0", "totalDiscount": "0"}
    )


def _answer(entries: list[dict[str, Any]], sent: list[dict[str, Any]]) -> str:
    total = sum(float(each["amount"].partition(" ")[2]) for each in sent)
    shown = [{key: value for key, value in each.items() if key != "fate"} for each in entries]
    return json.dumps(
        {"errorMessage": "None", "numSent": len(sent), "responses": shown, "totalAmount": f"USD {total:.4f}",
         "totalDiscount": "USD 0.0000"}
    )  # fmt: skip
