"""What attributes hold: text, numbers, dates, or yes and no; told from a whole column, never from a value alone."""

import re
from datetime import date
from enum import StrEnum
from functools import lru_cache

LONGEST = 255
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})([.,][0-9]{1,10})?", re.ASCII)
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+", re.ASCII)
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_DAY_FIRST = re.compile(r"([0-9]{1,2})([/.\-])([0-9]{1,2})\2([0-9]{4})", re.ASCII)
_YES = set("yes y true hongu ehe yebo".split())
_NO = set("no n false kwete hatshi".split())


class Kind(StrEnum):
    """What kind of value an attribute has."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"


_CALLED = {Kind.NUMBER: "a number", Kind.DATE: "a date like 2026-11-30 or 30/11/2026", Kind.YES_NO: "yes or no"}
Stored = str | int | float


class Misfit(ValueError):
    """The value is not of its attribute's kind, or too long; the message says so without the value."""


@lru_cache(maxsize=8192)
def stored(kind: Kind, text: str) -> Stored:
    """A value as it is kept. Raises `Misfit`."""
    found: Stored | None = text
    if kind is Kind.NUMBER:
        found = _number(text)
    elif kind is Kind.DATE:
        found = _date(text)
    elif kind is Kind.YES_NO:
        found = _yes_no(text)
    if found is None:
        raise Misfit(f"is not {_CALLED[kind]}")
    if isinstance(found, str) and len(found) > LONGEST:
        raise Misfit(f"is longer than {LONGEST} characters")
    return found


@lru_cache(maxsize=8192)
def possible(text: str) -> frozenset[Kind]:
    """The kinds that a value can be of; it can always be text."""
    readings = {Kind.NUMBER: _number(text), Kind.DATE: _date(text), Kind.YES_NO: _yes_no(text)}
    return frozenset({Kind.TEXT, *(kind for kind, found in readings.items() if found is not None)})


ALL = frozenset(Kind)
"""What a column can hold that has no value yet."""


def best(kinds: frozenset[Kind]) -> Kind:
    """The kind of a column whose values can all be of these."""
    return next(kind for kind in (Kind.YES_NO, Kind.NUMBER, Kind.DATE, Kind.TEXT) if kind in kinds)


def _number(text: str) -> int | float | None:
    """A figure; not one that begins with 0 (a code), nor one whose comma could part thousands."""
    if not _NUMBER.fullmatch(text) or _THOUSANDS.fullmatch(text):
        return None
    value = float(text.replace(",", "."))
    return int(value) if value.is_integer() else value


def _date(text: str) -> str | None:
    """A date, year first or, as it is written in Zimbabwe, day first."""
    if iso := _ISO.fullmatch(text):
        year, month, day = iso[1], iso[2], iso[3]
    elif local := _DAY_FIRST.fullmatch(text):
        year, month, day = local[4], local[3], local[1]
    else:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _yes_no(text: str) -> str | None:
    word = text.lower()
    return "yes" if word in _YES else "no" if word in _NO else None
