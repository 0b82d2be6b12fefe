"""The columns of a survey's tables, and how a cell comes out of a run's answers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.flows.dictionary.variable import Category, Dictionary, Measure, Missing, Variable
from app.reports.data.how import How, Multiples, Values
from app.store.exports import Given

Cell = str | int | float | date | datetime | Missing | None
Reader = Callable[[Given], Cell]
_CHOSEN = {Measure.ONE, Measure.MANY, Measure.ORDER}
_MOST_LABELS = 50_000
_LARGEST = 2**53
"""Whole numbers beyond it are no whole numbers any more in most programs."""


class Kind(StrEnum):
    """What the cells of a column are, for files that know types."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"


_KINDS = {Measure.WHOLE: Kind.WHOLE, Measure.NUMBER: Kind.NUMBER, Measure.DATE: Kind.DATE}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `short` is its name in SPSS and Stata."""

    name: str
    short: str
    label: str
    kind: Kind = Kind.TEXT
    variable: Variable | None = None
    choice: Category | None = None
    """Of a question at which several choices may be taken: the one that this column is about."""
    coded: bool = False
    """Whether cells are the numbers of choices."""

    @property
    def numeric(self) -> bool:
        """Whether cells are numbers, so that a reason for having none can be one too."""
        return self.kind in {Kind.WHOLE, Kind.NUMBER}


_ABOUT = (
    ("respondent", "Pseudonym of the respondent", Kind.TEXT),
    ("run", "The run, one respondent's journey through the survey", Kind.TEXT),
    ("version", "Version of the survey", Kind.TEXT),
    ("state", "How the run ended", Kind.TEXT),
    ("reason", "Why it ended so", Kind.TEXT),
    ("asked_in", "Language it was asked in", Kind.TEXT),
    ("channel", "How answers came: ussd, sms or both", Kind.TEXT),
    ("mode", "Who held the phone", Kind.TEXT),
    ("proxy", "Whether somebody answered for another person", Kind.TEXT),
    ("flags", "Doubts about how the run came about", Kind.TEXT),
    ("last_question", "The last question that was open", Kind.TEXT),
    ("started_at", "When it began (UTC)", Kind.MOMENT),
    ("ended_at", "When it ended (UTC)", Kind.MOMENT),
)
_WITHIN = (
    ("respondent", "Pseudonym of the respondent", Kind.TEXT),
    ("run", "The run that it belongs to", Kind.TEXT),
    ("repeat_position", "Which one it is, e.g. 2.1", Kind.TEXT),
    ("repeat_parent", "The one around it; empty where that is the run itself", Kind.TEXT),
)
ABOUT = tuple(Column(name, name, label, kind) for name, label, kind in _ABOUT)
WITHIN = tuple(Column(name, name, label, kind) for name, label, kind in _WITHIN)


def columns_of(dictionary: Dictionary, repeats: tuple[str, ...], how: How) -> tuple[Column, ...]:
    """The columns of the variables of one table."""
    taken = {each.short.lower() for each in (*ABOUT, *WITHIN)} | {each.short.lower() for each in dictionary.variables}
    names = {each.column.lower() for each in dictionary.variables}
    found: list[Column] = []
    for variable in dictionary.of(*repeats):
        if variable.measure is not Measure.MANY or how.multiples is not Multiples.SPLIT:
            found.append(_column(variable, how))
        if variable.measure is Measure.MANY and how.multiples is not Multiples.JOINED:
            found += [_split(variable, choice, how, taken, names) for choice in variable.categories]
    return tuple(found)


def reader_of(column: Column, how: How) -> Reader:
    """How a cell of this column is made of a run's answers."""
    variable = column.variable
    assert variable is not None  # noqa: S101 -- columns about the run are no variables
    name, absent = variable.name, Missing.NOT_ASKED
    made = _maker(column, variable, how)

    def read(given: Given) -> Cell:
        value = given.get(name, absent)
        if value is None:
            return Missing.SKIPPED
        return value if value is absent else made(value)

    return read


