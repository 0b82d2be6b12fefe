"""`geopoint`: a place, typed as latitude and longitude; only where the form has `izwi:typed`."""

import re
from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown

_DEGREES = r"([+-]?[0-9]{1,3}(?:[.,][0-9]{1,15})?)\s*°?\s*"
_PLACE = re.compile(rf"{_DEGREES}([ns]?)(?:\s*[,;*/]\s*|\s+|(?<=[ns])){_DEGREES}([ew]?)(?:\s+-?[0-9.]+){{0,2}}")
_LONGEST = 60


class Geopoint:
    """Two numbers, "-17.8292 31.0522" or "17.8292S 31.0522E"; stored as ODK does, with neither height nor accuracy."""

    name, control, data_types = "geopoint", "input", ("geopoint",)
    asked, figures_steer, hint = True, True, "reply_place"

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept a place that is on the earth."""
        match = _PLACE.fullmatch(reply.strip().lower()) if len(reply) <= _LONGEST else None
        if match is None:
            return Refused("not_a_place")
        latitude, longitude = _degrees(match[1], match[2] == "s"), _degrees(match[3], match[4] == "w")
        if abs(float(latitude)) > 90 or abs(float(longitude)) > 180:
            return Refused("not_a_place")
        return Accepted(f"{latitude} {longitude} 0 0")


def _degrees(text: str, negative: bool) -> str:
    figures = text.replace(",", ".").lstrip("+-")
    whole, _, part = figures.partition(".")
    value = (whole.lstrip("0") or "0") + (f".{part.rstrip('0')}" if part.rstrip("0") else "")
    minus = (text.startswith("-") != negative) and value != "0"
    return f"-{value}" if minus else value
