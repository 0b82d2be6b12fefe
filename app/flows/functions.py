"""The functions of ODK XForms that forms may call: pure, total, with ODK's conversions (ODK XForms, "XPath Functions").

What depends on the clock or the language gets it as a last argument, which `xpath` adds.
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from app.flows.patterns import pattern

_EPOCH = date(1970, 1, 1)
_MOST_DAYS = (date.max - _EPOCH).days
_LEAST_DAYS = (date.min - _EPOCH).days
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?", re.ASCII
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def text_of(value: Any) -> str:
    """XPath's conversion to a string (section 4.2): the first node's text; numbers as people write them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return _figures(value)
    if isinstance(value, list) and value:
        return "".join(value[0].itertext()) if hasattr(value[0], "itertext") else str(value[0])
    return ""


def _figures(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value):
        return str(int(value))
    text = f"{value:.15g}"
    return text if "e" not in text else f"{value:.20f}".rstrip("0").rstrip(".")


def number_of(value: Any) -> float:
    """XPath's conversion to a number (section 4.4): figures with a sign and a point; what is none is NaN."""
    if isinstance(value, bool | int | float):
        return float(value)
    text = text_of(value).strip()
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def truth_of(value: Any) -> bool:
    """XPath's conversion to a boolean (section 4.3)."""
    if isinstance(value, float):
        return not (math.isnan(value) or value == 0)
    return bool(value)


def moment_of(value: Any) -> datetime | None:
    """Read a date or a date with time, or days since 1970-01-01; what is none, or out of the calendar, is None.

    A zone is not looked at: dates are the respondent's own, in the survey's zone.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not _LEAST_DAYS <= value <= _MOST_DAYS:  # false for NaN too
            return None
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(value * 86_400))
    match = _MOMENT.fullmatch(text_of(value).strip())
    if match is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def days_of(value: Any) -> float:
    """Turn a date or a date with time into days since 1970-01-01, ODK's way to compare dates and count with them."""
    if isinstance(value, bool | int | float):
        return float(value)
    moment = moment_of(value)
    if moment is None:
        return number_of(value)
    return (moment.date() - _EPOCH).days + (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86_400


def _days_or_text(_: Any, value: Any) -> float | str:
    days = days_of(value)
    return text_of(value) if math.isnan(days) else days


def _date(_: Any, value: Any) -> str:
    moment = moment_of(value)
    return moment.date().isoformat() if moment else ""


def _date_time(_: Any, value: Any) -> str:
    moment = moment_of(value)
    return moment.replace(tzinfo=None).isoformat() if moment else ""


def _format_date(_: Any, value: Any, wanted: Any) -> str:
    moment = moment_of(value)
    if moment is None:
        return ""
    table = {
        "Y": f"{moment.year:04d}", "y": f"{moment.year % 100:02d}", "m": f"{moment.month:02d}", "n": str(moment.month),
        "d": f"{moment.day:02d}", "e": str(moment.day), "H": f"{moment.hour:02d}", "h": str(moment.hour),
        "M": f"{moment.minute:02d}", "S": f"{moment.second:02d}", "3": "000", "%": "%",
        "b": _MONTHS[moment.month - 1], "a": _WEEKDAYS[moment.weekday()],
    }  # fmt: skip
    return re.sub(r"%(.)", lambda match: table.get(match[1], match[0]), text_of(wanted))


def _round(_: Any, value: Any, digits: Any = 0.0) -> float:
    """Halves go up, as in Java, of the number as it is written: 2.345 * 100 is not 234.5 in floating point."""
    number, places = number_of(value), number_of(digits)
    if math.isnan(places) or not math.isfinite(number) or places > 300:
        return math.nan if math.isnan(places) else number
    scale = Fraction(10) ** int(max(places, -400))
    return float(math.floor(Fraction(f"{number:.15g}") * scale + Fraction(1, 2)) / scale)


def _int(_: Any, value: Any) -> float:
    number = number_of(value)
    return float(math.trunc(number)) if math.isfinite(number) else number


def _pow(_: Any, base: Any, power: Any) -> float:
    try:
        return math.pow(number_of(base), number_of(power))
    except OverflowError:
        return math.inf
    except ValueError:  # a root of a negative number, or 0 to a negative power
        return math.nan


def _selected(_: Any, value: Any, choice: Any) -> bool:
    return text_of(choice).strip() in text_of(value).split()


def _selected_at(_: Any, value: Any, place: Any) -> str:
    chosen, index = text_of(value).split(), number_of(place)
    return chosen[int(index)] if 0 <= index < len(chosen) else ""


def _flat(values: Sequence[Any]) -> list[Any]:
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [text_of([item]) if hasattr(item, "itertext") else item for item in flat]


def _numbers(values: Sequence[Any]) -> list[float]:
    """One that is no number makes the smallest and the largest unknown, wherever it stands (JavaRosa: Math.min)."""
    numbers = [number_of(item) for item in _flat(values)]
    return [math.nan] if any(math.isnan(number) for number in numbers) else numbers


def _joined(_: Any, *values: Any) -> str:
    return "".join(text_of(item) for item in _flat(values))


def _join(_: Any, glue: Any, *values: Any) -> str:
    return text_of(glue).join(text_of(item) for item in _flat(values))


def _substr(_: Any, value: Any, start: Any, end: Any = math.inf) -> str:
    text = text_of(value)
    return text[_index(start, len(text), 0) : _index(end, len(text), 0)]


def _index(value: Any, size: int, otherwise: int) -> int:
    number = number_of(value)
    return otherwise if math.isnan(number) else int(max(-size, min(size, number)))


def _first_filled(_: Any, *values: Any) -> str:
    return next((text for value in values if (text := text_of(value))), "")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "if": lambda _, test, yes, no: yes if truth_of(test) else no,
    "coalesce": _first_filled,
    "selected": _selected,
    "selected-at": _selected_at,
    "count-selected": lambda _, value: float(len(text_of(value).split())),
    "count-non-empty": lambda _, *values: float(sum(1 for item in _flat(values) if text_of(item))),
    "regex": lambda _, value, wanted: pattern(text_of(wanted)).matches(text_of(value)),
    "int": _int,
    "abs": lambda _, value: abs(number_of(value)),
    "pow": _pow,
    "min": lambda _, *values: min(_numbers(values), default=math.nan),
    "max": lambda _, *values: max(_numbers(values), default=math.nan),
    "join": _join,
    "substr": _substr,
    "ends-with": lambda _, value, end: text_of(value).endswith(text_of(end)),
    "boolean-from-string": lambda _, value: text_of(value).strip().lower() in {"true", "1"},
    "today": lambda _, at: at[:10],
    "now": lambda _, at: at[:19],
    "date": _date,
    "date-time": _date_time,
    "decimal-date-time": lambda _, value: days_of(value),
    "format-date": _format_date,
    "format-date-time": _format_date,
    # The loader's own, which no form can call: they are not among ARGUMENTS.
    "izwi-string": lambda _, value: text_of(value),
    "izwi-concat": _joined,
    "izwi-round": _round,
    "izwi-days": lambda _, value: days_of(value),
    "izwi-moment": _days_or_text,
}

