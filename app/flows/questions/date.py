"""`date`: a calendar date, typed as day, month and year."""

import re
from collections.abc import Sequence
from datetime import date

from app.flows.questions.base import Accepted, Refused, Shown

_DAY_FIRST = re.compile(r"([0-9]{1,2})[\s./*-]+([0-9]{1,2})[\s./*-]+([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})[\s./*-]+([0-9]{1,2})[\s./*-]+([0-9]{1,2})")
_RUN = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})")


class Date:
    """A date, stored as ISO 8601: "25/12/1990", "25 12 1990", "25*12*1990", "25121990" and "1990-12-25" are the same."""

    name, control, data_types = "date", "input", ("date",)
    asked, figures_steer, hint = True, True, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept a date that the calendar has, day first."""
        text = reply.strip()
        if match := _YEAR_FIRST.fullmatch(text):
            year, month, day = match.groups()
        elif match := _DAY_FIRST.fullmatch(text) or _RUN.fullmatch(text):
            day, month, year = match.groups()
        else:
            return Refused("not_a_date")
        try:
            return Accepted(date(int(year), int(month), int(day)).isoformat())
        except ValueError:
            return Refused("not_a_date")
