"""How respondents are weighted, as far as counting them needs to know it; `app/reports/missing` works it out."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weighing:
    """The weight of a respondent follows from her answers to a few questions."""

    questions: tuple[str, ...]
    of: Callable[[tuple[str | None, ...]], float]
    """From her answers to these questions to her weight; its mean is 1."""
    design_effect: float
    """How many times fewer respondents would have told as much, had none needed a weight (Kish)."""
    population: str
    """What they are weighted to."""
