"""`text`: words of her own, kept as typed."""

import re
from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Text:
    """Free text. Outer blanks and control characters, which no XML record may hold, are cut off; the rest stays."""

    name, control, data_types = "text", "input", ("string",)
    asked, figures_steer, hint = True, True, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept anything that is not blank."""
        value = _UNWRITABLE.sub("", reply).strip()
        return Accepted(value) if value else Refused("required")
