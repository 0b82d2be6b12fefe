"""`integer`: a whole number, in figures."""

import re
from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown

_WHOLE = re.compile(r"([+-]?)0*([0-9]{1,18})")
_GROUPED = re.compile(r"(?<=[0-9])[ ,'](?=[0-9]{3}(?![0-9]))")


class Integer:
    """A whole number; "1 500" and "1,500" are 1500, leading zeros are dropped."""

    name, control, data_types = "integer", "input", ("int", "integer", "long")
    asked, figures_steer, hint = True, False, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept figures with an optional sign, up to 18 of them."""
        match = _WHOLE.fullmatch(_GROUPED.sub("", reply.strip()))
        if match is None:
            return Refused("not_whole")
        return Accepted(str(int(match[0])))
