"""The language that audiences are described in, as words and their tree (docs/contacts.md has the grammar).

Pure: what a name means, and whether there is such a name, is found out in `audience.py`.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, NoReturn

LONGEST = 4000
_DEEPEST = 40
_QUOTES = "\"'\u201c\u201d\u2018\u2019"  # straight, and as Word and phones write them
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*'|\u201c[^\u201d]*\u201d|\u2018[^\u2019]*\u2019)"""
    rf"""|(?P<sign><=|>=|<>|!=|==|[=<>≤≥≠(),])|(?P<word>[^\s=<>!≤≥≠(),{_QUOTES}]+))"""
)
_SIGNS = {"==": "=", "<>": "!=", "≠": "!=", "≤": "<=", "≥": ">="}
_COMPARING = {"=", "!=", "<", "<=", ">", ">="}
SURVEY_WORDS = ("invited", "began", "half-way", "completed", "declined")
_SPANS = {"hour": 1, "day": 24, "week": 7 * 24, "month": 30 * 24, "year": 365 * 24}
_NUMBERS = {"number", "numbers", "phone", "msisdn", "contact"}
RESERVED = frozenset(
    "and or not in is known unknown everybody stopped segment group language operator last never asked heard half_way".split()
) | {*SURVEY_WORDS, *_NUMBERS}
"""Words that mean something in a query, so that no attribute has them as its name."""


class Span(NamedTuple):
    """Where in a query something stands."""

    start: int
    end: int


class BadSegment(ValueError):
    """The description of an audience cannot be understood; the message says what, where, and how to mend it."""

    def __init__(self, reason: str, query: str = "", at: Span | None = None) -> None:
        self.reason = reason
        super().__init__(f"{reason}\n{_pointed(query, at)}" if query and at else reason)


def _pointed(query: str, at: Span) -> str:
    """The line of the query that is meant, with its place marked below."""
    start = query.rfind("\n", 0, at.start) + 1
    line = query[start:].split("\n", 1)[0]
    marks = "^" * max(1, min(at.end, start + len(line)) - at.start)
    return f"  {line}\n  {' ' * (at.start - start)}{marks}"


# -- the tree -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Everybody:
    """Every contact."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Who asked for silence."""


@dataclass(frozen=True, slots=True)
class Anyone:
    """Whoever is in one of the parts."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Both:
    """Whoever is in all of the parts."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Whoever is not in the part."""

    part: "Tree"


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it was written."""

    text: str
    at: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """What is known of a contact, set beside values; it holds for one of them."""

    name: Value
    sign: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Whether anything is known under a name."""

    name: Value


@dataclass(frozen=True, slots=True)
class InSurvey:
    """How far a contact came in a survey: `completed market`."""

    word: str
    survey: Value


@dataclass(frozen=True, slots=True)
class Last:
    """When a contact was last asked or heard: never, or since or before a moment (a date, or so long ago)."""

    what: str
    when: str
    moment: timedelta | date


@dataclass(frozen=True, slots=True)
class Saved:
    """Who is in a saved segment."""

    name: Value


Named = Compare | Known | InSurvey | Last | Saved
Tree = Everybody | Stopped | Anyone | Both | Without | Named


def parse(query: str) -> Tree:
    """Read a query; an empty one means everybody. Raises `BadSegment`."""
    if len(query) > LONGEST:
        raise BadSegment(f"the query is longer than {LONGEST} characters; save parts of it as segments of their own")
    return _Parser(query).whole()


def saved_in(tree: Tree) -> set[str]:
    """The saved segments that a query speaks of."""
    match tree:
        case Saved(name):
            return {name.text}
        case Anyone(parts) | Both(parts):
            return set().union(*map(saved_in, parts))
        case Without(part):
            return saved_in(part)
        case _:
            return set()


# -- reading --------------------------------------------------------------------------------------------------------


