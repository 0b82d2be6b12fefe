"""Values of a record as OData has them: each of the type that `$metadata` says, or nothing."""

from collections.abc import Callable, Mapping
from math import isfinite, trunc
from typing import Any

TYPES: Mapping[str, str] = {
    "int": "Edm.Int64", "decimal": "Edm.Decimal", "boolean": "Edm.Boolean", "date": "Edm.Date",
    "dateTime": "Edm.DateTimeOffset", "geopoint": "Edm.GeographyPoint", "geotrace": "Edm.GeographyLineString",
    "geoshape": "Edm.GeographyPolygon",
}  # fmt: skip
_LARGEST = 2**63 - 1
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def value(kind: str, text: str, *, wkt: bool) -> Any:
    """A value; None where there is none, and where it is not of its type, which a reader would stumble over."""
    if not text:
        return None
    try:
        return _READERS[kind](text, wkt) if kind in _READERS else text
    except (ValueError, IndexError, OverflowError):
        return None


def point(text: str) -> list[float]:
    """Longitude, latitude and, where it is there, altitude."""
    numbers = [float(each) for each in text.split()]
    if not all(map(isfinite, numbers)):
        raise ValueError("no place on earth")
    return [numbers[1], numbers[0], *numbers[2:3]]


def _int(text: str, _: bool) -> int:
    number = int(text) if text.lstrip("-").isdecimal() else trunc(float(text))
    if abs(number) > _LARGEST:
        raise ValueError("no Int64")
    return number


def _decimal(text: str, _: bool) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("no number")
    return number


def _boolean(text: str, _: bool) -> bool | None:
    return _BOOLEANS.get(text)


def _place(text: str, wkt: bool) -> Any:
    at = point(text)
    return f"POINT ({_written(at)})" if wkt else {"type": "Point", "coordinates": at}


def _line(text: str, wkt: bool) -> Any:
    at = [point(each) for each in text.split(";") if each.strip()]
    return f"LINESTRING ({','.join(map(_written, at))})" if wkt else {"type": "LineString", "coordinates": at}


def _area(text: str, wkt: bool) -> Any:
    at = [point(each) for each in text.split(";") if each.strip()]
    return f"POLYGON (({','.join(map(_written, at))}))" if wkt else {"type": "Polygon", "coordinates": [at]}


def _written(at: list[float]) -> str:
    return " ".join(f"{each:g}" if each == trunc(each) else repr(each) for each in at)


_READERS: Mapping[str, Callable[[str, bool], Any]] = {
    "int": _int, "decimal": _decimal, "boolean": _boolean, "geopoint": _place, "geotrace": _line, "geoshape": _area,
}  # fmt: skip
