"""What the test provider accepted, a few bytes a message, so that a million of them fit; and the bill for it."""

import threading
import uuid
from array import array
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

# Counted here anew, and not as Izwi counts: a bill that is reckoned twice in the same way proves nothing.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_MILLIONTHS = 1_000_000


@dataclass(frozen=True)
class Prices:
    """What a segment costs, in millionths, by the beginning of the number."""

    currency: str = "KES"
    by_prefix: tuple[tuple[str, int], ...] = (("", 800_000),)

    @classmethod
    def of(cls, wish: list[dict[str, Any]]) -> "Prices":
        """Read them: [{"prefix": "+26377", "price": 0.0125}], in USD; the longest prefix that fits counts."""
        rows = [(str(each["prefix"]), round(float(each["price"]) * _MILLIONTHS)) for each in wish]
        return cls("USD", tuple(sorted(rows, key=lambda row: -len(row[0])))) if rows else cls()

    def of_number(self, number: str) -> int:
        """What a segment to this number costs."""
        return next((price for prefix, price in self.by_prefix if number.startswith(prefix)), 0)


class Ledger:
    """The messages, in the order they were accepted."""

    def __init__(self, prices: Prices | None = None) -> None:
        self.prices = prices or Prices()
        self.total = self.segments = 0
        self._lock = threading.Lock()
        self._series = uuid.uuid4().hex[:20]
        self._numbers, self._texts, self._accounts, self._at = array("Q"), array("L"), array("L"), array("d")
        self._text_keys: dict[str, int] = {}
        self._account_keys: dict[tuple[str, str], int] = {}

    def accept(self, form: dict[str, str], numbers: list[str]) -> list[tuple[str, str]]:
        """Keep a message to each of these numbers; returns the id and the cost of each."""
        account = (form["username"], form.get("from", "AFRICASTKNG"))
        segments, now, price_of, currency = (
            segments_of(form["message"]),
            _now(),
            self.prices.of_number,
            self.prices.currency,
        )
        with self._lock:
            text = self._text_keys.setdefault(form["message"], len(self._text_keys))
            held_by = self._account_keys.setdefault(account, len(self._account_keys))
            accepted = []
            for number in numbers:
                cost = price_of(number) * segments
                accepted.append(
                    (f"ATXid_{self._series}{len(self._numbers):012x}", f"{currency} {cost / _MILLIONTHS:.4f}")
                )
                self._numbers.append(int(number))
                self._texts.append(text)
                self._accounts.append(held_by)
                self._at.append(now)
                self.total += cost
            self.segments += segments * len(numbers)
        return accepted

    def __len__(self) -> int:
        return len(self._numbers)

    def messages(self) -> list[dict[str, str]]:
        """All of them, written out."""
        texts, accounts = list(self._text_keys), list(self._account_keys)
        rows = zip(self._numbers, self._texts, self._accounts, self._at, strict=True)
        return [
            {
                "number": f"+{number}",
                "message": texts[text],
                "messageId": f"ATXid_{self._series}{place:012x}",
                "username": accounts[account][0],
                "from": accounts[account][1],
                "at": datetime.fromtimestamp(at, UTC).isoformat(),
            }
            for place, (number, text, account, at) in enumerate(rows)
        ]

    def bill(self) -> dict[str, Any]:
        """What is to be paid."""
        return {
            "currency": self.prices.currency,
            "total": f"{self.total / _MILLIONTHS:.6f}",
            "messages": len(self),
            "segments": self.segments,
        }

    def counts(self, *, each: bool) -> dict[str, Any]:
        """How many messages went to how many numbers, and how many of them were the same text to the same number again."""
        per_number = Counter(self._numbers)
        pairs = set(zip(self._numbers, self._texts, strict=True))
        found: dict[str, Any] = {
            "messages": len(self),
            "numbers": len(per_number),
            "most": max(per_number.values(), default=0),
            "distinct": len(pairs),
        }
        if each:
            texts = Counter(number for number, _ in pairs)
            found["of"] = {f"+{number}": [count, texts[number]] for number, count in per_number.items()}
        return found


@lru_cache(maxsize=1024)
def segments_of(text: str) -> int:
    """How many SMS a text is: 160 septets or 70 UCS-2 units in one, 153 or 67 in each of several; no sign is cut in two."""
    plain = all(sign in _BASIC or sign in _EXTENDED for sign in text)
    sizes = [1 + (sign in _EXTENDED if plain else ord(sign) > 0xFFFF) for sign in text]
    one, part = (160, 153) if plain else (70, 67)
    if sum(sizes) <= one:
        return 1
    parts, room = 1, part
    for size in sizes:
        if size > room:
            parts, room = parts + 1, part
        room -= size
    return parts


def _now() -> float:
    return datetime.now(UTC).timestamp()
