"""Dates and times: read, compared and counted with as days since 1970-01-01, and written (ODK XForms, "Date and Time").

A zone is not looked at: dates and times are the respondent's own, in the survey's zone.
"""

import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.flows.xpath.functions.values import number_of, text_of

_EPOCH = date(1970, 1, 1)
_MOST_DAYS = (date.max - _EPOCH).days
_LEAST_DAYS = (date.min - _EPOCH).days
_TIME = r"(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?"
_MOMENT = re.compile(rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})(?:T{_TIME})?", re.ASCII)
_CLOCK = re.compile(_TIME, re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = 86_400
# What may stand after % in a format.
ESCAPES = "YymnbdeaWHhMS3%"


def moment_of(value: Any) -> datetime | None:
    """Read a date, a date with time, or days since 1970-01-01; what is none, or out of the calendar, is None."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not _LEAST_DAYS <= value <= _MOST_DAYS:  # false for NaN too
            return None
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(value * _DAY * 1000))
    match = _MOMENT.fullmatch(text_of(value).strip())
    if match is None:
        return None
    *parts, fraction = match.groups()
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        return datetime(year, month, day, hour, minute, second, _microseconds(fraction), tzinfo=UTC)
    except ValueError:
        return None


def _microseconds(fraction: str | None) -> int:
    return int((fraction or "0").ljust(6, "0")[:6])


def _clock_of(value: Any) -> datetime | None:
    """Read a time of day, as of 1970-01-01."""
    match = _CLOCK.fullmatch(text_of(value).strip()) if not isinstance(value, bool | int | float) else None
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    try:
        return datetime(1970, 1, 1, hour, minute, second, _microseconds(match[4]), tzinfo=UTC)
    except ValueError:
        return None


def days_of(value: Any) -> float:
    """Turn a date, a date with time or a time of day into days since 1970-01-01."""
    if isinstance(value, bool | int | float):
        return float(value)
    moment = moment_of(value) or _clock_of(value)
    if moment is None:
        return number_of(value)
    return (moment.date() - _EPOCH).days + _fraction(moment)


def _fraction(moment: datetime) -> float:
    return (moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6) / _DAY


def days_or_text(_: Any, value: Any) -> float | str:
    """The days of a date; a text that is no date stays what it is, for an empty one equals ''."""
    days = days_of(value)
    return text_of(value) if math.isnan(days) else days


def date_(_: Any, value: Any) -> str:
    """`date()`: the day of a date, a date with time or a number of days."""
    moment = moment_of(value)
    return moment.date().isoformat() if moment else ""


def date_time(_: Any, value: Any) -> str:
    """`date-time()`: a date, a date with time or a number of days as a date with time."""
    moment = moment_of(value)
    return moment.replace(tzinfo=None, microsecond=0).isoformat() if moment else ""


def decimal_time(_: Any, value: Any) -> float:
    """`decimal-time()`: the time of day as a part of the day; noon is 0.5."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value - math.floor(value) if math.isfinite(value) else math.nan
    moment = moment_of(value) or _clock_of(value)
    return _fraction(moment) if moment else math.nan


def decimal_date_time(_: Any, value: Any) -> float:
    """`decimal-date-time()`: days since 1970-01-01 with the time as a fraction."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else math.nan
    moment = moment_of(value)
    return (moment.date() - _EPOCH).days + _fraction(moment) if moment else math.nan


def format_date(_: Any, value: Any, wanted: Any) -> str:
    """`format-date()` and `format-date-time()`."""
    moment = moment_of(value) or _clock_of(value)
    if moment is None:
        return ""
    table = {
        "Y": f"{moment.year:04d}", "y": f"{moment.year % 100:02d}", "m": f"{moment.month:02d}", "n": str(moment.month),
        "d": f"{moment.day:02d}", "e": str(moment.day), "H": f"{moment.hour:02d}", "h": str(moment.hour),
        "M": f"{moment.minute:02d}", "S": f"{moment.second:02d}", "3": f"{moment.microsecond // 1000:03d}", "%": "%",
        "b": _MONTHS[moment.month - 1], "a": _WEEKDAYS[moment.weekday()], "W": str(moment.isocalendar().week),
    }  # fmt: skip
    return re.sub(r"%(.)", lambda match: table.get(match[1], match[0]), text_of(wanted))
