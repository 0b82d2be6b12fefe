"""Amounts of money: exact, in millionths of a currency, as they are kept and added up."""

import re
from decimal import Decimal

_AMOUNT = re.compile(r"(?:([A-Z]{3})\s*)?([0-9]{1,9}(?:\.[0-9]{1,9})?)")
MILLION = 1_000_000


class NotMoney(ValueError):
    """The text is no amount in this currency."""


def millionths(text: str, currency: str) -> int:
    """Read `KES 0.8000`, or `0.8` for an amount in the currency itself. Raises `NotMoney`."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or (match[1] or currency) != currency:
        raise NotMoney(f"no amount in {currency}; write it like {currency} 0.50")
    return in_millionths(Decimal(match[2]))


def in_millionths(amount: Decimal) -> int:
    """An amount as it is kept."""
    return int((amount * MILLION).to_integral_value())


def written(amount: int, currency: str) -> str:
    """Write an amount with two decimals, more where it has them: USD 12.00, USD 0.0079."""
    whole, _, rest = digits(amount).partition(".")
    return f"{currency} {int(whole):,}.{rest}".strip()


def digits(amount: int) -> str:
    """An amount as a decimal number for programs: 1200.00, 0.0079."""
    whole, _, rest = f"{Decimal(amount) / MILLION:.6f}".rstrip("0").partition(".")
    return f"{whole}.{rest.ljust(2, '0')}"
