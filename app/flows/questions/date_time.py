"""`dateTime`: a date and then a time of the day."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain

from app.flows.questions.base import Accepted, Refused, Shown
from app.flows.questions.date import Date, order_of
from app.flows.questions.time import time_of

_LONGEST = 60
_BETWEEN = re.compile(r"[\s,*T]+")
_RUN = 8  # figures of a date without anything between
_REFUSALS = {"dmy": "not_a_date_time", "mdy": "not_a_date_time_mdy", "ymd": "not_a_date_time_ymd"}


class DateTime:
    """A date as for `date`, a blank or an asterisk, a time as for `time`: "25/12/1990 14:30", "25*12*1990*1430".

    Stored as ODK does, with the survey's zone, which the engine adds.
    """

    name, control, data_types = "dateTime", "input", ("dateTime",)
    asked, figures_steer = True, True

    def __init__(self, order: str = "dmy") -> None:
        self.date = Date(order)
        self._refusal = _REFUSALS[order]
        self.hint = f"reply_date_time{'' if order == 'dmy' else f'_{order}'}"

    def fitted(self, marks: Mapping[str, str]) -> "DateTime":
        """Take the order of dates from `izwi:date_order`."""
        return DateTime(order_of(marks))

    def written(self, value: str) -> str:
        """Write the date as for `date`, and the time to the minute: 25/12/1990 14:30."""
        day, _, clock = value.partition("T")
        return f"{self.date.written(day)} {clock[:5]}".strip()

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept a date that the calendar has with a time that the clock has."""
        text = reply.strip() if len(reply) <= _LONGEST else ""
        cuts = ((match.start(), match.end()) for match in _BETWEEN.finditer(text))
        for end, start in chain(cuts, [(_RUN, _RUN)]):
            day, clock = self.date.read(text[:end], shown), time_of(text[start:])
            if isinstance(day, Accepted) and clock is not None:
                return Accepted(f"{day.value}T{clock.isoformat('milliseconds')}", local=True)
        return Refused(self._refusal)
