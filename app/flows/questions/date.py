"""`date`: a calendar date, in the order of the survey's people; or only a month, or a year, as the form wants it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from app.flows.phrases import fold, words
from app.flows.questions.base import Accepted, BadMark, Refused, Shown

ORDERS = ("dmy", "mdy", "ymd")
_BETWEEN = r"[\s./*-]+"
_LONGEST = 60
_YEAR_FIRST = re.compile(rf"([0-9]{{4}}){_BETWEEN}([0-9]{{1,2}}){_BETWEEN}([0-9]{{1,2}})")
_YEAR_LAST = re.compile(rf"([0-9]{{1,2}}){_BETWEEN}([0-9]{{1,2}}){_BETWEEN}([0-9]{{4}})")
_RUN = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})")
_RUN_YEAR_FIRST = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_MONTH_YEAR = re.compile(rf"([0-9]{{1,2}}){_BETWEEN}([0-9]{{4}})|([0-9]{{2}})([0-9]{{4}})")
_YEAR_MONTH = re.compile(rf"([0-9]{{4}}){_BETWEEN}([0-9]{{1,2}})")
_YEAR = re.compile(r"[0-9]{4}")
_WORD = re.compile(r"[^\W\d_]{3,}")
_FOUR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")
_TWO = re.compile(r"(?<![0-9])[0-9]{1,2}(?![0-9])")
_APART = re.compile(r"[0-9\s./*,-]+")
_ORDINAL = re.compile(r"(?<=[0-9])(?:st|nd|rd|th)\b")
_MONTHS = {word: number for number in range(1, 13) for word in words(f"words_month_{number}")}
_REFUSALS = {"dmy": "not_a_date", "mdy": "not_a_date_mdy", "ymd": "not_a_date_ymd"}
_HINTS = {"dmy": "", "mdy": "reply_mdy", "ymd": "reply_ymd"}


class Date:
    """A date, stored as ISO 8601: "25/12/1990", "25*12*1990", "25121990", "25 Dec 1990" and "1990-12-25" are the same.

    A month or a year alone is stored as its first day, as ODK does.
    """

    name, control, data_types = "date", "input", ("date",)
    asked, figures_steer = True, True

    def __init__(self, order: str = "dmy", precision: str = "day") -> None:
        self.order, self.precision = order, precision
        self.hint = _HINTS[order] if precision == "day" else f"reply_{precision}"
        self._refusal = _REFUSALS[order] if precision == "day" else f"not_a_{precision}"

    def fitted(self, marks: Mapping[str, str]) -> "Date":
        """Take the order from `izwi:date_order`, and the precision from the appearance."""
        appearances = marks.get("appearance", "").split()
        precision = "month" if "month-year" in appearances else "year" if "year" in appearances else "day"
        return Date(order_of(marks), precision)

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept a date that the calendar has."""
        text = reply.strip() if len(reply) <= _LONGEST else ""
        parts = self._parts(text) or self._named(_ORDINAL.sub("", text))
        if parts is None:
            return Refused(self._refusal)
        try:
            found = date(*parts)
        except ValueError:
            return Refused(self._refusal)
        if self.precision != "day":
            found = found.replace(day=1, month=found.month if self.precision == "month" else 1)
        return Accepted(found.isoformat())

    def written(self, value: str) -> str:
        """Write a date in the survey's own order: 25/12/1990."""
        try:
            found = date.fromisoformat(value[:10])
        except ValueError:
            return value
        day, month, year = str(found.day), str(found.month), str(found.year)
        if self.precision != "day":
            return year if self.precision == "year" else f"{month}/{year}"
        orders = {"dmy": (day, month, year), "mdy": (month, day, year), "ymd": (year, month, day)}
        return "/".join(orders[self.order])

    def _parts(self, text: str) -> tuple[int, int, int] | None:
        """Year, month and day of a reply."""
        if self.precision == "year" and _YEAR.fullmatch(text):
            return int(text), 1, 1
        if self.precision == "month":
            if match := _MONTH_YEAR.fullmatch(text):
                return int(match[2] or match[4]), int(match[1] or match[3]), 1
            if match := _YEAR_MONTH.fullmatch(text):
                return int(match[1]), int(match[2]), 1
        if match := _YEAR_FIRST.fullmatch(text) or (self.order == "ymd" and _RUN_YEAR_FIRST.fullmatch(text)) or None:
            return int(match[1]), int(match[2]), int(match[3])
        if match := _YEAR_LAST.fullmatch(text) or (self.order != "ymd" and _RUN.fullmatch(text)) or None:
            day, month = (match[2], match[1]) if self.order == "mdy" else (match[1], match[2])
            return int(match[3]), int(month), int(day)
        return None

    def _named(self, text: str) -> tuple[int, int, int] | None:
        """Year, month and day where the month is a word: then the order does not matter."""
        names = [_MONTHS.get(fold(word), 0) for word in _WORD.findall(text)]
        if len(names) != 1 or not names[0]:
            return None
        figures = _WORD.sub(" ", text)
        years, days = _FOUR.findall(figures), _TWO.findall(figures)
        if len(years) != 1 or len(days) > 1 or not _APART.fullmatch(figures) or (self.precision == "day" and not days):
            return None
        return int(years[0]), names[0], int(days[0]) if days else 1


def order_of(marks: Mapping[str, str]) -> str:
    """The order in which the people of a survey write dates; raises `BadMark`."""
    order = marks.get("date_order") or ORDERS[0]
    if order not in ORDERS:
        raise BadMark(f"izwi:date_order is {order!r}", f"Write one of {', '.join(ORDERS)}.")
    return order
