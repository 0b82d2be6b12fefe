"""Rounding: to multiples of five, up or down by chance so that nothing leans, and for the same people always the same way."""

import hmac
import math

from app.reports.figures.rules import STEP
from app.reports.figures.table import Cell

_CHANCES = 1 << 64


def rounded(cell: Cell, key: bytes) -> int:
    """The number of respondents as it is shown. On average it is the number itself.

    The chance comes from who they are, under a key that nobody outside has: whoever asks again, in another table or behind
    another filter, gets no second throw of the dice.
    """
    lower, over = divmod(cell.n, STEP)
    return STEP * (lower + (_chance(cell, key, b"n") * STEP < over * _CHANCES))


def rounded_weighted(cell: Cell, key: bytes) -> int | None:
    """The same for the weighted number."""
    if cell.weighted is None:
        return None
    lower = math.floor(cell.weighted / STEP)
    over = cell.weighted / STEP - lower
    return STEP * (lower + (_chance(cell, key, b"w") / _CHANCES < over))


def _chance(cell: Cell, key: bytes, what: bytes) -> int:
    said = what + cell.n.to_bytes(8, "big") + cell.mark
    return int.from_bytes(hmac.digest(key, said, "sha256")[:8], "big")
