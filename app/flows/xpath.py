"""Reads an XPath 1.0 expression as ODK forms write it, and writes it for libxml2.

Four things differ between the two. Absolute paths mean the form's own instance even inside a predicate over another
instance, so they become paths from the variable ``$doc``. ``current()`` means the question, ``$here``. Functions that
need the time or the language get it as a last argument, ``$at`` or ``$locale``, for the engine has no clock. And ODK
compares dates and counts with them as days, so next to a date both sides of an operator are turned into days.
(W3C XPath 1.0 section 3; ODK XForms specification, "XPath Expressions".)
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_LENGTH = 8_000
MAX_DEPTH = 60


class BadExpression(ValueError):
    """An expression cannot be used; the message says what is wrong with it and what would be right."""


_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<literal>\"[^\"]*\"|'[^']*')"
    r"|(?P<name>[A-Za-z_][\w.-]*(?::[A-Za-z_*][\w.-]*)?)"
    r"|(?P<symbol>//|::|\.\.|!=|<=|>=|[()\[\].@,/|+\-=<>*$]))"
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("=", "!="),
    ("<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "div", "mod"),
)
_DAYS = {"=", "!=", "<", "<=", ">", ">=", "+", "-"}
_REACHING = {("symbol", "//"), ("symbol", "*"), ("symbol", "::")}
_DATE_FUNCTIONS = {"today", "now", "date", "date-time"}
_HIDDEN_ARGUMENT = {"today": "$at", "now": "$at", "jr:choice-name": "$locale"}


@dataclass(slots=True)
class Parsed:
    """An expression written for libxml2, the instance paths it reads, and whether its value is a date."""

    text: str
    paths: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    is_date: bool = False
    complete: bool = True
    """Whether `paths` are all it reads of the instance: no `//`, `*` or axis, which may reach anything."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the rewritten expression."""

    text: str
    is_date: bool = False


def parse(source: str, *, root: str, here: str, is_date: Callable[[str], bool]) -> Parsed:
    """Read `source`, the expression of the node at path `here`, in a form whose root element is named `root`.

    `is_date` says of an instance path whether it holds a date. Raises `BadExpression`.
    """
    if len(source) > MAX_LENGTH:
        raise BadExpression(f"the expression is longer than {MAX_LENGTH} characters; split it over calculates")
    tokens = _tokens(source)
    reader = _Reader(tokens, root, here, is_date)
    part = reader.expression(0)
    if reader.kind:
        raise BadExpression(f"did not expect {reader.text!r}")
    complete = not any(token in _REACHING for token in tokens)
    return Parsed(part.text, reader.paths, reader.functions, part.is_date, complete)


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    source = source.rstrip()
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None or match.lastgroup is None:
            raise BadExpression(f"cannot read it from {source[place : place + 20].strip()!r} on")
        tokens.append((match.lastgroup, match.group(match.lastgroup)))
        place = match.end()
    return tokens


