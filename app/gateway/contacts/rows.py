"""From the cells of a row to what it says of a contact: number, language, groups and values, and what could not be read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from app.gateway.contacts.kinds import Kind, Misfit, Stored, stored
from app.gateway.contacts.mapping import Columns
from app.gateway.contacts.numbers import Number, Numbers, Refused, Repair
from app.gateway.contacts.reading import File
from app.values import Msisdn, locale_of

_SEPARATED = re.compile(r"[;,|\n]")
_REMEMBERED = 20_000
LONGEST_GROUP = 64


@dataclass(slots=True)
class Line:
    """A row that has a mobile number."""

    row: int
    msisdn: Msisdn
    repairs: tuple[Repair, ...]
    locale: str | None = None
    groups: list[str] = field(default_factory=list)
    values: dict[str, Stored] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What of it is not taken over, and why."""


class NoLine(NamedTuple):
    """A row without one."""

    row: int
    refused: Refused | None
    """None for a blank row."""


class Reader:
    """Reads the rows of one file. `kinds` is what each attribute holds; one that is not among them is text so far."""

    def __init__(
        self, file: File, columns: Columns, numbers: Numbers, kinds: Mapping[str, Kind], groups: Sequence[str]
    ) -> None:
        self._file, self._numbers, self._groups = file, numbers, list(groups)
        self.learn(kinds)
        self._header, self._width = columns.header_row, len(columns.columns)
        self._phone, self._language = columns.phone, columns.language
        self._group_places, self._attributes = columns.groups, list(columns.attributes.items())

    def learn(self, kinds: Mapping[str, Kind]) -> None:
        """Know from now on what attributes hold."""
        self._kinds = dict(kinds)
        self._cached = lru_cache(_REMEMBERED)(self._value)  # most columns have few values, many times

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """What each attribute holds, as far as it is known."""
        return self._kinds

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """All rows below the headers, with their numbers."""
        return ((row, cells) for row, cells in self._file.rows() if row > self._header)

    def line(self, row: int, cells: list[str]) -> Line | NoLine:
        """Read one row."""
        missing = self._width - len(cells)
        if missing > 0:
            cells = cells + [""] * missing
        found = self._numbers.read(cells[self._phone])
        if not isinstance(found, Number):
            return NoLine(row, found if any(cell.strip() for cell in cells) else None)
        line = Line(row, found.msisdn, found.repairs)
        if missing < 0 and any(cell.strip() for cell in cells[self._width :]):
            line.notes.append("it has more cells than there are columns")
        if self._language is not None and (text := cells[self._language].strip()):
            line.locale = _locale(text)
            if line.locale is None:
                line.notes.append("its language is not known")
        if self._groups or self._group_places:
            self._read_groups(line, cells)
        for place, name in self._attributes:
            if text := cells[place].strip():
                value = self._cached(name, text)
                if isinstance(value, Misfit):
                    line.notes.append(f"{name} {value}")
                else:
                    line.values[name] = value
        return line

    def _read_groups(self, line: Line, cells: list[str]) -> None:
        line.groups += self._groups
        for place in self._group_places:
            for name in _SEPARATED.split(cells[place]) if cells[place] else ():
                name = " ".join(name.split())
                if len(name) > LONGEST_GROUP:
                    line.notes.append(f"the name of a group is longer than {LONGEST_GROUP} characters")
                elif name:
                    line.groups.append(name)

    def _value(self, name: str, text: str) -> Stored | Misfit:
        if self._numbers.looks_like_one(text):
            # Numbers are kept encrypted, in one place only: else whoever reads the attributes reads them.
            return Misfit("looks like a phone number")
        try:
            return stored(self._kinds.get(name, Kind.TEXT), text)
        except Misfit as error:
            return error


_locale = lru_cache(256)(locale_of)