def label_of(category: Category, language: str) -> str:
    """A choice's words in a language, or in whichever there are, or its name."""
    return category.labels.get(language) or next(filter(None, category.labels.values()), category.name)


def labels_of(variable: Variable, language: str) -> Mapping[str, str]:
    """Name → words of a variable's choices."""
    return {each.name: label_of(each, language) for each in variable.categories}


def codes_of(variable: Variable) -> Mapping[str, int | Missing]:
    """Name → number of a variable's choices; the first that means refused, or don't know, is a reason to have none."""
    codes: dict[str, int | Missing] = {}
    for each in variable.categories:
        reason = each.missing
        codes[each.name] = reason if reason and reason not in codes.values() else each.code
    return codes


def _column(variable: Variable, how: How) -> Column:
    kind = _KINDS.get(variable.measure, Kind.TEXT)
    coded = variable.measure is Measure.ONE and how.values is Values.CODES
    return Column(
        variable.column,
        variable.short,
        variable.label(how.language),
        Kind.WHOLE if coded else kind,
        variable,
        coded=coded,
    )


def _split(variable: Variable, choice: Category, how: How, taken: set[str], names: set[str]) -> Column:
    code = str(choice.code).replace("-", "m")
    short = _free(f"{variable.short[: 31 - len(code)]}_{code}", taken)
    name = _free(f"{variable.column}__{choice.name}", names)
    label = f"{variable.label(how.language)}: {label_of(choice, how.language)}"
    return Column(name, short, label, Kind.WHOLE, variable, choice)


def _free(wanted: str, taken: set[str]) -> str:
    """A name that no other column has, whatever its capitals."""
    name, number = wanted, 1
    while name.lower() in taken:
        number += 1
        name = f"{wanted[: 31 - len(str(number))]}_{number}" if len(wanted) <= 32 else f"{wanted}_{number}"
    taken.add(name.lower())
    return name


def _maker(column: Column, variable: Variable, how: How) -> Callable[[str], Cell]:
    if column.choice is not None:
        return _holds(variable, column.choice.name, how)
    if variable.measure in _CHOSEN and how.values is Values.LABELS:
        return _labelled(variable, how)
    if column.coded:
        codes = codes_of(variable)
        return codes.get
    if how.typed and column.kind in _TYPED:
        return _TYPED[column.kind]
    return str


def _holds(variable: Variable, name: str, how: How) -> Callable[[str], Cell]:
    """1 where the choice was taken, 0 where not; who only refused took none."""
    reasons = {each.name: each.missing for each in variable.categories if each.missing}

    def read(value: str) -> Cell:
        chosen = value.split()
        if how.values is Values.CODES and len(chosen) == 1 and chosen[0] in reasons:
            return reasons[chosen[0]]
        held: str | int = int(name in chosen)
        return held if how.typed or how.values is Values.CODES else str(held)

    return read


def _labelled(variable: Variable, how: How) -> Callable[[str], Cell]:
    labels, one = labels_of(variable, how.language), variable.measure is Measure.ONE
    found: dict[str, str] = {}

    def read(value: str) -> Cell:
        if value not in found:
            if len(found) >= _MOST_LABELS:
                found.clear()  # many choices can be taken in very many ways
            chosen = (value,) if one else value.split()
            found[value] = "; ".join(labels.get(each, each) for each in chosen)
        return found[value]

    return read


def _whole(value: str) -> Cell:
    """The number; where an older version let people write words there, the words."""
    if not re.fullmatch(r"[+-]?[0-9]{1,16}", value):
        return _number(value)
    found = int(value)
    return found if abs(found) <= _LARGEST else value


def _number(value: str) -> Cell:
    return float(value) if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?", value) else value


def _date(value: str) -> Cell:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return value


_TYPED: Mapping[Kind, Callable[[str], Cell]] = {Kind.WHOLE: _whole, Kind.NUMBER: _number, Kind.DATE: _date}
