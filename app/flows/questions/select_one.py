"""`select_one`: one choice of a numbered list."""

from collections.abc import Sequence

from app.flows.questions.base import Accepted, Refused, Shown, choose


class SelectOne:
    """One choice, by its number, its name or its label."""

    name, control, data_types = "select_one", "select1", ("string", "select1")
    asked, figures_steer, hint = True, True, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept a reply that means exactly one of the choices shown."""
        name = choose(reply.strip(), shown)
        return Refused("choose_number") if name is None else Accepted(name)
