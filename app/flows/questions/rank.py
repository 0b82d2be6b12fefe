"""`rank`: all choices of a numbered list, in her own order."""

import re
from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown, choose

_MOST_PARTS = 100
_BETWEEN = re.compile(r"[\s,;.*/+&>-]+")


class Rank:
    """An order: "2 1 3", "2,1,3", "2*1*3", "2>1>3"; "213" too where the list is shorter than ten; or names or labels."""

    name, control, data_types = "rank", "rank", ("rank", "string")
    asked, figures_steer, hint = True, True, "reply_order"

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept an order in which each choice stands exactly once."""
        text = reply.strip()
        for parts in (_numbers(text, len(shown)), re.split(r"[,;>\n]", text), text.split()):
            order = [choose(part.strip(), shown) for part in parts[: _MOST_PARTS + 1] if part.strip()]
            if order and len(order) == len(shown) and set(order) == {choice.name for choice in shown}:
                return Accepted(" ".join(name for name in order if name))
        return Refused("give_order")


def _numbers(text: str, count: int) -> list[str]:
    """The numbers of a reply, or nothing if it has anything else in it."""
    parts = [part for part in _BETWEEN.split(text) if part]
    if not all(part.isascii() and part.isdigit() for part in parts):
        return []
    return list(parts[0]) if len(parts) == 1 and count < 10 else parts
