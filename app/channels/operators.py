"""The operators that phones belong to, as routing, prices and audiences need them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import StringIO
from pathlib import Path

COLUMNS = ("operator", "codes", "prefixes")


class BadOperators(ValueError):
    """The list of operators cannot be used; the message says where it is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Operators:
    """A list of operators. Numbers are E.164; a code is what a provider calls `networkCode`, e.g. 64804."""

    prefixes: Mapping[str, str]
    codes: Mapping[str, str]

    def of_number(self, e164: str) -> str:
        """The operator that gave a number out; empty if the list does not know."""
        for length in range(len(e164), 1, -1):
            if found := self.prefixes.get(e164[:length]):
                return found
        return ""

    def of_code(self, code: str) -> str:
        """The operator of a network code; empty if the list does not know."""
        return self.codes.get(code, "")

    @property
    def names(self) -> list[str]:
        """All operators, in the order of the list."""
        return list(dict.fromkeys([*self.prefixes.values(), *self.codes.values()]))


@cache
def read(file: Path | None) -> Operators:
    """Read a list of operators, or the one that ships. Raises `BadOperators`."""
    source = file or resources.files("app.channels").joinpath("operators.csv")
    lines = [line for line in source.read_text(encoding="utf-8-sig").splitlines() if line[:1] not in {"", "#"}]
    prefixes, codes = dict[str, str](), dict[str, str]()
    rows = csv.DictReader(StringIO("\n".join(lines)))
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise BadOperators(f"the columns are {', '.join(COLUMNS)}")
    for number, row in enumerate(rows, start=2):
        name = (row["operator"] or "").strip()
        if not name or len(name) > 32:
            raise BadOperators(f"line {number}: the operator's name is missing, or longer than 32 characters")
        for prefix in (row["prefixes"] or "").split():
            if not prefix.startswith("+") or not prefix[1:].isdigit():
                raise BadOperators(f"line {number}: the prefix is {prefix!r}; write it like +26377")
            prefixes[prefix] = name
        codes |= dict.fromkeys((row["codes"] or "").split(), name)
    return Operators(prefixes, codes)
