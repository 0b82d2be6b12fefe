"""`time`: a time of the day."""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta, timezone

from app.flows.questions.base import Accepted, Refused, Shown

_BETWEEN = r"[\s.:*/h-]"
_HALF = r"(?P<half>[ap])\.?\s*m\.?"
_TIME = re.compile(
    rf"(?P<hour>[0-9]{{1,2}})(?:\s*{_BETWEEN}\s*(?P<minute>[0-9]{{2}}))(?::[0-9]{{2}}(?:\.[0-9]+)?)?"
    rf"(?:\s*{_HALF}|z|[+-][0-9]{{2}}:?[0-9]{{2}})?|(?P<only>[0-9]{{1,2}})\s*{_HALF.replace('half', 'half_of_only')}"
    rf"|(?P<run_hour>[0-9]{{1,2}})(?P<run_minute>[0-9]{{2}})(?:\s*{_HALF.replace('half', 'half_of_run')})?"
)
_LONGEST = 40


class Time:
    """A time: "14:30", "14.30", "14*30", "14h30", "1430", "2:30pm", "2.30 p.m." and "2pm"; without am and pm of 24 hours.

    Stored as ODK does, with the survey's zone, which the engine adds.
    """

    name, control, data_types = "time", "input", ("time",)
    asked, figures_steer, hint = True, True, "reply_time"

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept a time that the clock has."""
        found = time_of(reply)
        return Refused("not_a_time") if found is None else Accepted(found.isoformat("milliseconds"), local=True)

    def written(self, value: str) -> str:
        """Write a time to the minute: 14:30."""
        return value[:5]


def zoned(value: str, at: datetime) -> str:
    """A time, or a date with time, with the offset of the survey's zone; `at` is now, in that zone."""
    if "T" in value:
        return datetime.fromisoformat(value).replace(tzinfo=at.tzinfo).isoformat(timespec="milliseconds")
    return time.fromisoformat(value).replace(tzinfo=timezone(at.utcoffset() or timedelta())).isoformat("milliseconds")


def time_of(text: str) -> time | None:
    """The time that a text names, to the minute."""
    match = _TIME.fullmatch(text.strip().lower()) if len(text) <= _LONGEST else None
    if match is None:
        return None
    hour = int(match["hour"] or match["only"] or match["run_hour"])
    minute = int(match["minute"] or match["run_minute"] or 0)
    half = match["half"] or match["half_of_only"] or match["half_of_run"]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
