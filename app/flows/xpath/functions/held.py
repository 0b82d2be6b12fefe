"""What a calculation leaves in a question that has a data type: a share is kept whole where the form says `int`.

JavaRosa does so in `IAnswerData.wrapData`, which `Recalculate.apply` and `SetValueAction` call: NaN and an empty text are
no value; a number in an `int` loses its fraction (`new IntegerData((int) d)`: towards zero, never rounded); a truth in
an `int`, and anything in a `boolean`, is 1 or 0 (`XFormAnswerDataSerializer`); a date becomes a date, a time or both. A
text stays what it is. Java's int ends at 2147483647; here a larger number is kept, for it would be lost, and what is
infinite is no value.
"""

import math
import re
from typing import Any

from app.flows.xpath.functions.dates import moment_of
from app.flows.xpath.functions.values import text_of

_FRACTION = re.compile(r"(-?\d*)[.,]\d*", re.ASCII)
_NAMES = {
    "int": "whole", "integer": "whole", "long": "whole", "boolean": "truth", "date": "day", "time": "time",
    "dateTime": "moment",
}  # fmt: skip
_OF_DATES = frozenset(["day", "time", "moment"])
_ZONE = 23  # where the zone begins in 2026-11-23T12:30:00.250+02:00


def call(data_type: str, text: str, truth: str, *, is_date: bool) -> str:
    """Write an expression's value as a type holds it; an empty text where that is the value's own text."""
    name = _NAMES.get(data_type, "")
    if name == "truth":
        return f"izwi-held-truth({text}, boolean({truth}))"
    if name == "whole" and not is_date:
        return f"izwi-held-whole({text})"
    return f"izwi-held-{name}({text}, $at)" if name in _OF_DATES and is_date else ""


def whole(_: Any, value: Any) -> str:
    """A number without its fraction; what only looks like one is taken for one, for `if()` may have given its text."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if math.isfinite(value) else ""
    text = text_of(value)
    match = _FRACTION.fullmatch(text.strip())
    return (match[1] if match[1].strip("-0") else "0") if match else text


def truth(_: Any, value: Any, holds: bool) -> str:
    """1 or 0, or nothing where there is no value."""
    return "" if text_of(value) in {"", "NaN"} else "1" if holds else "0"


def day(_: Any, value: Any, __: str) -> str:
    """The day of a date, or of a date with time."""
    moment = None if isinstance(value, float) else moment_of(value)
    return moment.date().isoformat() if moment else text_of(value)


def time(_: Any, value: Any, at: str) -> str:
    """The time of day of a date with time; midnight of a date without."""
    moment = None if isinstance(value, float) else moment_of(value)
    return moment.time().isoformat("milliseconds") + at[_ZONE:] if moment else text_of(value)


def moment(_: Any, value: Any, at: str) -> str:
    """A date with its time, midnight where it has none, in the survey's zone."""
    found = None if isinstance(value, float) else moment_of(value)
    return found.replace(tzinfo=None).isoformat(timespec="milliseconds") + at[_ZONE:] if found else text_of(value)
