"""What a respondent's messages and menus cost at a list of prices, in exact decimals."""

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from io import StringIO

from app.values import Medium

COLUMNS = ("operator", "prefix", "channel", "unit", "price", "currency")
_STEP = re.compile(r"([1-9][0-9]{0,3})s")
_UNITS = {
    Medium.SMS: "part (each SMS part sent), reply (each SMS received)",
    Medium.USSD: "session, 20s (or other steps)",
}
_EVERYWHERE = "*"


class BadTariff(ValueError):
    """The list of prices cannot be used; the message says where it is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Price:
    """One line of the list: what an operator takes for a unit of a channel."""

    operator: str
    prefix: str
    """How its numbers begin, in E.164 (`+26377`), or `*` for all others."""
    medium: Medium
    unit: str
    price: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What somebody uses of a channel."""

    medium: Medium
    parts: int = 0
    """SMS parts sent."""
    replies: int = 0
    """SMS received."""
    sessions: int = 0
    seconds: float = 0


# What something costs: an amount in each currency.
Cost = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Tariff:
    """A list of prices."""

    prices: tuple[Price, ...]

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators that it names, in its order."""
        return tuple(dict.fromkeys(each.operator for each in self.prices))

    def cost_at(self, operator: str, usage: Usage) -> Cost | None:
        """What a usage costs at one operator; None if the list has no price for that channel there."""
        prefixes = {each.prefix for each in self.prices if each.operator == operator}
        return _cost(
            [each for each in self.prices if each.operator == operator and each.prefix == min(prefixes)], usage
        )

    def cost_for(self, number: str, usage: Usage) -> Cost | None:
        """What a usage costs on a phone number in E.164: the longest prefix that the channel has a price for decides."""
        fitting = [each for each in self.prices if each.prefix == _EVERYWHERE or number.startswith(each.prefix)]
        fitting = [each for each in fitting if each.medium is usage.medium]
        longest = max((_length(each) for each in fitting), default=0)
        return _cost([each for each in fitting if _length(each) == longest], usage)


def total(costs: Iterable[Cost]) -> Cost:
    """Add costs up, currency by currency."""
    added: dict[str, Decimal] = {}
    for cost in costs:
        for currency, amount in cost.items():
            added[currency] = added.get(currency, Decimal(0)) + amount
    return added


def read_tariff(text: str) -> Tariff:
    """Read a list of prices from CSV; lines that begin with # are left out. Raises `BadTariff`."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if _says_something(line)]
    if not lines:
        raise BadTariff("it is empty; the columns are " + ", ".join(COLUMNS))
    rows = list(csv.reader(StringIO("\n".join(line for _, line in lines))))
    header = [column.strip().lower() for column in rows[0]]
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise BadTariff(f"line {lines[0][0]}: there is no column {', '.join(missing)}")
    prices = [
        _price(dict(zip(header, (cell.strip() for cell in row), strict=False)), number)
        for (number, _), row in zip(lines[1:], rows[1:], strict=False)
    ]
    if not prices:
        raise BadTariff("it has no prices")
    return Tariff(tuple(prices))


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip("\ufeff ").startswith("#")


def _price(row: Mapping[str, str], number: int) -> Price:
    channel, unit, prefix = row.get("channel", "").lower(), row.get("unit", "").lower(), row.get("prefix", "")
    if channel not in set(Medium):
        raise BadTariff(f"line {number}: the channel is {channel!r}; write {' or '.join(Medium)}")
    medium = Medium(channel)
    fits = unit in {"part", "reply"} if medium is Medium.SMS else unit == "session" or _STEP.fullmatch(unit)
    if not fits:
        raise BadTariff(f"line {number}: the unit is {unit!r}; for {channel} there are: {_UNITS[medium]}")
    if prefix != _EVERYWHERE and not re.fullmatch(r"\+[1-9][0-9]{0,14}", prefix, re.ASCII):
        raise BadTariff(f"line {number}: the prefix is {prefix!r}; write it like +26377, or * for all numbers")
    currency = row.get("currency", "").upper()
    if not re.fullmatch("[A-Z]{3}", currency):
        raise BadTariff(f"line {number}: the currency is {currency!r}; write its code, like USD")
    return Price(
        row.get("operator") or _EVERYWHERE, prefix, medium, unit, _amount(row.get("price", ""), number), currency
    )


def _amount(text: str, number: int) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise BadTariff(f"line {number}: the price is {text!r}, which is no amount; write it like 0.05")
    return amount


def _length(price: Price) -> int:
    return 1 if price.prefix == _EVERYWHERE else 1 + len(price.prefix)


def _cost(prices: Iterable[Price], usage: Usage) -> Cost | None:
    known = [each for each in prices if each.medium is usage.medium]
    if not known:
        return None
    return total({each.currency: each.price * _units(each.unit, usage)} for each in known)


def _units(unit: str, usage: Usage) -> int:
    """How often a price is paid. Steps of time begin anew in each session."""
    if step := _STEP.fullmatch(unit):
        return max(math.ceil(usage.seconds / int(step[1])), usage.sessions)
    return {"part": usage.parts, "reply": usage.replies, "session": usage.sessions}[unit]
