"""What may be shown of a survey: from how many respondents on. A survey may ask for more than the floor, never for less."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.reports.figures.table import Key
from app.values import AT_RISK_FLOOR, SMALLEST_FLOOR

STEP = 5
"""Figures are multiples of this."""


class BelowFloor(ValueError):
    """Fewer respondents than the floor would be shown; no survey may ask for that."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one survey, by dimension."""

    smallest: int = SMALLEST_FLOOR
    at_risk: int = AT_RISK_FLOOR
    """The same for the choices of `high_risk`, whose people are in danger when they are found."""
    high_risk: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fine: frozenset[str] = frozenset()
    """Places smaller than a province: nothing of those at high risk is shown by them."""

    def __post_init__(self) -> None:
        if self.smallest < SMALLEST_FLOOR or self.at_risk < max(AT_RISK_FLOOR, self.smallest):
            raise BelowFloor

    def may_show(self, names: Sequence[str], key: Key, n: int) -> bool:
        """Whether a cell can be shown for itself. `names` are the dimensions of the key; their order is the same."""
        if n < self.smallest:
            return False
        if not any(each in self.high_risk.get(name, ()) for name, each in zip(names, key, strict=True)):
            return True
        return n >= self.at_risk and self.fine.isdisjoint(names)
