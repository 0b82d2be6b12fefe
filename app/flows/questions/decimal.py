"""`decimal`: a number that may have a fraction, with a point or a comma."""

import re
from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})")


class Decimal:
    """A number; a single comma is read as the decimal point ("2,5" is 2.5), as it is written in much of Africa."""

    name, control, data_types = "decimal", "input", ("decimal", "double", "float")
    asked, figures_steer, hint = True, False, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept figures with an optional sign and fraction."""
        text = reply.strip().replace(",", ".") if reply.count(",") == 1 and "." not in reply else reply.strip()
        if not _NUMBER.fullmatch(text):
            return Refused("not_a_number")
        sign = "-" if text.startswith("-") else ""
        whole, _, part = text.lstrip("+-").partition(".")
        fraction = part.rstrip("0")
        value = (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
        return Accepted(value if value == "0" else sign + value)