class _Token(NamedTuple):
    kind: str
    text: str
    at: Span

    @property
    def word(self) -> str:
        """An unquoted word in lower case; nothing for a sign or what stands in quotes."""
        return self.text.lower() if self.kind == "word" else ""


def _tokens(query: str) -> list[_Token]:
    found, place = list[_Token](), 0
    while query[place:].strip():
        match = _TOKEN.match(query, place)
        if match is None:
            start = place + len(query[place:]) - len(query[place:].lstrip())
            sign = query[start]
            reason = "this quotation mark has no partner" if sign in _QUOTES else f"{sign} means nothing here"
            raise BadSegment(reason, query, Span(start, start + 1))
        kind = match.lastgroup or ""
        text = match[kind]
        text = text[1:-1] if kind == "quoted" else _SIGNS.get(text, text)
        found.append(_Token(kind, text, Span(match.start(kind), match.end(kind))))
        place = match.end()
    return found


class _Parser:
    """Reads from left to right; each method reads one thing of the grammar."""

    def __init__(self, query: str) -> None:
        self._query, self._tokens, self._place, self._depth = query, _tokens(query), 0, 0

    def whole(self) -> Tree:
        if not self._tokens:
            return Everybody()
        tree = self._anyone()
        if self._place < len(self._tokens):
            self._stray()
        return tree

    # Each of these takes what it looks for, or leaves everything as it is.

    @property
    def _next(self) -> _Token:
        if self._place < len(self._tokens):
            return self._tokens[self._place]
        end = len(self._query.rstrip())
        return _Token("end", "", Span(end, end + 1))

    def _take(self) -> _Token:
        token = self._next
        self._place += 1
        return token

    def _took(self, *texts: str) -> bool:
        """Take the next token if it is one of these words or signs."""
        token = self._next
        hit = (token.word if token.kind == "word" else token.text if token.kind == "sign" else "") in texts
        self._place += hit
        return hit

    def _refuse(self, reason: str, at: Span) -> NoReturn:
        raise BadSegment(reason, self._query, at)

    def _stray(self) -> NoReturn:
        token, before = self._next, self._tokens[self._place - 1]
        if token.text == ")":
            self._refuse("this bracket closes nothing", token.at)
        if token.kind == "word" and before.kind == "word":
            self._refuse(
                f'what belongs together goes into quotation marks ("{before.text} {token.text}"); '
                "between two conditions stands `and` or `or`",
                Span(before.at.start, token.at.end),
            )
        self._refuse(f"here `and` or `or` is missing, or {token.text} is too much", token.at)

    # -- and, or, not

    def _anyone(self) -> Tree:
        parts = [self._both()]
        while self._took("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Anyone(tuple(parts))

    def _both(self) -> Tree:
        parts = [self._one()]
        while self._took("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Tree:
        start = self._next.at
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse(f"brackets and `not` are nested more than {_DEEPEST} deep", start)
        try:
            if self._took("not"):
                return Without(self._one())
            if not self._took("("):
                return self._condition()
            inner = self._anyone()
            if not self._took(")"):
                if self._place < len(self._tokens):
                    self._stray()
                self._refuse("this bracket is never closed", start)
            return inner
        finally:
            self._depth -= 1

    # -- conditions

    def _condition(self) -> Tree:
        token = self._take()
        word = token.word
        if token.kind not in {"word", "quoted"} or word in {"and", "or", "in", "is"}:
            self._refuse("a condition is missing here, for example: province = Masvingo", token.at)
        if word in {"everybody", "stopped"}:
            if self._next.text in _COMPARING:
                self._refuse(f"`{word}` stands alone: {word}, or not {word}", self._next.at)
            return Everybody() if word == "everybody" else Stopped()
        if word == "segment":
            self._took("=")
            return Saved(self._value("which segment? Write: segment NAME"))
        if word in {*SURVEY_WORDS, "halfway", "half_way"}:
            word = "half-way" if word.startswith("half") else word
            self._took("=")
            return InSurvey(word, self._value(f"which survey? Write: {word} SURVEY"))
        if word in {"last", "never"}:
            return self._last(word)
        if word in _NUMBERS:
            self._refuse(
                "phone numbers are never searched; use an attribute, a group, a language or an operator", token.at
            )
        return self._comparison(Value(token.text, token.at))

    def _comparison(self, name: Value) -> Tree:
        if self._took("is"):
            unknown = self._took("not")
            if self._took("unknown", "empty"):
                unknown = not unknown
            elif not self._took("known"):
                self._refuse(f"write: {name.text} is known, or: {name.text} is unknown", self._next.at)
            return Without(Known(name)) if unknown else Known(name)
        if self._took("not"):
            if not self._took("in"):
                self._refuse(f"write: not {name.text} = …, or: {name.text} not in (…)", self._next.at)
            return Without(Compare(name, "=", self._values()))
        if self._took("in"):
            return Compare(name, "=", self._values())
        sign = self._next
        if sign.kind != "sign" or sign.text not in _COMPARING:
            self._refuse(f"after `{name.text}` comes =, !=, <, <=, >, >=, in (…), or: is known", sign.at)
        self._take()
        value = self._value(f"a value is missing after {sign.text}")
        # Whose value is not known is not like the value either: nobody falls out of both a condition and its contrary.
        return Without(Compare(name, "=", (value,))) if sign.text == "!=" else Compare(name, sign.text, (value,))

    def _values(self) -> tuple[Value, ...]:
        if not self._took("("):
            self._refuse("the values go into brackets: in (Masvingo, Midlands)", self._next.at)
        values = [self._value("a value is missing in the brackets")]
        while self._took(","):
            values.append(self._value("a value is missing after the comma"))
        if not self._took(")"):
            if self._next.kind == "word" and self._tokens[self._place - 1].kind == "word":
                self._stray()
            self._refuse("between values stands a comma, after the last one a bracket", self._next.at)
        return tuple(values)

    def _value(self, missing: str) -> Value:
        token = self._next
        if token.kind not in {"word", "quoted"} or token.word in {"and", "or"} or not token.text.strip():
            self._refuse(missing, token.at)
        self._take()
        return Value(token.text.strip(), token.at)

    # -- time

    def _last(self, word: str) -> Tree:
        what = self._take()
        if what.word not in {"asked", "heard"}:
            self._refuse(f"write: {word} asked …, or: {word} heard …", what.at)
        if word == "never" or self._took("never"):
            return Last(what.word, "never", timedelta())
        if self._took("within"):
            span = self._span()
            self._took("ago")
            return Last(what.word, "since", span)
        if self._took("more"):
            self._took("than")
            return Last(what.word, "before", self._ago())
        if self._took("before"):
            return Last(what.word, "before", self._date() or self._ago())
        if self._took("since"):
            return Last(what.word, "since", self._date() or self._ago())
        forms = "within 7 days, more than 30 days ago, before 2026-11-30, since 2026-11-30, or never"
        raise BadSegment(f"write: last {what.word} {forms}", self._query, self._next.at)

    def _date(self) -> date | None:
        try:
            found = date.fromisoformat(self._next.text)
        except ValueError:
            return None
        self._take()
        return found

    def _ago(self) -> timedelta:
        span = self._span()
        if not self._took("ago"):
            self._refuse("`ago` is missing here", self._next.at)
        return span

    def _span(self) -> timedelta:
        count, unit = self._take(), self._take()
        hours = _SPANS.get(unit.word.removesuffix("s"))
        if not re.fullmatch(r"[0-9]{1,5}", count.text) or hours is None:
            self._refuse("write a date like 2026-11-30, or a time like 7 days, 36 hours, 2 weeks, 3 months", count.at)
        return timedelta(hours=int(count.text) * hours)
