"""How somebody wants data: which values, in which language, and what becomes of several choices at once."""

from dataclasses import dataclass
from enum import StrEnum


class BadWish(Exception):
    """What is asked for cannot be given; its words are a sentence that says why, and what helps."""


class Values(StrEnum):
    """What stands for a choice."""

    NAMES = "names"
    """Its name in the form."""
    LABELS = "labels"
    """Its words in a language."""
    CODES = "codes"
    """Its number, for programs that know numbers only."""


class Multiples(StrEnum):
    """What becomes of a question at which several choices may be taken."""

    SPLIT = "split"
    """A column of 0 and 1 for each choice."""
    JOINED = "joined"
    """One column with all that were taken."""
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class How:
    """How data is wanted."""

    language: str
    """Of labels."""
    values: Values = Values.NAMES
    multiples: Multiples = Multiples.BOTH
    typed: bool = False
    """Whether numbers and dates are to be such, and not texts as they are stored."""
    long: bool = False
    """A row an answer, not a row a run."""
    reasons: bool = False
    """Whether a cell without a value says why, where the file has no other way to say so."""
    bom: bool = True
    neutral: bool = True
    """Whether a text that a spreadsheet would run as a formula gets an apostrophe."""
    hxl: bool = False
    table: str = ""
    """The repeat that is wanted, of formats that hold one table; empty: the runs themselves."""
