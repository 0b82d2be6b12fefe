"""What a form says about figures: how few people may be seen in one, who is in danger when found, and what is a place."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.values import SMALLEST_FLOOR

LEVELS = ("province", "district", "constituency", "ward", "village")
"""Places, from the largest down; what is smaller than the first shows nothing of those at high risk."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What a form asks for beyond the floor."""

    smallest: int = SMALLEST_FLOOR
    high_risk: frozenset[str] = frozenset()
    """The names of choices, in whatever list."""
    areas: Mapping[str, str] = field(default_factory=dict)
    """Question → the level of the places that it asks for."""
    bands: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Question → where each band of its numbers begins, but for the first."""
