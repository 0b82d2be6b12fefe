"""`calculate`: a value worked out from other answers; nobody is asked."""

from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown


class Calculate:
    """A value of the form's own."""

    name, control, data_types = "calculate", "", ()
    asked, figures_steer, hint = False, False, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Never asked, so nothing is an answer."""
        return Refused("not_valid")
