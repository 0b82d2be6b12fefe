"""The map of provinces, drawn on the server. The borders are those of ZIMSTAT and OCHA ROSEA (CC BY 3.0 IGO), simplified."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

CREDIT = "ZIMSTAT / OCHA ROSEA, COD-AB, CC BY 3.0 IGO"
WIDTH = 500
_STEPS = 5
_ASIDE = {"ZW13": (14, 24)}
"""Where a label would stand on another one: so much to the right and down."""


class Place(NamedTuple):
    """A province: its outline as an SVG path, and where its label stands."""

    code: str
    name: str
    path: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Shaded:
    """A province with its figure; `step` is its shade, 0 where nothing is shown."""

    place: Place
    label: str
    value: float | None
    step: int


@dataclass(frozen=True, slots=True)
class Map:
    """A map with a shade for each province."""

    width: int
    height: int
    places: Sequence[Shaded]
    legend: Sequence[tuple[int, float, float]]
    """Shade → from and to."""


@cache
def _drawn() -> tuple[int, Mapping[str, Place]]:
    """The height of the map, and its provinces by their codes."""
    file = resources.files("app.web.console") / "zimbabwe.geojson"
    features = json.loads(file.read_text())["features"]
    every = [point for each in features for point in each["geometry"]["coordinates"][0]]
    west, east = min(x for x, _ in every), max(x for x, _ in every)
    south, north = min(y for _, y in every), max(y for _, y in every)
    narrow = math.cos(math.radians((south + north) / 2))  # a degree to the east is shorter than one to the north
    scale = WIDTH / ((east - west) * narrow)
    found = {}
    for each in features:
        ring = [
            (round((x - west) * narrow * scale), round((north - y) * scale))
            for x, y in each["geometry"]["coordinates"][0]
        ]
        code, name = each["properties"]["code"], each["properties"]["name"]
        (x, y), (right, down) = _middle(ring), _ASIDE.get(code, (0, 0))
        found[code] = Place(code, name, _path(ring), x + right, y + down)
    return round((north - south) * scale), found


def knows(codes: Iterable[str]) -> bool:
    """Whether these are provinces of the map, most of them."""
    given, known = list(codes), _drawn()[1]
    return len(given) > 1 and sum(each in known for each in given) * 2 > len(given)


def draw(figures: Mapping[str, tuple[str, float | None]]) -> Map:
    """A map of figures: code → words and figure, None where it is not shown."""
    height, known = _drawn()
    shown = [value for code, (_, value) in figures.items() if code in known and value is not None]
    low, high = (min(shown), max(shown)) if shown else (0.0, 0.0)
    width = (high - low) / _STEPS

    def step(value: float | None) -> int:
        if value is None:
            return 0
        return _STEPS if not width else min(_STEPS, 1 + int((value - low) / width))

    places = []
    for code, place in known.items():
        label, value = figures.get(code, (place.name, None))
        places.append(Shaded(place, label, value, step(value)))
    bounds = [(each + 1, low + each * width, low + (each + 1) * width) for each in range(_STEPS)] if width else []
    return Map(WIDTH, height, places, bounds or ([(_STEPS, low, high)] if shown else []))


def _path(ring: Sequence[tuple[int, int]]) -> str:
    """An outline in whole steps from point to point, which is short."""
    first, before = ring[0], ring[0]
    steps = []
    for point in ring[1:-1]:
        if point != before:
            steps.append(f"{point[0] - before[0]} {point[1] - before[1]}")
            before = point
    return f"M{first[0]} {first[1]}l{' '.join(steps)}z".replace(" -", "-")


def _middle(ring: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The middle of an area."""
    area = x = y = 0.0
    for (x1, y1), (x2, y2) in pairwise(ring):
        cross = x1 * y2 - x2 * y1
        area, x, y = area + cross, x + (x1 + x2) * cross, y + (y1 + y2) * cross
    return round(x / (3 * area)), round(y / (3 * area))
