"""What files for statistical programs say where there is no value: numbers that mean so, letters in Stata."""

from collections.abc import Mapping

from app.flows.dictionary.variable import Missing
from app.reports.data.columns import Cell, Column, codes_of, label_of

NUMBERS: Mapping[Missing, int] = {
    Missing.NOT_ASKED: -9999, Missing.SKIPPED: -9998, Missing.REFUSED: -9997, Missing.DONT_KNOW: -9996,
}  # fmt: skip
LOWEST, HIGHEST = min(NUMBERS.values()), max(NUMBERS.values())
LETTERS: Mapping[Missing, str] = {
    Missing.NOT_ASKED: "a", Missing.SKIPPED: "b", Missing.REFUSED: "c", Missing.DONT_KNOW: "d",
}  # fmt: skip
WORDS: Mapping[Missing, str] = {
    Missing.NOT_ASKED: "Not asked", Missing.SKIPPED: "Skipped", Missing.REFUSED: "Refused", Missing.DONT_KNOW: "Don't know",
}  # fmt: skip


def number(cell: Cell) -> float | None:
    """A cell of a column of numbers, with a number for each reason to have none.

    What is no number, as an older version may have let people write, is left out; so is a number that means a reason.
    """
    if isinstance(cell, Missing):
        return float(NUMBERS[cell])
    if isinstance(cell, int | float) and not LOWEST <= cell <= HIGHEST:
        return float(cell)
    return None


def cut(text: str, most: int) -> str:
    """As many bytes as a program takes, whole letters only."""
    return text if len(text.encode()) <= most else f"{text.encode()[: most - 3].decode(errors='ignore')}…"


def labels(column: Column, language: str) -> dict[int | Missing, str]:
    """What the numbers of a column stand for, reasons last."""
    found: dict[int | Missing, str] = {}
    if column.choice is not None:
        found |= {0: "No", 1: "Yes"}
    reasons = dict[Missing, str](WORDS)
    if column.coded and column.variable is not None:
        for name, code in codes_of(column.variable).items():
            category = column.variable.category(name)
            words = label_of(category, language) if category else name
            if isinstance(code, Missing):
                reasons[code] = words
            else:
                found[code] = words
    return found | reasons
