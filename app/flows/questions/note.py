"""`note`: a text that wants no answer; it is shown together with the question that follows."""

from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown


class Note:
    """A text to read."""

    name, control, data_types = "note", "input", ()
    asked, figures_steer, hint = False, True, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Never asked, so nothing is an answer."""
        return Refused("not_valid")
