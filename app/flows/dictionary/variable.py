"""What an analyst gets of a survey: its variables, with one name each for all versions and all programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Measure(StrEnum):
    """What the values of a variable are."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    MOMENT = "moment"
    """A date with a time."""
    ONE = "one"
    """The name of one choice."""
    MANY = "many"
    """The names of any number of choices, with blanks between them."""
    ORDER = "order"
    """The names of all choices, the first first."""
    PLACE = "place"
    """Latitude, longitude, altitude and accuracy."""


class Missing(StrEnum):
    """Why there is no value; what statistical programs keep as a user-missing code."""

    NOT_ASKED = "not_asked"
    SKIPPED = "skipped"
    REFUSED = "refused"
    DONT_KNOW = "dont_know"


# The names by which forms call the two; docs/data.md lists them.
_REFUSED = {"prefer_not_to_say", "prefer_not_to_answer", "refused", "refuse", "refuse_to_answer", "no_answer", "rf"}
_DONT_KNOW = {"dont_know", "don_t_know", "do_not_know", "doesnt_know", "not_sure", "dk"}


def names_of(why: Missing) -> frozenset[str]:
    """The names by which forms call a choice of who gives no answer; written small, with _ for a hyphen."""
    return frozenset({Missing.REFUSED: _REFUSED, Missing.DONT_KNOW: _DONT_KNOW}.get(why, ()))


@dataclass(frozen=True, slots=True)
class Category:
    """A choice that can be a variable's value. `code` is its number in programs that know numbers only; it never changes."""

    name: str
    code: int
    labels: Mapping[str, str]

    @property
    def missing(self) -> Missing | None:
        """Whether who chose it gave no answer, and why."""
        name = self.name.lower().replace("-", "_")
        return Missing.REFUSED if name in _REFUSED else Missing.DONT_KNOW if name in _DONT_KNOW else None


@dataclass(frozen=True, slots=True)
class Variable:
    """A question, or a value that the form works out, in all versions of its survey."""

    name: str
    """As the form calls it; what `answers.question` holds."""
    column: str
    """Its column in a wide table: its name, unless a database cannot tell that from another one's."""
    short: str
    """Its name in SPSS and Stata: at most 32 letters, figures and _, the first a letter."""
    type: str
    """As XLSForm calls it."""
    measure: Measure
    repeats: tuple[str, ...] = ()
    """The repeats that it is in, the outermost first."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Language → the question; a value that stands in it is written as `…`."""
    categories: tuple[Category, ...] = ()
    relevant: str = ""
    """Who is asked, in words; empty: everybody."""
    required: bool = False
    sensitive: bool = False
    consent: str = ""
    hxl: str = ""
    """Its tag of the Humanitarian Exchange Language, where the form gives it one."""
    versions: tuple[str, ...] = ()
    """The versions that have it."""

    def category(self, name: str) -> Category | None:
        """The choice of a name."""
        return next((each for each in self.categories if each.name == name), None)

    def label(self, language: str) -> str:
        """The question in a language, or in whichever there is, or its name."""
        return self.labels.get(language) or next(filter(None, self.labels.values()), self.name)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """All variables of a survey, in the order of its newest version; what only older ones have stands at the end."""

    survey: str
    title: str
    languages: Mapping[str, str]
    """Code → name, the form's own language first."""
    variables: tuple[Variable, ...]
    versions: tuple[str, ...]

    @property
    def language(self) -> str:
        """The form's own language."""
        return next(iter(self.languages))

    @property
    def repeats(self) -> tuple[tuple[str, ...], ...]:
        """All repeats that have variables, each by the way to it, outer ones before inner ones."""
        return tuple(
            sorted({each.repeats[:depth] for each in self.variables for depth in range(1, len(each.repeats) + 1)})
        )

    def of(self, *repeats: str) -> tuple[Variable, ...]:
        """The variables of one row of the survey, or of one of these repeats."""
        return tuple(each for each in self.variables if each.repeats == repeats)

    def variable(self, name: str) -> Variable | None:
        """The variable of a name."""
        return next((each for each in self.variables if each.name == name), None)
