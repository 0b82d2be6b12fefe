"""An attacker who has everything that is published, knows the rules and the method, and has all the time there is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import linprog

from app.reports.figures.rules import STEP
from app.reports.figures.table import TOTAL, Dimension, Key

Bounds = tuple[float, float]


class Solver:
    """What is known: of sums of unknown numbers, none of which is negative, from what to what each can be."""

    def __init__(self, rows: np.ndarray, bounds: Sequence[Bounds]) -> None:
        low, high = (np.array([each[side] for each in bounds]) for side in (0, 1))
        exact = low == high
        self.equal, self.equals = rows[exact], low[exact]
        self.below = np.vstack([rows[~exact], -rows[~exact]])
        self.limits = np.concatenate([high[~exact], -low[~exact]])

    def range(self, row: np.ndarray) -> Bounds:
        """From what to what a sum can be."""
        found = []
        for sign in (1, -1):
            result = linprog(
                sign * row,
                A_ub=self.below if len(self.below) else None, b_ub=self.limits if len(self.limits) else None,
                A_eq=self.equal if len(self.equal) else None, b_eq=self.equals if len(self.equals) else None,
                bounds=(0, None), method="highs",
            )  # fmt: skip
            assert result.status in {0, 3}, result.message
            found.append(sign * result.fun if result.status == 0 else np.inf)
        return found[0], found[1]

    def solved(self, rows: Sequence[np.ndarray]) -> list[int]:
        """Which of these sums are sums and differences of what is known exactly, by their place."""
        _, sizes, right = np.linalg.svd(self.equal, full_matrices=True)
        rank = int((sizes > 1e-9).sum())
        free = right[rank:].T  # all ways in which the people can be otherwise and nothing that is known is
        return [place for place, row in enumerate(rows) if not len(free.T) or np.abs(row @ free).max() < 1e-7]


@dataclass
class Attacker:
    """The same for margins of the table of all people."""

    dimensions: tuple[Dimension, ...]
    known: dict[Key, Bounds]

    def __post_init__(self) -> None:
        self.inner = list(product(*(each.categories for each in self.dimensions)))
        self.solver = Solver(np.array([self._row(key) for key in self.known]), list(self.known.values()))

    def interval(self, key: Key) -> Bounds:
        """From what to what a hidden number can be."""
        return self.solver.range(self._row(key))

    def solvable(self, keys: Sequence[Key]) -> list[Key]:
        """Which of these numbers are sums and differences of what is known exactly."""
        return [keys[place] for place in self.solver.solved([self._row(key) for key in keys])]

    def _row(self, key: Key) -> np.ndarray:
        return np.array([float(all(b in {TOTAL, a} for a, b in zip(each, key, strict=True))) for each in self.inner])


def exactly(counts: Mapping[Key, int]) -> dict[Key, Bounds]:
    """What somebody knows who is told the numbers themselves: more than anybody is."""
    return {key: (n, n) for key, n in counts.items()}


def roughly(figures: Mapping[Key, int], smallest: int) -> dict[Key, Bounds]:
    """What a rounded figure says: it was less than one step away, and not too small to be shown."""
    return {key: (max(smallest, n - STEP + 1), n + STEP - 1) for key, n in figures.items()}


def margins(dimensions: Sequence[Dimension]) -> Iterator[Key]:
    """All cells and totals."""
    return product(*((*each.categories, TOTAL) for each in dimensions))
