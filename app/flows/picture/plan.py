"""Where each thing of a survey's way stands in its picture: one layer below the other, what has a condition set in.

Lines never cross: the way of those for whom a condition is not true goes straight down beside what stands behind it.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from app.flows.picture.outline import Block, Item, Kind, Part

WIDTH = 264
"""Of a box."""
_HEIGHT: Mapping[Kind, int] = {Kind.QUESTION: 46, Kind.NOTE: 30, Kind.ENDING: 34}
_GAP, _INDENT, _SPINE, _MARGIN = 20, 30, 15, 12
_LINE, _LETTERS, _MOST_LINES = 15, 40, 3
_LETTER = 6.8
"""How wide a letter of these is, at most on the average of a line."""
_DOT = 4
END = "the end"


class Sort(StrEnum):
    """What a line says."""

    ON = "on"
    ENTER = "enter"
    """For whom a condition is true."""
    PASS = "pass"  # noqa: S105 -- no password
    """For whom it is not true."""
    LEAVE = "leave"
    AGAIN = "again"
    """The next one of a repeat."""


@dataclass(frozen=True, slots=True)
class Box:
    """One item, or the end of the survey, which has none."""

    id: str
    item: Item | None
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Line:
    """From one box or meeting point to another."""

    source: str
    target: str
    sort: Sort
    path: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What stands above something: a condition, or the name of a group."""

    lines: tuple[str, ...]
    whole: str
    x: int
    y: int
    sort: str
    """`condition`, `group` or `repeat`."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Around a group or a repeat."""

    x: int
    y: int
    width: int
    height: int
    is_repeat: bool


@dataclass(slots=True)
class Plan:
    """The whole picture."""

    width: int = 0
    height: int = 0
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    dots: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where ways meet again."""


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where the way goes on from."""

    id: str
    x: int
    y: int


def plan(parts: Sequence[Part]) -> Plan:
    """Lay a survey's way out."""
    drawer = _Drawer()
    last = drawer.sequence(parts, 0, None, ())
    if last is not None:
        drawer.box(END, None, 0, last, ())
    made = drawer.made
    made.height = drawer.y + _MARGIN - _GAP
    made.width += _MARGIN
    return made


def way(made: Plan, seen: Sequence[str]) -> frozenset[int]:
    """The places of the lines that somebody took who saw these items, in this order."""
    following: dict[str, list[tuple[str, int]]] = {}
    for place, line in enumerate(made.lines):
        following.setdefault(line.source, []).append((line.target, place))
    taken: set[int] = set()
    for before, after in pairwise(seen):
        taken |= _between(following, before, after, made.dots.keys())
    return frozenset(taken)


def _between(following: Mapping[str, list[tuple[str, int]]], before: str, after: str, dots: object) -> set[int]:
    """The lines from one item to another that lead over meeting points only; else over whatever is between."""
    for through in (dots, None):
        waiting: list[tuple[str, tuple[int, ...]]] = [(before, ())]
        reached = {before}
        while waiting:
            at, path = waiting.pop(0)
            for target, place in following.get(at, ()):
                if target == after:
                    return {*path, place}
                is_open = through is None or target in through  # type: ignore[operator]
                if is_open and target not in reached:
                    reached.add(target)
                    waiting.append((target, (*path, place)))
    return set()


