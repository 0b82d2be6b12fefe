"""Respondents at random, and tables of them."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from app.reports.figures.table import Cell, Dimension, Key, Table, mark

SECRET = b"a key that no attacker has, 32 b"
SHAPES = ((4, 5), (2, 6), (6, 7), (3, 2, 4), (4, 4, 3), (2, 3, 2, 3), (3, 3, 3, 2))
_PRIME = 2147483647


@dataclass(frozen=True)
class Person:
    """Who she is, and where she stands on each axis."""

    number: int
    key: Key


def crowd(seed: int, shape: Sequence[int], count: int) -> tuple[tuple[Dimension, ...], list[Person]]:
    """People who are spread unevenly, so that some cells are empty and some are full."""
    chance = random.Random(seed)
    dimensions = tuple(
        Dimension(f"d{place}", tuple(f"c{each}" for each in range(size))) for place, size in enumerate(shape)
    )
    weights = [[chance.random() ** 2 + 0.02 for _ in each.categories] for each in dimensions]
    people = []
    for number in range(1, count + 1):
        drawn = (chance.choices(each.categories, weight)[0] for each, weight in zip(dimensions, weights, strict=True))
        people.append(Person(number, tuple(drawn)))
    return dimensions, people


def counted(dimensions: tuple[Dimension, ...], people: Iterable[Person]) -> Table:
    """Count them."""
    cells: dict[Key, Cell] = {}
    for each in people:
        cell = Cell(1, mark(each.number, each.number * each.number % _PRIME))
        cells[each.key] = cells[each.key] + cell if each.key in cells else cell
    return Table(dimensions, cells)


def families(names: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """All choices of so many names."""
    return list(combinations(names, size))
