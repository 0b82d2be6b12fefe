"""What was counted: respondents by any number of dimensions. Nothing here may be shown; `publish` makes it fit for that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

TOTAL = ""
"""In the place of a category: all of them together."""
NO_ANSWER = "-"
"""Who was not asked, said nothing or would rather not say: so every table of a survey is about the same people."""
MARK_BYTES = 16
_HALF, _WRAP = MARK_BYTES // 2, 1 << (4 * MARK_BYTES)

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dimension:
    """An axis: each respondent is in exactly one of its categories. A choice of several is an axis of its own: yes or no."""

    name: str
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Some respondents: how many, and which.

    `mark` is a sum over them, so that cells can be added up: equal for the same people, different for others. `weighted` is
    how many they would be in a sample like the census, where that was worked out.
    """

    n: int
    mark: bytes
    weighted: float | None = None

    def __add__(self, other: "Cell") -> "Cell":
        """The two together; they share nobody."""
        both = None if self.weighted is None or other.weighted is None else self.weighted + other.weighted
        return Cell(self.n + other.n, _added(self.mark, other.mark), both)


NOBODY = Cell(0, bytes(MARK_BYTES), 0.0)


def mark(first: int, second: int) -> bytes:
    """The mark of respondents, from the sums of two numbers of each of them."""
    return (first % _WRAP).to_bytes(_HALF, "big") + (second % _WRAP).to_bytes(_HALF, "big")


@dataclass(frozen=True)
class Table:
    """The innermost cells, by one category of each dimension in their order; a cell that is not there has nobody."""

    dimensions: tuple[Dimension, ...]
    cells: Mapping[Key, Cell] = field(default_factory=dict)

    @cached_property
    def total(self) -> Cell:
        """Everybody."""
        return _sum(self.cells.values())

    def along(self, names: Iterable[str]) -> "Table":
        """The table of these dimensions only, in the order of their names' appearance here."""
        wanted = set(names)
        kept = [place for place, each in enumerate(self.dimensions) if each.name in wanted]
        found: dict[Key, Cell] = {}
        for key, cell in self.cells.items():
            short = tuple(key[place] for place in kept)
            before = found.get(short)
            found[short] = cell if before is None else before + cell
        return Table(tuple(self.dimensions[place] for place in kept), found)

    def keys(self) -> Iterable[Key]:
        """All innermost cells that can be, those with nobody too."""
        return product(*(each.categories for each in self.dimensions))


def _added(one: bytes, other: bytes) -> bytes:
    return mark(
        int.from_bytes(one[:_HALF], "big") + int.from_bytes(other[:_HALF], "big"),
        int.from_bytes(one[_HALF:], "big") + int.from_bytes(other[_HALF:], "big"),
    )


def _sum(cells: Iterable[Cell]) -> Cell:
    total = NOBODY
    for cell in cells:
        total += cell
    return total