class _Drawer:
    def __init__(self) -> None:
        self.made = Plan()
        self.y = _MARGIN

    def sequence(
        self, parts: Sequence[Part], depth: int, come: _Stand | None, conditions: tuple[str, ...]
    ) -> _Stand | None:
        """Draw what comes one after the other; returns from where it goes on, or None where it ends.

        `conditions` are those under which the first of it is entered: they are told at the line that leads there.
        """
        stand = come
        for place, part in enumerate(parts):
            told = conditions if place == 0 else ()
            if isinstance(part, Item):
                stand = self.box(part.name, part, depth, stand, told)
                if part.kind is Kind.ENDING:
                    stand = None
            else:
                stand = self.block(part, depth, stand, told)
        return stand

    def box(self, name: str, item: Item | None, depth: int, come: _Stand | None, conditions: tuple[str, ...]) -> _Stand:
        """Draw one box below what is there, and the line that leads to it."""
        x, y, height = self._left(depth), self.y, _HEIGHT[item.kind if item else Kind.NOTE]
        if come is not None:
            self._line(come, _Stand(name, x + _SPINE, y), Sort.ENTER if conditions else Sort.ON, "; ".join(conditions))
        self.made.boxes.append(Box(name, item, x, y, height))
        self.made.width = max(self.made.width, x + WIDTH + _MARGIN)
        self.y += height + _GAP
        return _Stand(name, x + _SPINE, y + height)

    def block(self, block: Block, depth: int, come: _Stand | None, conditions: tuple[str, ...]) -> _Stand | None:
        """Draw what stands together, and the way past it where not everybody comes in."""
        first = len(self.made.boxes)
        top = self.y
        self._title(block, depth + 1)
        entered = (*conditions, block.condition) if block.condition else conditions
        end = self.sequence(block.parts, depth + 1, come, entered)
        if block.is_repeat and end is not None:
            self._again(self.made.boxes[first], end)
        if block.name:
            self._frame(block, depth + 1, top)
        passed = come if block.condition else None
        return self._meet(end, passed, depth)

    def _meet(self, end: _Stand | None, passed: _Stand | None, depth: int) -> _Stand | None:
        """Bring those who come out and those who passed by together again, in their own lane."""
        if end is None and passed is None:
            return None
        x, y = self._left(depth) + _SPINE, self.y - _GAP // 2 + _DOT
        meeting = _Stand(f"·{len(self.made.dots)}", x, y)
        self.made.dots[meeting.id] = (x, y)
        if end is not None:
            self._line(end, meeting, Sort.LEAVE)
        if passed is not None:
            self._line(passed, meeting, Sort.PASS)
        self.y += _GAP // 2 + _DOT
        return meeting

    def _title(self, block: Block, depth: int) -> None:
        x = self._left(depth)
        if block.name:
            self._say(block.name, x, "repeat" if block.is_repeat else "group")
        if block.condition:
            self._say(block.condition, x, "condition")

    def _say(self, text: str, x: int, sort: str) -> None:
        lines = textwrap.wrap(text, _LETTERS, max_lines=_MOST_LINES, placeholder=" …") or [""]
        left = x + _SPINE + 10
        self.made.words.append(Words(tuple(lines), text, left, self.y + 4, sort))
        longest = max(map(len, lines)) + 3  # the sign or the word before it
        self.made.width = max(self.made.width, left + round(longest * _LETTER))
        self.y += _LINE * len(lines) + 4

    def _frame(self, block: Block, depth: int, top: int) -> None:
        x = self._left(depth) - 8
        width = max(each.x for each in self.made.boxes if each.y >= top) + WIDTH - x + 12
        self.made.frames.append(Frame(x, top - 12, width, self.y - _GAP - top + 20, block.is_repeat))
        self.made.width = max(self.made.width, x + width + _MARGIN)

    def _again(self, first: Box, end: _Stand) -> None:
        """From the last of a repeat back to its first, on the right."""
        right = max(each.x for each in self.made.boxes if each.y >= first.y) + WIDTH
        y = first.y + first.height // 2
        start = f"M{end.x} {end.y} v6 H{right + 8} V{y} H{first.x + WIDTH}"
        self.made.lines.append(Line(end.id, first.id, Sort.AGAIN, start))
        self.y += 6

    def _line(self, come: _Stand, to: _Stand, sort: Sort, condition: str = "") -> None:
        """Straight down in a lane; into a deeper one right below, out of it right above the meeting point."""
        if come.x == to.x:
            path = f"M{come.x} {come.y} V{to.y}"
        elif come.x < to.x:
            path = f"M{come.x} {come.y} v6 q0 6 6 6 H{to.x - 6} q6 0 6 6 V{to.y}"
        else:
            path = f"M{come.x} {come.y} V{to.y - 6} q0 6 -6 6 H{to.x}"
        self.made.lines.append(Line(come.id, to.id, sort, path, condition))

    def _left(self, depth: int) -> int:
        return _MARGIN + depth * _INDENT