# Every function that a form may call, with the least and the most values that it takes.
ARGUMENTS: dict[str, tuple[int, int]] = {
    "true": (0, 0), "false": (0, 0), "today": (0, 0), "now": (0, 0), "position": (0, 0), "last": (0, 0),
    "boolean": (1, 1), "not": (1, 1), "number": (0, 1), "string": (0, 1), "string-length": (0, 1),
    "normalize-space": (0, 1), "local-name": (0, 1), "name": (0, 1), "ceiling": (1, 1), "floor": (1, 1),
    "count": (1, 1), "sum": (1, 1), "concat": (1, 99), "contains": (2, 2), "starts-with": (2, 2), "ends-with": (2, 2),
    "substring": (2, 3), "substring-after": (2, 2), "substring-before": (2, 2), "translate": (3, 3), "substr": (2, 3),
    "if": (3, 3), "coalesce": (1, 99), "selected": (2, 2), "selected-at": (2, 2), "count-selected": (1, 1),
    "count-non-empty": (1, 1), "regex": (2, 2), "int": (1, 1), "round": (1, 2), "abs": (1, 1), "pow": (2, 2),
    "min": (1, 99), "max": (1, 99), "join": (2, 99), "boolean-from-string": (1, 1), "date": (1, 1),
    "date-time": (1, 1), "decimal-date-time": (1, 1), "format-date": (2, 2), "format-date-time": (2, 2),
    "instance": (1, 1), "jr:choice-name": (2, 2),
}  # fmt: skip