class _Reader:
    """A reader by operator precedence; paths are kept apart because predicates nest expressions in them."""

    def __init__(self, tokens: list[tuple[str, str]], root: str, here: str, is_date: Callable[[str], bool]) -> None:
        self.tokens, self.place, self.depth, self.in_predicate = tokens, 0, 0, 0
        self.root, self.here, self.holds_date = root, here, is_date
        self.paths: list[str] = []
        self.functions: list[str] = []

    @property
    def kind(self) -> str:
        return self.tokens[self.place][0] if self.place < len(self.tokens) else ""

    @property
    def text(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        text = self.text
        self.place += 1
        return text

    def expect(self, text: str) -> None:
        if self.text != text or self.kind == "literal":
            found = repr(self.text) if self.kind else "the end"
            raise BadExpression(f"expected {text!r} but found {found}")
        self.place += 1

    def ahead(self) -> str:
        return self.tokens[self.place + 1][1] if self.place + 1 < len(self.tokens) else ""

    def expression(self, level: int) -> _Part:
        if level == 0:
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise BadExpression("it is nested too deeply; split it over calculates")
        if level == len(_LEVELS):
            return self.unary()
        left = self.expression(level + 1)
        while self.kind in {"name", "symbol"} and self.text in _LEVELS[level]:
            operator = self.take()
            left = _combine(left, operator, self.expression(level + 1))
        if level == 0:
            self.depth -= 1
        return left

    def unary(self) -> _Part:
        signs = ""
        while self.kind == "symbol" and self.text == "-":
            signs += self.take()
        part = self.path()
        while self.kind == "symbol" and self.text == "|":
            self.take()
            part = _Part(f"{part.text} | {self.path().text}")
        return _Part(signs + part.text, part.is_date and not signs) if signs else part

    def path(self) -> _Part:
        """Read a literal, a call, a bracket or a location path, with the predicates and steps that follow it."""
        if self.kind in {"literal", "number"}:
            return _Part(self.take())
        if self.kind == "symbol" and self.text == "(":
            self.take()
            inside = self.expression(0)
            self.expect(")")
            return self.steps(_Part(f"({inside.text})", inside.is_date), [])
        if self.kind == "name" and self.ahead() == "(" and self.text not in {"node", "text", "comment"}:
            return self.call()
        return self.location()

    def call(self) -> _Part:
        name = self.take()
        self.take()
        if name == "current":
            self.expect(")")
            return self.steps(_Part("$here"), self.here.split("/")[1:])
        self.functions.append(name)
        arguments: list[str] = []
        while self.text != ")" or self.kind == "literal":
            if arguments:
                self.expect(",")
            arguments.append(self.expression(0).text)
        self.take()
        if name in _HIDDEN_ARGUMENT:
            arguments.append(_HIDDEN_ARGUMENT[name])
        return self.steps(_Part(f"{name}({', '.join(arguments)})", name in _DATE_FUNCTIONS), None)

    def location(self) -> _Part:
        """Read a path that starts at the root, at the context node or at a step of it."""
        if self.kind == "symbol" and self.text in {"/", "//"}:
            if self.text == "/" and self.ahead() == self.root:
                self.take()
                self.take()
                return self.steps(_Part("$doc"), [self.root])
            return self.steps(_Part("$doc"), [self.root] if self.text == "/" else None)
        trail = self.here.split("/")[1:] if not self.in_predicate else None
        first, trail = self.step(trail)
        return self.steps(_Part(first), trail)

    def steps(self, start: _Part, trail: list[str] | None) -> _Part:
        """Read what follows: predicates and further steps. `trail` is the instance path so far, None when unknown."""
        text = start.text
        while self.kind == "symbol" and self.text in {"[", "/", "//"}:
            if self.text == "[":
                text += self.predicate()
                continue
            slash = self.take()
            step, trail = self.step(None if slash == "//" else trail)
            text += slash + step
        if trail is None:
            return _Part(text, start.is_date)
        path = "/" + "/".join(trail)
        self.paths.append(path)
        return _Part(text, start.is_date or self.holds_date(path))

    def step(self, trail: list[str] | None) -> tuple[str, list[str] | None]:
        if self.kind == "symbol" and self.text == ".":
            return self.take(), trail
        if self.kind == "symbol" and self.text == "..":
            return self.take(), trail[:-1] if trail else None
        if self.kind == "symbol" and self.text == "@":
            self.take()
            return "@" + self.take(), None
        if self.kind == "symbol" and self.text == "*":
            return self.take(), None
        if self.kind != "name":
            raise BadExpression(f"expected a question, a value or a function but found {self.text or 'the end'!r}")
        name = self.take()
        if self.kind == "symbol" and self.text == "::":
            self.take()
            return f"{name}::{self.take()}", None
        if self.kind == "symbol" and self.text == "(":  # node(), text()
            self.take()
            self.expect(")")
            return f"{name}()", None
        return name, None if trail is None else [*trail, name]

    def predicate(self) -> str:
        self.take()
        self.in_predicate += 1
        inside = self.expression(0)
        self.in_predicate -= 1
        self.expect("]")
        return f"[{inside.text}]"


def _combine(left: _Part, operator: str, right: _Part) -> _Part:
    if operator in _DAYS and (left.is_date or right.is_date):
        left, right = _Part(f"izwi-days({left.text})"), _Part(f"izwi-days({right.text})")
    return _Part(f"{left.text} {operator} {right.text}")
