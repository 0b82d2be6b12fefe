"""What may be shown: rounded figures, or that one is not shown. All that is worked out here is worked out from them alone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.reports.figures.table import NO_ANSWER, TOTAL, Dimension, Key

_95_PERCENT = 1.959964
_LITTLE = 0.1


@dataclass(frozen=True, slots=True)
class Figure:
    """What is shown of a cell; `n` is None where nothing is."""

    n: int | None
    weighted: int | None = None
    share: float | None = None
    """Of the base, from 0 to 1; of the weighted base where there are weights."""
    low: float | None = None
    high: float | None = None
    """The 95 % confidence interval of the share (Wilson)."""


HIDDEN = Figure(None)


@dataclass(frozen=True)
class Published:
    """A table that is fit to be shown: by one category of each dimension, or TOTAL."""

    dimensions: tuple[Dimension, ...]
    figures: Mapping[Key, Figure]
    smallest: int
    at_risk: int
    closed: bool = False
    """Nothing can be shown without giving somebody away."""

    def at(self, key: Key) -> Figure:
        """The figure of a cell."""
        return self.figures.get(key, HIDDEN)

    def slice(self, where: Mapping[str, str]) -> "Published":
        """Only those of certain categories: a filter."""
        names = [each.name for each in self.dimensions]
        fixed = {names.index(name): category for name, category in where.items()}
        kept = [place for place in range(len(names)) if place not in fixed]
        figures = {
            tuple(key[place] for place in kept): figure
            for key, figure in self.figures.items()
            if all(key[place] == category for place, category in fixed.items())
        }
        return replace(self, dimensions=tuple(self.dimensions[place] for place in kept), figures=figures)

    def shares_of(self, name: str, design_effect: float = 1.0) -> "Published":
        """With shares: of those who answered this question, in each category of the other dimensions.

        Weights make the intervals wider, as if there were so many times fewer people.
        """
        place = [each.name for each in self.dimensions].index(name)
        return replace(self, figures={key: self._shared(key, place, design_effect) for key in self.figures})

    def base(self, key: Key, place: int) -> Figure:
        """Who answered the question at this place, among those of the key: everybody without who said nothing.

        Where it is not shown how many said nothing, they stay in the base as long as all that is not shown is little. More
        would make shares of two columns mean two things, so there is no base then.
        """
        everybody = self.at(_with(key, place, TOTAL))
        silent = self.figures.get(_with(key, place, NO_ANSWER))
        if silent is None or everybody.n is None:
            return everybody
        if silent.n is None:
            there = (self.at(_with(key, place, each)).n or 0 for each in self.dimensions[place].categories)
            return everybody if everybody.n - sum(there) <= everybody.n * _LITTLE else HIDDEN
        weighted = None
        if everybody.weighted is not None and silent.weighted is not None:
            weighted = max(0, everybody.weighted - silent.weighted)
        return Figure(max(0, everybody.n - silent.n), weighted)

    def _shared(self, key: Key, place: int, design_effect: float) -> Figure:
        figure, base = self.figures[key], self.base(key, place)
        if key[place] in {TOTAL, NO_ANSWER} or figure.n is None or not base.n:
            return figure
        share = min(1.0, figure.n / base.n)
        if figure.weighted is not None and base.weighted:
            share = min(1.0, figure.weighted / base.weighted)
        low, high = wilson(share, base.n / design_effect)
        return replace(figure, share=share, low=low, high=high)


def wilson(share: float, base: float) -> tuple[float, float]:
    """The 95 % confidence interval of a share, after Wilson: it never leaves 0 to 1, and holds for small numbers."""
    z = _95_PERCENT
    middle = (share + z * z / (2 * base)) / (1 + z * z / base)
    half = z / (1 + z * z / base) * math.sqrt(share * (1 - share) / base + z * z / (4 * base * base))
    return max(0.0, middle - half), min(1.0, middle + half)


def _with(key: Key, place: int, category: str) -> Key:
    return (*key[:place], category, *key[place + 1 :])
