"""Regular expressions for `regex()`, matched in time that grows with the text and never faster.

A constraint is applied to whatever a stranger types, and the usual matchers can be made to run for hours by a pattern
such as (a+)+ and forty letters. This one follows all ways through the pattern at once (Thompson's construction), so it
knows neither back references nor look-around; a form that uses them is refused when it is loaded.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from unicodedata import category

_MAX_SIZE = 1_000  # steps of a pattern once its {counts} are written out
_GROUPS = {
    "L": ("L",), "Lu": ("Lu",), "Ll": ("Ll",), "N": ("N",), "Nd": ("Nd",), "P": ("P",), "S": ("S",), "Z": ("Z",),
    "IsAlphabetic": ("L",), "Alpha": ("L",), "Alnum": ("L", "N"), "Digit": ("Nd",), "Upper": ("Lu",),
    "Lower": ("Ll",), "Punct": ("P",),
}  # fmt: skip
_COUNT = re.compile(r"\{(\d{1,4})(?:(,)(\d{1,4})?)?\}")
_CATEGORY = re.compile(r"\\([pP])\{(\w+)\}")
_ESCAPES = set("dDwWsStnrfv")

Test = Callable[[str], bool]
# A step of the pattern: a test for one character and where to go then, or two ways to go on at once.
_Step = tuple[Test | None, int, int]


class BadPattern(ValueError):
    """A pattern cannot be used; the message says why."""


class Pattern:
    """A pattern that a whole text matches or not."""

    __slots__ = ("_steps",)

    def __init__(self, steps: list[_Step]) -> None:
        self._steps = steps

    def matches(self, text: str) -> bool:
        """Say whether the whole text is what the pattern describes."""
        steps, end = self._steps, len(self._steps)
        now = self._reached({0})
        for character in text:
            tests = ((place, steps[place][0]) for place in now if place < end)
            now = self._reached({place + 1 for place, test in tests if test and test(character)})
            if not now:
                return False
        return len(self._steps) in now

    def _reached(self, starts: set[int]) -> set[int]:
        reached, waiting = set(starts), list(starts)
        while waiting:
            place = waiting.pop()
            if place < len(self._steps):
                test, one, other = self._steps[place]
                new = set() if test else {one, other} - reached
                reached |= new
                waiting.extend(new)
        return {place for place in reached if place == len(self._steps) or self._steps[place][0]}


@lru_cache(maxsize=512)
def pattern(source: str) -> Pattern:
    """Read a pattern; raises `BadPattern`."""
    reader = _Reader(source)
    steps = reader.choice(0)
    if reader.place < len(source):
        raise BadPattern(f"did not expect {source[reader.place]!r}")
    return Pattern(steps)


class _Reader:
    """Reads the pattern into steps; places in them count from the start of the piece that they belong to."""

    def __init__(self, source: str) -> None:
        self.source, self.place = source, 0

    @property
    def next(self) -> str:
        return self.source[self.place : self.place + 1]

    def choice(self, depth: int) -> list[_Step]:
        if depth > 20:
            raise BadPattern("its brackets are nested too deeply")
        one = self.sequence(depth)
        if self.next != "|":
            return one
        self.place += 1
        other = self.choice(depth)
        end = len(one) + len(other) + 2
        return [(None, 1, len(one) + 2), *_moved(one, 1), (None, end, end), *_moved(other, len(one) + 2)]

    def sequence(self, depth: int) -> list[_Step]:
        steps: list[_Step] = []
        while self.next and self.next not in "|)":
            if self._is_anchor():
                continue
            piece = self.repeated(self.atom(depth))
            if len(steps) + len(piece) > _MAX_SIZE:
                raise BadPattern("it is too long")
            steps += _moved(piece, len(steps))
        return steps

    def _is_anchor(self) -> bool:
        """Skip a ^ at the start and a $ at the end: the whole text is matched in any case."""
        before = self.source[: self.place].rstrip("(?:")
        if self.next == "^" and (not before or before.endswith("|")):
            self.place += 1
            return True
        if self.next == "$" and not self.source[self.place + 1 :].split("|")[0].rstrip(")"):
            self.place += 1
            return True
        if self.next in {"^", "$"}:
            raise BadPattern(f"{self.next} is supported only at its start and end")
        return False

    def atom(self, depth: int) -> list[_Step]:
        character = self.next
        self.place += 1
        if character == "(":
            if self.next == "?":
                if self.source[self.place : self.place + 2] != "?:":
                    raise BadPattern("(?…) is not supported, but for (?:…)")
                self.place += 2
            inside = self.choice(depth + 1)
            if self.next != ")":
                raise BadPattern("a bracket is not closed")
            self.place += 1
            return inside
        if character in "*+?{":
            raise BadPattern(f"there is nothing that {character!r} could repeat")
        test = self.character_class() if character == "[" else self.escape() if character == "\\" else _is(character)
        return [(test, 1, 1)]

    def character_class(self) -> Test:
        start, self.place = self.place - 1, self.place + (self.next == "^")
        self.place += self.next == "]"
        while self.next != "]":
            if not self.next:
                raise BadPattern("a [ is not closed")
            self.place += 2 if self.next == "\\" else 1
        self.place += 1
        text = self.source[start : self.place]
        if "[:" in text:
            raise BadPattern("[:…:] is not supported")
        categories = [_in_category(match[2], wanted=match[1] == "p") for match in _CATEGORY.finditer(text)]
        return _any_of(_CATEGORY.sub("", text), categories) if categories else _by_re(text)

    def escape(self) -> Test:
        character = self.next
        self.place += 1
        if match := _CATEGORY.match(self.source, self.place - 2):
            self.place = match.end()
            return _in_category(match[2], wanted=match[1] == "p")
        if character.isalnum() and character not in _ESCAPES:
            raise BadPattern(f"\\{character} is not supported")
        if not character:
            raise BadPattern("it ends with \\")
        return _by_re("\\" + character)

    def repeated(self, piece: list[_Step]) -> list[_Step]:
        while self.next and self.next in "*+?{":
            low, high = self.count()
            if (high or low) * len(piece) > _MAX_SIZE or (high is not None and high < low):
                raise BadPattern("a {count} is too large, or its two numbers are in the wrong order")
            steps: list[_Step] = []
            for _ in range(low):
                steps += _moved(piece, len(steps))
            if high is None:
                size = len(piece) + 2
                loop = [(None, 1, size), *_moved(piece, 1), (None, 0, 0)]
                steps += _moved(loop, len(steps))
            else:
                for left in range(high - low, 0, -1):
                    rest = left * (len(piece) + 1)
                    steps += _moved([(None, 1, rest), *_moved(piece, 1)], len(steps))
            piece = steps
            if self.next == "?":  # lazy: a matter of what is found, not of whether it matches
                self.place += 1
        return piece

    def count(self) -> tuple[int, int | None]:
        character = self.next
        if character != "{":
            self.place += 1
            return 1 if character == "+" else 0, 1 if character == "?" else None
        match = _COUNT.match(self.source, self.place)
        if match is None:
            raise BadPattern("after { there must be one or two numbers and a }")
        self.place = match.end()
        low = int(match[1])
        return low, (int(match[3]) if match[3] else None) if match[2] else low


def _moved(steps: list[_Step], by: int) -> list[_Step]:
    return [
        (test, place + by + 1, 0) if test else (None, one + by, other + by)
        for place, (test, one, other) in enumerate(steps)
    ]


def _is(wanted: str) -> Test:
    return (lambda character: character != "\n") if wanted == "." else (lambda character: character == wanted)


def _by_re(text: str) -> Test:
    try:
        match = re.compile(text).fullmatch
    except (re.error, FutureWarning):
        raise BadPattern(f"{text} cannot be read") from None
    return lambda character: match(character) is not None


def _any_of(rest: str, categories: list[Test]) -> Test:
    """A class such as [\\p{L} -] or [^\\p{L}], whose `rest` is what is left without the categories."""
    inverted = rest.startswith("[^")
    body = rest[2 if inverted else 1 : -1]
    tests = [*categories, _by_re(f"[{body}]")] if body else categories
    return lambda character: any(test(character) for test in tests) is not inverted


def _in_category(name: str, *, wanted: bool) -> Test:
    if name not in _GROUPS:
        raise BadPattern(f"\\p{{{name}}} is not supported; there are: {', '.join(_GROUPS)}")
    names = _GROUPS[name]
    return lambda character: category(character).startswith(names) is wanted
