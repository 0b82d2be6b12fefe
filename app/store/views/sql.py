"""The few things that SQLite and PostgreSQL write differently in a view, and how names and texts are quoted."""

from typing import NamedTuple

SCHEMA = "analysis"
"""Where the views are on PostgreSQL, so that a role may see them and nothing else."""


_PARTS_OF_UUID = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))


class View(NamedTuple):
    """A view as it should be. `owner` is the first view of the survey that it belongs to; empty: of all surveys."""

    name: str
    owner: str
    select: str
    columns: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...] = ()
    """What a snapshot finds its rows by."""
    guarded: bool = False
    """Whether it leaves out answers that are still in their table: those that were taken back."""


def name(text: str) -> str:
    """A name of a column, a table or a view."""
    return '"' + text.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as a literal."""
    return "'" + value.replace("'", "''") + "'"


class Dialect:
    """How one of the two databases writes it."""

    def __init__(self, dialect: str) -> None:
        self.sqlite = dialect == "sqlite"

    def uid(self, column: str) -> str:
        """A UUID. PostgreSQL's own type is found by its index, and every program reads it as text."""
        if not self.sqlite:
            return column
        parts = [f"substr(hex({column}), {start}, {length})" for start, length in _PARTS_OF_UUID]
        return "lower(" + " || '-' || ".join(parts) + ")"

    def holds(self, value: str, word: str) -> str:
        """Whether a word stands in a list that is parted by blanks; both are expressions."""
        place = "instr" if self.sqlite else "strpos"
        return f"{place}(' ' || {value} || ' ', ' ' || {word} || ' ')"

    def joined(self, what: str, source: str, order: str, between: str) -> str:
        """All texts of a query, in an order, in one."""
        if self.sqlite:
            ordered = f"SELECT {what} AS one, {order} AS place {source} ORDER BY place"
            return f"(SELECT group_concat(one, {text(between)}) FROM ({ordered}))"
        return f"(SELECT string_agg({what}, {text(between)} ORDER BY {order}) {source})"

    def whole(self, value: str) -> str:
        """A text as a whole number; NULL where it is none."""
        if self.sqlite:
            figures = _unsigned(value)
            fits = f"length({figures}) BETWEEN 1 AND 18 AND {figures} NOT GLOB '*[^0-9]*'"
            return f"CASE WHEN {fits} THEN CAST({value} AS INTEGER) END"
        return f"CASE WHEN {value} ~ '^-?[0-9]{{1,18}}$' THEN CAST({value} AS bigint) END"

    def number(self, value: str) -> str:
        """A text as a number; NULL where it is none."""
        if self.sqlite:
            figures = _unsigned(value)
            fits = (
                f"length({figures}) BETWEEN 1 AND 40 AND {figures} NOT GLOB '*[^0-9.]*' AND {figures} GLOB '[0-9]*' "
                f"AND {figures} GLOB '*[0-9]' AND {figures} NOT GLOB '*.*.*'"
            )
            return f"CASE WHEN {fits} THEN CAST({value} AS REAL) END"
        fits = f"{value} ~ '^-?[0-9]+([.][0-9]+)?$' AND length({value}) <= 41"
        return f"CASE WHEN {fits} THEN CAST({value} AS double precision) END"


def _unsigned(value: str) -> str:
    return f"substr({value}, 1 + (substr({value}, 1, 1) = '-'))"
