"""The one way out for counts of this folder: what could single somebody out is not shown.

Until the tables of `app/reports/figures` are there, which look at all tables of a survey together, each list of parts is
looked at by itself. Only this file is to be changed then.
"""

from collections.abc import Sequence

FLOOR = 10
"""Fewer people than this are not shown."""


def shown(parts: Sequence[int], *, floor: int = FLOOR) -> list[int | None]:
    """Counts that add up to a total which is shown too; None for what is hidden. That nobody is there may be said.

    So that no hidden part follows from the total, there are at least two, and together at least as many people as the floor.
    """
    hidden = {place for place, count in enumerate(parts) if 0 < count < floor}
    others = sorted((count, place) for place, count in enumerate(parts) if count >= floor)
    while hidden and others and (len(hidden) < 2 or sum(parts[place] for place in hidden) < floor):
        hidden.add(others.pop(0)[1])
    return [None if place in hidden else count for place, count in enumerate(parts)]


def is_few(total: int, *, floor: int = FLOOR) -> bool:
    """Whether a whole table is about so few people that nothing of it is shown."""
    return 0 < total < floor
