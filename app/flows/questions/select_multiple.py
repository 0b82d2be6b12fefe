"""`select_multiple`: one or more choices of a numbered list."""

import re
from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown, choose

_MOST_PARTS = 100
_BETWEEN = re.compile(r"[\s,;.*/+&]+")


class SelectMultiple:
    """Several choices: "1 3", "1,3", "1*3"; "13" too where the list is shorter than ten; or their names or labels."""

    name, control, data_types = "select_multiple", "select", ("string", "select")
    asked, figures_steer, hint = True, True, "reply_numbers"

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept choices in any order; the stored value lists each once, in the order of the list."""
        text = reply.strip()
        whole = choose(text, shown)
        if whole is not None:
            return Accepted(whole)
        parts = [part for part in _BETWEEN.split(text) if part]
        if len(parts) == 1 and text.isascii() and text.isdigit() and len(shown) < 10:
            parts = list(text)
            if len(set(parts)) < len(parts):
                return Refused("choose_numbers")  # "11" is a slip, or a number that the list does not have
        if len(parts) < 2 or not all(part.isascii() and part.isdigit() for part in parts):
            parts = [part.strip() for part in re.split(r"[,;\n]", text)]
        chosen = [choose(part, shown) for part in parts[:_MOST_PARTS] if part]
        if len(parts) > _MOST_PARTS or not chosen or None in chosen:
            return Refused("choose_numbers")
        return Accepted(" ".join(choice.name for choice in shown if choice.name in chosen))
