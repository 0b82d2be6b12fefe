"""`hidden`: a fixed value of the form's own; nobody is asked."""

from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown


class Hidden:
    """A value that the form brings along."""

    name, control, data_types = "hidden", "", ()
    asked, figures_steer, hint = False, False, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Never asked, so nothing is an answer."""
        return Refused("not_valid")
