"""The grammar of expressions: reads XPath 1.0 into a tree of what was written (W3C XPath 1.0, section 3.7)."""

import re
from dataclasses import dataclass

MAX_LENGTH = 8_000
MAX_DEPTH = 50

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<literal>\"[^\"]*\"|'[^']*')"
    r"|(?P<name>[^\W\d][\w.-]*(?::(?!:)[^\W\d][\w.-]*)?)"
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
_NODE_TESTS = {"node", "text", "comment"}
_PLAIN_AXES = {("self", "node()"): ".", ("parent", "node()"): ".."}


class BadExpression(ValueError):
    """An expression cannot be used; the message says what is wrong with it and what would be right."""


@dataclass(frozen=True, slots=True)
class Number:
    """Figures, as they were written."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A text in quotes; `text` has the quotes, `value` has not."""

    text: str

    @property
    def value(self) -> str:
        return self.text[1:-1]


@dataclass(frozen=True, slots=True)
class Chain:
    """Operators of one level, from left to right: `first`, then operators with what follows them."""

    first: "Tree"
    rest: tuple[tuple[str, "Tree"], ...]


@dataclass(frozen=True, slots=True)
class Minus:
    """One or more signs before a value."""

    signs: str
    inside: "Tree"


@dataclass(frozen=True, slots=True)
class Union:
    """Paths with | between them."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function and what it is given."""

    name: str
    arguments: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Bracket:
    """An expression in round brackets."""

    inside: "Tree"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path. `slash` is what stands before it; the predicates of a value have a step without a name."""

    slash: str
    name: str
    predicates: tuple["Tree", ...] = ()

    @property
    def is_name(self) -> bool:
        """Whether it goes to the children of a name."""
        return re.fullmatch(r"[^\W\d][\w.-]*", self.name) is not None


@dataclass(frozen=True, slots=True)
class Path:
    """A location path: from the root, from the node it is worked out at, or from `start`."""

    start: "Call | Bracket | None"
    is_absolute: bool
    steps: tuple[Step, ...]


Tree = Number | Literal | Chain | Minus | Union | Call | Bracket | Path


def read(source: str) -> Tree:
    """Read an expression; raises `BadExpression`."""
    if len(source) > MAX_LENGTH:
        raise BadExpression(f"the expression is longer than {MAX_LENGTH} characters; split it over calculates")
    reader = _Reader(_tokens(source))
    tree = reader.expression(0)
    if reader.kind:
        raise BadExpression(f"did not expect {reader.text!r}")
    return tree


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
    """A reader by operator precedence."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.place, self.depth = tokens, 0, 0

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

    def expression(self, level: int) -> Tree:
        if level == 0:
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise BadExpression("it is nested too deeply; split it over calculates")
        if level == len(_LEVELS):
            return self.unary()
        first, rest = self.expression(level + 1), []
        while self.kind in {"name", "symbol"} and self.text in _LEVELS[level]:
            rest.append((self.take(), self.expression(level + 1)))
        if level == 0:
            self.depth -= 1
        return Chain(first, tuple(rest)) if rest else first

    def unary(self) -> Tree:
        signs = ""
        while self.is_symbol("-"):
            signs += self.take()
        parts = [self.value()]
        while self.is_symbol("|"):
            self.take()
            parts.append(self.value())
        part = parts[0] if len(parts) == 1 else Union(tuple(parts))
        return Minus(signs, part) if signs else part

    def value(self) -> Tree:
        """Read a literal, a call, a bracket or a location path, with the predicates and steps that follow it."""
        if self.kind == "number":
            return Number(self.take())
        if self.kind == "literal":
            return Literal(self.take())
        if self.is_symbol("("):
            self.take()
            inside = self.expression(0)
            self.expect(")")
            return self.go_on(Bracket(inside))
        if self.kind == "name" and self.ahead() == "(" and self.text not in _NODE_TESTS:
            return self.go_on(self.call())
        return self.path()

    def call(self) -> Call:
        name = self.take()
        self.take()
        arguments: list[Tree] = []
        while not self.is_symbol(")"):
            if arguments:
                self.expect(",")
            arguments.append(self.expression(0))
        self.take()
        return Call(name, tuple(arguments))

    def go_on(self, start: Call | Bracket) -> Tree:
        """Read on after a bracket or a call."""
        steps = []
        if self.is_symbol("["):
            steps.append(Step("", "", self.predicates()))
        steps += self.steps()
        return Path(start, is_absolute=False, steps=tuple(steps)) if steps else start

    def path(self) -> Path:
        if self.is_symbol("/"):
            self.take()
            if self.kind != "name":
                return Path(None, is_absolute=True, steps=())
            return Path(None, is_absolute=True, steps=(self.step("/"), *self.steps()))
        if self.is_symbol("//"):
            return Path(None, is_absolute=True, steps=tuple(self.steps()))
        return Path(None, is_absolute=False, steps=(self.step(""), *self.steps()))

    def steps(self) -> list[Step]:
        steps = []
        while self.is_symbol("/", "//"):
            steps.append(self.step(self.take()))
        return steps

    def step(self, slash: str) -> Step:
        return Step(slash, self.step_name(), self.predicates())

    def predicates(self) -> tuple[Tree, ...]:
        found = []
        while self.is_symbol("["):
            self.take()
            found.append(self.expression(0))
            self.expect("]")
        return tuple(found)

    def step_name(self) -> str:
        """Read a node test; the axes that have a shorter way to be written are read as that."""
        if self.is_symbol(".", "..", "*"):
            return self.take()
        if self.is_symbol("@"):
            return self.take() + self.step_name()
        if self.kind != "name":
            raise BadExpression(f"expected a question, a value or a function but found {self.text or 'the end'!r}")
        name = self.take()
        if self.is_symbol("::"):
            self.take()
            test = self.step_name()
            return test if name == "child" else _PLAIN_AXES.get((name, test), f"{name}::{test}")
        if name in _NODE_TESTS and self.is_symbol("("):
            self.take()
            self.expect(")")
            return f"{name}()"
        return name.rpartition(":")[2]  # the instance is kept without namespaces
