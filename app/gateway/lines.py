"""Which channel a message to a phone goes over: the one that lists its operator, else one that serves all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lines:
    """The channels of this process, by key, in the order of the settings."""

    names: Mapping[int, str]
    operators: Mapping[int, Collection[str]]
    """The operators that a channel serves; none listed: all."""

    def for_operator(self, operator: str) -> list[int]:
        """The channels that serve an operator, the best first."""
        own = [key for key in self.names if operator and operator in self.operators.get(key, ())]
        return own + [key for key in self.names if not self.operators.get(key)]

    def named(self, name: str) -> int | None:
        """The channel of this name."""
        return next((key for key, each in self.names.items() if each == name), None)
