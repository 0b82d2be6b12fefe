"""`$filter` of OData, as far as ODK Central has it: submissions by when they came and from whom."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from app.models.people import respondent
from app.models.runs import run

_DEEPEST, _LONGEST = 20, 2000
_TOKEN = re.compile(
    r"\s*(?:(?P<moment>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[+ -]\d\d:\d\d)?)?)"
    r"|(?P<number>-?\d{1,15}(?![\w.]))|'(?P<text>(?:[^']|'')*)'|(?P<name>[$A-Za-z_][\w$/]*)|(?P<mark>[(),]))"
)
_PARTS = {"year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "second": "%S"}
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip


class BadFilter(ValueError):
    """The filter cannot be read; the message says why, and never what it holds."""


class UnknownField(BadFilter):
    """The filter asks for a field that cannot be filtered by."""


@dataclass(frozen=True, slots=True)
class _Operand:
    kind: str
    """moment, number, text or null."""
    value: Any


# Nobody edits or reviews a record here, so these are never anything.
_FIELDS: Mapping[str, _Operand] = {
    "__system/submissionDate": _Operand("moment", run.c.ended_at),
    "__system/submitterId": _Operand("text", respondent.c.pseudonym),
    "__system/updatedAt": _Operand("null", None),
    "__system/deletedAt": _Operand("null", None),
    "__system/reviewState": _Operand("null", None),
}


class _part(sa.ColumnElement[int]):
    """A part of a moment in UTC, as a whole number."""

    inherit_cache = True
    type = sa.Integer()
    _traverse_internals = [
        ("moment", sa.sql.visitors.InternalTraversal.dp_clauseelement),
        ("name", sa.sql.visitors.InternalTraversal.dp_string),
    ]

    def __init__(self, name: str, moment: sa.ColumnElement[Any]) -> None:
        self.name, self.moment = name, moment


@compiles(_part, "sqlite")
def _sqlite(element: _part, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(strftime('{_PARTS[element.name]}', {compiler.process(element.moment, **options)}) AS INTEGER)"


@compiles(_part, "postgresql")
def _postgresql(element: _part, compiler: SQLCompiler, **options: Any) -> str:
    moment = compiler.process(element.moment, **options)
    return f"CAST(extract({element.name} FROM date_trunc('second', {moment})) AS INTEGER)"


def parse(text: str, now: datetime) -> sa.ColumnElement[bool]:
    """Read a filter, or raise `BadFilter`."""
    if len(text) > _LONGEST:
        raise BadFilter(f"it has more than {_LONGEST} letters")
    parser = _Parser(_tokens(text), now)
    found = parser.either(0)
    if parser.kind:
        raise _fault(parser)
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadFilter(f"letter {at + 1} begins nothing that is known")
        at = match.end()
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
    return found


class _Parser:
    """Reads from the weakest word to the strongest: or, and, not, a comparison."""

    def __init__(self, tokens: list[tuple[str, str]], now: datetime) -> None:
        self._tokens, self._now, self.at = tokens, now, 0

    @property
    def kind(self) -> str:
        return self._tokens[self.at][0] if self.at < len(self._tokens) else ""

    @property
    def word(self) -> str:
        return self._tokens[self.at][1] if self.at < len(self._tokens) else ""

    def take(self, word: str) -> bool:
        """Go on if this word stands here, and not in quotes."""
        if self.kind in {"name", "mark"} and self.word == word:
            self.at += 1
            return True
        return False

    def must(self, word: str) -> None:
        if not self.take(word):
            raise _fault(self)

    def either(self, depth: int) -> sa.ColumnElement[bool]:
        if depth > _DEEPEST:
            raise BadFilter("its brackets are too deep")
        found = [self.all(depth)]
        while self.take("or"):
            found.append(self.all(depth))
        return sa.or_(*found) if len(found) > 1 else found[0]

    def all(self, depth: int) -> sa.ColumnElement[bool]:
        found = [self.single(depth)]
        while self.take("and"):
            found.append(self.single(depth))
        return sa.and_(*found) if len(found) > 1 else found[0]

    def single(self, depth: int) -> sa.ColumnElement[bool]:
        if depth > _DEEPEST:
            raise BadFilter("its brackets are too deep")
        if self.take("not"):
            return sa.not_(self.single(depth + 1))
        if self.take("("):
            found = self.either(depth + 1)
            self.must(")")
            return found
        left = self.operand()
        operator = self.word
        if self.kind != "name" or operator not in _COMPARE:
            raise _fault(self)
        self.at += 1
        return _compared(left, operator, self.operand())

    def operand(self) -> _Operand:
        kind, word = self.kind, self.word
        self.at += 1
        match kind:
            case "moment":
                return _Operand("moment", _moment(word))
            case "number":
                return _Operand("number", int(word))
            case "text":
                return _Operand("text", word.replace("''", "'"))
            case "name":
                return self._named(word)
            case _:
                self.at -= 1
                raise _fault(self)

    def _named(self, word: str) -> _Operand:
        if word == "null":
            return _Operand("null", None)
        if word == "now" and self.take("("):
            self.must(")")
            return _Operand("moment", self._now)
        if word in _PARTS and self.take("("):
            inside = self.operand()
            self.must(")")
            if inside.kind == "null":
                return inside
            if inside.kind != "moment":
                raise BadFilter(f"{word}() takes a moment")
            if isinstance(inside.value, datetime):
                return _Operand("number", getattr(inside.value.astimezone(UTC), word))
            return _Operand("number", _part(word, inside.value))
        field = _FIELDS.get(word.removeprefix("$root/Submissions/"))
        if field is None:
            raise UnknownField("it can ask for " + ", ".join(_FIELDS))
        return field


def _compared(left: _Operand, operator: str, right: _Operand) -> sa.ColumnElement[bool]:
    if left.kind == "null" or right.kind == "null":
        # As OData has it: nothing equals nothing, and is neither more nor less than anything.
        equal = left.kind == right.kind
        return sa.true() if operator == ("eq" if equal else "ne") else sa.false()
    if left.kind != right.kind:
        raise BadFilter(f"a {left.kind} cannot be compared with a {right.kind}")
    found = _COMPARE[operator](left.value, right.value)
    if isinstance(found, bool):
        return sa.true() if found else sa.false()
    compared: sa.ColumnElement[bool] = found
    return compared


def _moment(word: str) -> datetime:
    # A plus in an address that was not written %2B arrives as a blank.
    try:
        found = datetime.fromisoformat(word.replace(" ", "+"))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadFilter("there is no such moment") from None


def _fault(parser: _Parser) -> BadFilter:
    return BadFilter(f"part {parser.at + 1} is not what stands there" if parser.kind else "it ends too early")
