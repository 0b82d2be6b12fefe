"""What a survey's way is made of: questions and notes in their order, inside groups, repeats and conditions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from app.flows.dictionary.relevance import said
from app.flows.flow import Flow, Question, plain
from app.flows.review.trial import Trial
from app.flows.xpath.expressions import Expression


class Kind(StrEnum):
    """What stands at a place of the way."""

    QUESTION = "question"
    NOTE = "note"
    ENDING = "ending"
    """A note that ends the survey."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a phone shows."""

    name: str
    kind: Kind
    words: str
    type: str = ""
    end: str = ""
    """The state in which runs end here."""


@dataclass(frozen=True, slots=True)
class Block:
    """Items that stand together: in a group or a repeat, or behind one condition."""

    condition: str
    """In words; empty where everybody comes through."""
    name: str
    """Of the group or the repeat; empty where only the condition holds them together."""
    is_repeat: bool
    parts: "tuple[Part, ...]"


Part = Item | Block


@dataclass(frozen=True, slots=True)
class _Row:
    """A question, the groups that it is in from here on, and the conditions that were not told yet."""

    question: Question
    groups: tuple[str, ...]
    conditions: tuple[Expression, ...]

    @property
    def sources(self) -> set[str]:
        return {each.source for each in self.conditions}


def outline(flow: Flow, locale: str = "") -> tuple[Part, ...]:
    """The way through a survey, in a language or in the form's first one."""
    seen = (each for each in flow.questions if not each.silent and each.kind.name != "another")
    rows = [_Row(each, _groups(each), each.relevant) for each in seen]
    return tuple(_Outliner(flow, locale or flow.locale).parts(rows))


def items(parts: Sequence[Part]) -> Iterator[Item]:
    """All items, in their order."""
    for part in parts:
        if isinstance(part, Item):
            yield part
        else:
            yield from items(part.parts)


def _groups(question: Question) -> tuple[str, ...]:
    """The groups around a question, the outermost first; the first step of a path is the form itself."""
    return tuple(question.path.strip("/").split("/")[1:-1])


class _Outliner:
    def __init__(self, flow: Flow, locale: str) -> None:
        self._flow, self._locale, self._trial = flow, locale, Trial(flow)
        self._repeats = {each.name for each in flow.repeats}

    def parts(self, rows: Sequence[_Row]) -> Iterator[Part]:
        """Groups as they are, and between them what stands alone."""
        for group, some in groupby(rows, key=lambda row: row.groups[:1]):
            if group:
                yield self._group(group[0], list(some))
            else:
                yield from self._conditional(list(some))

    def _group(self, name: str, rows: Sequence[_Row]) -> Block:
        shared = _shared([row.conditions for row in rows])
        inside = [_Row(row.question, row.groups[1:], row.conditions[len(shared) :]) for row in rows]
        return Block(self._in_words(shared), name, name in self._repeats, tuple(self.parts(inside)))

    def _conditional(self, rows: Sequence[_Row]) -> Iterator[Part]:
        """Behind a condition stands all that follows and is seen by nobody for whom it is not true."""
        while rows:
            first, conditions = rows[0], rows[0].conditions
            if not conditions:
                yield self._item(first.question)
                rows = rows[1:]
                continue
            length = 1
            while length < len(rows) and self._is_behind(rows[length], first, rows[:length]):
                length += 1
            inside = [_without(row, first.sources) for row in rows[:length]]
            yield Block(self._in_words(conditions), "", is_repeat=False, parts=tuple(self._conditional(inside)))
            rows = rows[length:]

    def _is_behind(self, row: _Row, first: _Row, inside: Sequence[_Row]) -> bool:
        """Whether it has the same condition; or one that reads only what is behind it, and is false where that is empty."""
        if row.sources >= first.sources:
            return True
        read = [self._trial.reads(each) for each in row.conditions]
        names = {each.question.name for each in inside}
        is_known = all(each is not None and {question.name for question in each} <= names for each in read)
        return is_known and not all(self._trial.value(each, row.question, {}) for each in row.conditions)

    def _item(self, question: Question) -> Item:
        words = " ".join(plain(self._flow.wording(question.shorts or question.labels, self._locale)).split())
        kind = Kind.ENDING if question.end else Kind.QUESTION if question.kind.asked else Kind.NOTE
        return Item(question.name, kind, words, question.kind.name, str(question.end or ""))

    def _in_words(self, conditions: Sequence[Expression]) -> str:
        return "; ".join(dict.fromkeys(said(self._flow, each.source) for each in conditions))


def _without(row: _Row, sources: set[str]) -> _Row:
    if not row.sources >= sources:
        return row
    return _Row(row.question, row.groups, tuple(each for each in row.conditions if each.source not in sources))


def _shared(conditions: Sequence[Sequence[Expression]]) -> tuple[Expression, ...]:
    """The conditions that all of them begin with."""
    first = conditions[0]
    length = 0
    while length < len(first) and all(
        len(each) > length and each[length].source == first[length].source for each in conditions
    ):
        length += 1
    return tuple(first[:length])
