"""What is in a file of contacts, told before anything is written: every row has one category, and none is missing."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from app.gateway.contacts.kinds import Kind

_MOST_EXAMPLES = 10


class Category(StrEnum):
    """What becomes of a row; each has exactly one."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    STOPPED = "stopped"
    DUPLICATE = "duplicate"
    NOT_MOBILE = "not_mobile"
    INVALID = "invalid"
    BLANK = "blank"


_REASONED = frozenset({Category.NOT_MOBILE, Category.INVALID})
_SHOWN = _REASONED | {Category.DUPLICATE}


class Verdict(NamedTuple):
    """What becomes of one row, with the reason in words and the number masked."""

    row: int
    category: Category
    reason: str
    masked: str


@dataclass
class Report:
    """What is in a file, before anything is written."""

    digest: str
    counts: Counter[Category] = field(default_factory=Counter)
    repaired: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[Category, str]] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    """Values that are not taken over, by reason; the rest of their rows is."""
    examples: dict[Category, list[Verdict]] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Kind] = field(default_factory=dict)
    """New attributes, by what their whole columns hold."""
    groups: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All rows below the headers."""
        return self.counts.total()

    @property
    def to_write(self) -> int:
        """Rows that change something."""
        return self.counts[Category.NEW] + self.counts[Category.CHANGED]

    def add(self, verdict: Verdict) -> None:
        """Count a row."""
        self.counts[verdict.category] += 1
        if verdict.category in _SHOWN:
            examples = self.examples.setdefault(verdict.category, [])
            if len(examples) < _MOST_EXAMPLES:
                examples.append(verdict)
        if verdict.category in _REASONED:
            self.reasons[verdict.category, verdict.reason] += 1

    def as_json(self) -> dict[str, Any]:
        """The figures, for the record of the import."""
        return {
            "rows": self.rows,
            **{str(category): self.counts[category] for category in Category},
            "repaired": self.repaired,
            "repairs": dict(self.repairs),
            "reasons": {reason: count for (_, reason), count in self.reasons.items()},
            "values_left_out": dict(self.notes),
        }
