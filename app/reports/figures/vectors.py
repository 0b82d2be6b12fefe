"""Ways in which the hidden cells of a table could be otherwise without any figure that is shown being so.

A vector adds something to some hidden cells and takes as much from others. As long as each hidden cell is in one, nobody
can work it out from what is shown (docs/decisions/D19).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import combinations, product

from app.reports.figures.table import Key

Corner = tuple[Key, int]
Names = tuple[str, ...]
Lifts = dict[str, str]
"""By dimension: the category at which a vector goes on in tables that have this dimension too."""


@dataclass(frozen=True, slots=True)
class Part:
    """A vector that was found at once. All that comes of it shares its `lifts`: it moves the same people in every table."""

    corners: tuple[Corner, ...]
    lifts: Lifts = field(default_factory=dict)


@dataclass(frozen=True)
class Vector:
    """Cells, and how much each changes when one person more is put into the cell that it was made for."""

    parts: tuple[Part, ...]

    @cached_property
    def corners(self) -> tuple[Corner, ...]:
        """The changes of all parts together."""
        if len(self.parts) == 1:
            return self.parts[0].corners
        return tuple(_sums(corner for part in self.parts for corner in part.corners).items())

    def lifted(self, place: int, category: str) -> "Vector":
        """The same in a table that has one more dimension at this place, all in one category."""
        return Vector(tuple(_lifted(part, place, category) for part in self.parts))

    def carried(self, place: int, name: str) -> "Vector":
        """The same, with each part where it always goes on."""
        return Vector(tuple(_lifted(part, place, part.lifts[name]) for part in self.parts))

    def opposite(self) -> "Vector":
        """The other way round."""
        return Vector(tuple(Part(tuple((key, -by) for key, by in part.corners), part.lifts) for part in self.parts))

    def slack(self, counts: Mapping[Key, int]) -> tuple[int, int]:
        """How far it can be taken back and forth; nobody believes that a count is negative."""
        down = min((counts[key] // by for key, by in self.corners if by > 0), default=0)
        up = min((counts[key] // -by for key, by in self.corners if by < 0), default=0)
        return down, up

    def moved(self, places: Sequence[int]) -> Iterable[Key]:
        """The cells that it changes in the table of the dimensions at these places only."""
        return _sums((tuple(key[place] for place in places), by) for key, by in self.corners)


def box(key: Key, partner: Key) -> tuple[Corner, ...]:
    """The corners between two cells that differ in every dimension, with the sign of each seen from the first."""
    return tuple(zip(corner_keys(key, partner), signs(len(key)), strict=True))


def corner_keys(key: Key, partner: Key) -> Iterator[Key]:
    """The corners alone, in the order of their `signs`."""
    return product(*zip(key, partner, strict=True))


@cache
def signs(dimensions: int) -> tuple[int, ...]:
    """The signs of the corners of a box."""
    return tuple(math.prod(each) for each in product((1, -1), repeat=dimensions))


def subsets(names: Names, *, proper: bool = False) -> Iterator[Names]:
    """All subsets, small ones first, each in the order of the names."""
    sizes = range(len(names) + (0 if proper else 1))
    return (each for size in sizes for each in combinations(names, size))


def places(names: Names, wanted: Iterable[str]) -> list[int]:
    """Where the wanted names stand."""
    return [names.index(each) for each in wanted]


def _lifted(part: Part, place: int, category: str) -> Part:
    corners = tuple(((*key[:place], category, *key[place:]), by) for key, by in part.corners)
    return Part(corners, part.lifts)


def _sums(corners: Iterable[Corner]) -> dict[Key, int]:
    sums: dict[Key, int] = {}
    for key, by in corners:
        sums[key] = sums.get(key, 0) + by
    return {key: by for key, by in sums.items() if by}
