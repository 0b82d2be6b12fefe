"""Which channel serves a phone: its operator's own lines first, then those that serve everybody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.channels.operators import Operators
from app.settings import LineSettings
from app.store.channels import State


@dataclass(frozen=True, slots=True)
class Lines:
    """The channels of this installation by their keys, in the order in which they are set."""

    lines: Mapping[int, LineSettings]
    operators: Operators
    names: Mapping[int, str] = field(default_factory=dict)

    def named(self, name: str) -> int | None:
        """The channel of this name."""
        return next((key for key, each in self.names.items() if each == name), None)

    def for_operator(self, name: str) -> list[int]:
        """The channels that serve an operator, the best first; the later ones are for when a better one is down."""
        wanted = name.casefold()
        own = [key for key, line in self.lines.items() if wanted in {each.casefold() for each in line.operators}]
        return own + [key for key, line in self.lines.items() if not line.operators]

    def serving(self, operator: str) -> list[int]:
        """The channels for an operator; all of them where none is for it."""
        return self.for_operator(operator) or list(self.lines)

    def able(self, operator: str, *, states: Mapping[int, State], at: datetime) -> int | None:
        """The best channel for an operator that can send now."""
        keys = self.serving(operator)
        return next((key for key in keys if key in states and not states[key].rests(at)), None)

    def for_number(self, e164: str) -> list[int]:
        """The channels that serve a number, by the operator that gave it out."""
        return self.for_operator(self.operators.of_number(e164))

    def strange(self) -> list[str]:
        """Operators that a channel is for and that the list of operators does not know: no phone is ever theirs."""
        known = {name.casefold() for name in self.operators.names}
        wanted = dict.fromkeys(name for line in self.lines.values() for name in line.operators)
        return [name for name in wanted if name.casefold() not in known]
