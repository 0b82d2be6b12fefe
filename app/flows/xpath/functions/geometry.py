"""Areas and distances on the globe (ODK XForms, "Geographic Functions"; the formulas and the radius are JavaRosa's)."""

import math
from itertools import pairwise
from typing import Any

from app.flows.xpath.functions.values import flat, text_of

_RADIUS = 6_378_100.0  # of the Earth at the Equator, in metres
_Point = tuple[float, float]


def area(_: Any, *values: Any) -> float:
    """`area()`, `enclosed-area()`: square metres inside a shape, or inside the points of a list; NaN if they are none."""
    points = _points(values)
    if points is None:
        return math.nan
    if len(points) < 3:
        return 0.0
    (latitude, longitude), *rest = points
    metres = _RADIUS * math.pi / 180
    flat_points = [((y - latitude) * metres, (x - longitude) * metres * math.cos(math.radians(y))) for y, x in rest]
    pairs = pairwise(flat_points)
    return abs(sum((y1 * x2 - x1 * y2) / 2 for (y1, x1), (y2, x2) in pairs))


def distance(_: Any, *values: Any) -> float:
    """`distance()`: metres along a trace, around a shape, or along the points of a list; NaN if they are none."""
    points = _points(values)
    if points is None:
        return math.nan
    return sum(_between(one, other) for one, other in pairwise(points)) + 0.0


def _between(one: _Point, other: _Point) -> float:
    turned = math.radians(one[1] - other[1])
    first, second = math.radians(one[0]), math.radians(other[0])
    cosine = math.sin(first) * math.sin(second) + math.cos(first) * math.cos(second) * math.cos(turned)
    return math.acos(max(-1.0, min(1.0, cosine))) * _RADIUS


def geofence(_: Any, point: Any, shape: Any) -> bool:
    """`geofence()`: whether a point is inside a shape."""
    places, corners = _points([point]), _points([shape])
    if not places or not corners:
        return False
    y, x = places[0]
    inside = False
    for (y1, x1), (y2, x2) in pairwise(corners):
        if (y2 > y) != (y1 > y) and x < (x1 - x2) * (y - y2) / (y1 - y2) + x2:
            inside = not inside
    return inside


def _points(values: Any) -> list[_Point] | None:
    """The points of shapes, traces and single points; None if something is no point."""
    points = []
    for value in flat(values):
        for written in text_of(value).split(";"):
            if not written.strip():
                continue
            try:
                latitude, longitude, *_ = map(float, written.split())
            except ValueError:
                return None
            if not (abs(latitude) <= 90 and abs(longitude) <= 180):
                return None
            points.append((latitude, longitude))
    return points
