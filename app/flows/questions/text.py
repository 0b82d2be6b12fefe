"""`text`: words of her own, kept as typed."""

from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown


class Text:
    """Free text. Outer blanks are cut off; nothing else is changed."""

    name, control, data_types = "text", "input", ("string",)
    asked, listed, hint = True, False, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept anything that is not blank."""
        value = reply.strip()
        return Accepted(value) if value else Refused("required")
