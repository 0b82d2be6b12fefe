"""Reads an XPath 1.0 expression as ODK forms write it, and writes it for libxml2.

Some things differ between the two. Absolute paths mean the form's own instance even inside a predicate over another
instance, so they become paths from the variable ``$doc``. ``current()`` means the question, ``$here``. Functions that
need the time or the language get it as a last argument, ``$at`` or ``$locale``, for the engine has no clock. ODK
compares dates and counts with them as days, so next to a date both sides of an operator are turned into days. And a
question stands for its value: where a truth is wanted, an empty one is false, though its element exists.
(W3C XPath 1.0 section 3; ODK XForms specification, "XPath Expressions".)
"""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass, field

MAX_LENGTH = 8_000
MAX_DEPTH = 50


class BadExpression(ValueError):
    """An expression cannot be used; the message says what is wrong with it and what would be right."""


_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<literal>\"[^\"]*\"|'[^']*')"
    r"|(?P<name>[^\W\d][\w.-]*(?::(?!:)[^\W\d][\w.-]*)?)"
    r"|(?P<symbol>//|::|\.\.|!=|<=|>=|[()\[\].@,/|+\-=<>*$]))"
)
_PATH = re.compile(r"(?:/[\w.-]+)+/([\w.-]+)")
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("=", "!="),
    ("<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "div", "mod"),
)
_EQUAL = {"=", "!="}
_DAYS = {"<", "<=", ">", ">=", "+", "-"}
_DATE_FUNCTIONS = {"today", "now", "date", "date-time"}
_NUMBER_FUNCTIONS = {"number", "int", "round", "abs", "floor", "ceiling", "min", "max"}
# What must be known while the form is loaded is written in quotes: where it is kept, and what to say if it is not.
_IN_QUOTES = {
    "instance": ("instances", "instance() needs the name of a choice list in quotes"),
    "regex": ("patterns", "regex() needs its pattern in quotes"),
    "jr:choice-name": (
        "named", "jr:choice-name() needs the question in quotes as well: jr:choice-name(${x}, '${x}')"
    ),
}  # fmt: skip
_HIDDEN_ARGUMENT = {"today": "$at", "now": "$at", "jr:choice-name": "$locale"}
# libxml2 writes numbers beyond 2^31 as 3e+09, so texts of numbers are ours (XPath 1.0 section 4.2 knows no exponents);
# its round() takes no digits. It does not let functions of its own be replaced under their names.
_OURS = {"string": "izwi-string", "concat": "izwi-concat", "round": "izwi-round"}


@dataclass(slots=True)
class Parsed:
    """An expression written for libxml2, and what can be told about it before it is ever worked out."""

    text: str
    truth: str
    """The same, where only its truth is wanted."""
    is_date: bool = False
    is_path: bool = False
    paths: list[str] = field(default_factory=list)
    functions: list[tuple[str, int]] = field(default_factory=list)
    """The functions it calls, with the number of arguments."""
    instances: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    compared: list[tuple[str, str]] = field(default_factory=list)
    """Questions and the fixed values that they are compared with."""
    named: list[str] = field(default_factory=list)
    """Questions whose choices jr:choice-name() looks names up in."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the rewritten expression; `path`: of a question; `literal`: in quotes; `own`: nodes of the form."""

    text: str
    is_date: bool = False
    path: str = ""
    literal: str | None = None
    own: bool = False

    @property
    def is_list(self) -> bool:
        return self.own or self.text.lstrip("(").startswith("instance(")


def parse(source: str, *, root: str, here: str, type_of: Callable[[str], str], up: int = 0) -> Parsed:
    """Read `source`, the expression of the node at path `here`, in a form whose root element is named `root`.

    `type_of` tells of an instance path whether it holds a "date", a "number" or anything else. `up` is how many steps
    above the node that it will be worked out at `here` is: a group's relevance is worked out at each of its questions.
    Raises `BadExpression`.
    """
    if len(source) > MAX_LENGTH:
        raise BadExpression(f"the expression is longer than {MAX_LENGTH} characters; split it over calculates")
    parsed = Parsed("", "")
    reader = _Reader(_tokens(source), parsed, root, here, type_of, up)
    part = reader.expression(0)
    if reader.kind:
        raise BadExpression(f"did not expect {reader.text!r}")
    parsed.text, parsed.truth = part.text, reader.truth(part)
    parsed.is_date, parsed.is_path = part.is_date, bool(part.path)
    return parsed


