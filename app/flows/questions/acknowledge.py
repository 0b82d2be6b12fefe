"""`acknowledge`: a text that she confirms to have read."""

from collections.abc import Sequence

from app.flows.phrases import fold, words
from app.flows.questions.base import Accepted, Refused, Shown, choose

CONFIRMED = "OK"


class Acknowledge:
    """One entry to confirm: its number or its word, or yes in any language; stored as ODK does."""

    name, control, data_types = "acknowledge", "trigger", ("string",)
    asked, figures_steer, hint = True, True, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept what confirms."""
        text = reply.strip()
        confirmed = text == "1" or fold(text) in words("words_yes") or choose(text, shown) == CONFIRMED
        return Accepted(CONFIRMED) if confirmed else Refused("choose_number")
