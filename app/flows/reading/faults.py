"""What is wrong with a form: where, what, and the way out. A form with a fault is refused before anyone is asked."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

FaultOf = Callable[[str, str, str], None]
"""Takes a fault of a question: its name, what is wrong, and the way out."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the organisation's own file: sheet and row as a spreadsheet counts them (row 1 is the header)."""

    sheet: str
    row: int | None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a form."""

    place: Place
    name: str
    problem: str
    cure: str

    def __str__(self) -> str:
        where = f"{self.place.sheet}, row {self.place.row}" if self.place.row else self.place.sheet
        name = f", {self.name}" if self.name else ""
        stop = "" if self.problem.endswith("?") else "."
        return f"{where}{name}: {self.problem}{stop} {self.cure}".rstrip()


class FormError(Exception):
    """The form cannot be run as it is; `faults` says everything that must be mended."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(dict.fromkeys(faults), key=lambda fault: reading_order(fault.place)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def reading_order(place: Place) -> tuple[int, int]:
    """What to sort by, so that faults come in the order of sheets and rows."""
    sheets = ("survey", "choices", "settings")
    return sheets.index(place.sheet) if place.sheet in sheets else len(sheets), place.row or 0


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or an empty string; looks at some hundred words only, for it is slow."""
    return next(iter(get_close_matches(word, list(islice(dict.fromkeys(known), 300)), n=1, cutoff=0.75)), "")