def as_written(source: str, paths: Container[str]) -> str:
    """Write an expression as the author of an XLSForm did: ${name} for the path of a question."""
    named = _PATH.sub(lambda match: f"${{{match[1]}}}" if match[0] in paths else match[0], source)
    return re.sub(r"(?<=\() +| +(?=[]),])| +(?= )", "", named).strip()


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
    """A reader by operator precedence. `base` is the path that relative paths start from, None in other instances."""

    def __init__(
        self,
        tokens: list[tuple[str, str]],
        found: Parsed,
        root: str,
        here: str,
        type_of: Callable[[str], str],
        up: int,
    ) -> None:
        self.tokens, self.found, self.place, self.depth = tokens, found, 0, 0
        self.root, self.here, self.type_of, self.up = root, here.split("/")[1:], type_of, up
        self.base: list[str] | None = self.here
        self.in_predicate = False

    @property
    def kind(self) -> str:
        return self.tokens[self.place][0] if self.place < len(self.tokens) else ""

    @property
    def text(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def is_symbol(self, *texts: str) -> bool:
        return self.kind == "symbol" and self.text in texts

    def take(self) -> str:
        text = self.text
        self.place += 1
        return text

    def expect(self, text: str) -> None:
        if not self.is_symbol(text):
            found = repr(self.text) if self.kind else "the end"
            raise BadExpression(f"expected {text!r} but found {found}")
        self.place += 1

    def ahead(self) -> str:
        return self.tokens[self.place + 1][1] if self.place + 1 < len(self.tokens) else ""

    # -- operators ------------------------------------------------------------------------------------------------

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
            left = self.combine(left, operator, self.expression(level + 1))
        if level == 0:
            self.depth -= 1
        return left

    def combine(self, left: _Part, operator: str, right: _Part) -> _Part:
        if operator in {"and", "or"}:
            return _Part(f"{self.truth(left)} {operator} {self.truth(right)}")
        if operator in _EQUAL:
            for one, other in ((left, right), (right, left)):
                if one.path and other.literal is not None:
                    self.found.compared.append((one.path, other.literal))
        if left.is_date or right.is_date:
            # An empty date equals '', which is no day: for = and != what is no date stays the text that it is.
            turn = "izwi-moment" if operator in _EQUAL else "izwi-days" if operator in _DAYS else ""
            left, right = _Part(f"{turn}({left.text})"), _Part(f"{turn}({right.text})")
        return _Part(f"{left.text} {operator} {right.text}")

    def truth(self, part: _Part) -> str:
        """A question is true if it is answered, a number if it is not 0 (JavaRosa; XPath asks if a node exists)."""
        if not part.path:
            return part.text
        return f"boolean({'number' if self.type_of(part.path) == 'number' else 'string'}({part.text}))"

    def unary(self) -> _Part:
        signs = ""
        while self.is_symbol("-"):
            signs += self.take()
        part = self.path()
        while self.is_symbol("|"):
            self.take()
            other = self.path()
            part = _Part(f"{part.text} | {other.text}", own=part.own or other.own)
        if not signs:
            return part
        return _Part(f"{signs}izwi-days({part.text})" if part.is_date else signs + part.text)

    # -- paths ----------------------------------------------------------------------------------------------------

    def path(self) -> _Part:
        """Read a literal, a call, a bracket or a location path, with the predicates and steps that follow it."""
        if self.kind == "number":
            return _Part(self.take())
        if self.kind == "literal":
            text = self.take()
            return _Part(text, literal=text[1:-1])
        if self.is_symbol("("):
            self.take()
            inside = self.expression(0)
            self.expect(")")
            return self.go_on(_Part(f"({inside.text})", inside.is_date, inside.path, own=inside.own))
        if self.kind == "name" and self.ahead() == "(" and self.text not in {"node", "text", "comment"}:
            return self.call()
        return self.location()

    def location(self) -> _Part:
        """Read a path that starts at the root, at the context node or at a step of it."""
        if self.is_symbol("//"):
            raise BadExpression("a path with // is not supported; name the question: ${name}")
        if self.is_symbol("/"):
            self.take()
            if self.take() != self.root:
                raise BadExpression(f"a path must start with /{self.root}; name the question: ${{name}}")
            return self.steps("$doc", [self.root])
        start, self_up = self.base, "" if self.in_predicate else "../" * self.up
        first, trail = self.step(start)
        return self.steps("/".join([".."] * self.up) if self_up and first == "." else self_up + first, trail)

    def go_on(self, part: _Part) -> _Part:
        """Read on after a bracket or a call; from nodes of the form itself that could lead anywhere unnoticed."""
        if not self.is_symbol("[", "/", "//"):
            return part
        if part.own:
            raise BadExpression(f"{self.text} after a bracket is not supported; name the question: ${{name}}")
        return self.steps(part.text, None)

    def steps(self, text: str, trail: list[str] | None) -> _Part:
        """Read predicates and further steps. `trail` is the path so far in the form itself, None in other data."""
        while self.is_symbol("[", "/", "//"):
            if self.is_symbol("["):
                text += self.predicate(trail)
                continue
            slash = self.take()
            if slash == "//" and trail is not None:
                raise BadExpression("a path with // is not supported; name the question: ${name}")
            step, trail = self.step(trail)
            text += slash + step
        if trail is None:
            return _Part(text)
        path = "/" + "/".join(trail)
        self.found.paths.append(path)
        return _Part(text, self.type_of(path) == "date", path, own=True)

    def step(self, trail: list[str] | None) -> tuple[str, list[str] | None]:
        if self.is_symbol("."):
            return self.take(), trail
        if self.is_symbol(".."):
            if trail is not None and len(trail) < 2:
                raise BadExpression("the path leads out of the form")
            return self.take(), trail and trail[:-1]
        if trail is None:
            return self.foreign_step(), None
        if self.is_symbol("*", "@") or (self.kind == "name" and self.ahead() in {"::", "("}):
            raise BadExpression(f"the path step {self.text} is not supported; name the question: ${{name}}")
        name = self.step_name()
        return name, [*trail, name]

    def foreign_step(self) -> str:
        """A step in a list of choices, where anything goes that XPath has."""
        if self.is_symbol("@"):
            return self.take() + self.step_name()
        if self.is_symbol("*"):
            return self.take()
        name = self.step_name()
        if self.is_symbol("::"):
            return name + self.take() + self.foreign_step()
        if self.is_symbol("("):  # node(), text()
            self.take()
            self.expect(")")
            return f"{name}()"
        return name

    def step_name(self) -> str:
        if self.kind != "name":
            raise BadExpression(f"expected a question, a value or a function but found {self.text or 'the end'!r}")
        return self.take()

    def predicate(self, trail: list[str] | None) -> str:
        self.take()
        outer, self.base, self.in_predicate = (self.base, self.in_predicate), trail, True
        inside = self.expression(0)
        self.base, self.in_predicate = outer
        self.expect("]")
        return f"[{inside.text}]"

    # -- functions ------------------------------------------------------------------------------------------------

    def call(self) -> _Part:
        name = self.take()
        self.take()
        if name == "current":
            self.expect(")")
            return self.steps("$here" + "/.." * self.up, self.here)
        arguments: list[_Part] = []
        while not self.is_symbol(")"):
            if arguments:
                self.expect(",")
            arguments.append(self.expression(0))
        self.take()
        self.found.functions.append((name, len(arguments)))
        self.note(name, arguments)
        texts = [self.argument(name, place, part) for place, part in enumerate(arguments)]
        if name in _HIDDEN_ARGUMENT:
            texts.append(_HIDDEN_ARGUMENT[name])
        text = f"{_OURS.get(name, name) if arguments else name}({', '.join(texts)})"
        given = arguments[1:] if name == "if" else arguments if name == "coalesce" else []
        gives_date = name in _DATE_FUNCTIONS or any(each.is_date for each in given)
        return self.go_on(_Part(text, gives_date, own=any(each.own for each in given)))

    def argument(self, name: str, place: int, part: _Part) -> str:
        if name in {"not", "boolean"} or (name == "if" and place == 0):
            return self.truth(part)
        return f"izwi-days({part.text})" if part.is_date and name in _NUMBER_FUNCTIONS else part.text

    def note(self, name: str, arguments: list[_Part]) -> None:
        """Keep what must be checked once the whole form is known."""
        last = arguments[-1].literal if arguments else None
        if name in _IN_QUOTES:
            kept, problem = _IN_QUOTES[name]
            if last is None:
                raise BadExpression(problem)
            getattr(self.found, kept).append(last)
        elif name in {"count", "sum"} and arguments and not arguments[0].is_list:
            raise BadExpression(f"{name}() needs a list of questions or choices")
        elif name == "selected" and last is not None and arguments[0].path:
            self.found.compared.append((arguments[0].path, last))
