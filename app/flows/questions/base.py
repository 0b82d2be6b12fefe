"""What a question type must be able to do, and how a reply is matched to the choices of a list."""

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import count, islice
from typing import NamedTuple, Protocol, runtime_checkable

from app.flows.phrases import fold, words

# The numbers that entries have, in their order. 00 and 98 belong to the operators' own paging, 88 and 99 steer ours.
NUMBERS = tuple(islice((number for number in count(1) if number not in {88, 98, 99}), 3000))
_LONGEST_NEAR = 100  # a reply of 40,000 characters would be compared for more than a second, while everybody waits
_ALIKE = 0.8
_WORD = re.compile(r"[^\w]+")
PLACES = {number: place for place, number in enumerate(NUMBERS)}


class Accepted(NamedTuple):
    """The reply is an answer; `value` is what is stored, as ODK would write it."""

    value: str
    local: bool = False
    """Whether it is a time of the respondent's own, which the survey's zone is written to."""


class Refused(NamedTuple):
    """The reply is no answer; `phrase` is the key of the sentence that says why."""

    phrase: str


class Shown(Protocol):
    """A choice as it stood on the screen; `spoken` are its folded names in every language."""

    @property
    def name(self) -> str:
        """What is stored when it is chosen."""
        ...

    @property
    def spoken(self) -> tuple[str, ...]:
        """What may be typed for it, folded."""
        ...


class QuestionType(Protocol):
    """One XLSForm question type. `control` and `data_types` are how an XForm writes it."""

    @property
    def name(self) -> str:
        """The type as XLSForm calls it."""
        ...

    @property
    def control(self) -> str:
        """The XForm control that asks it."""
        ...

    @property
    def data_types(self) -> tuple[str, ...]:
        """The bind types that it has in an XForm."""
        ...

    @property
    def asked(self) -> bool:
        """Whether the respondent is asked at all."""
        ...

    @property
    def figures_steer(self) -> bool:
        """Whether 0, 88 and 99 steer; where a bare figure is a likely answer, letters do."""
        ...

    @property
    def hint(self) -> str:
        """Key of the sentence that tells how to reply, or empty."""
        ...

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Understand a reply as typed."""
        ...


@runtime_checkable
class Fitting(Protocol):
    """A question type that differs from form to form: how it is asked depends on marks of the control and the bind."""

    def fitted(self, marks: Mapping[str, str]) -> "QuestionType":
        """Return the type as these marks want it; raises `BadMark`."""
        ...


@runtime_checkable
class Filling(Protocol):
    """A question type whose sentences have blanks in them, such as the bounds of a range."""

    @property
    def blanks(self) -> Mapping[str, str]:
        """What stands in the blanks."""
        ...


@runtime_checkable
class Writing(Protocol):
    """A question type whose values people write in another way than ODK does."""

    def written(self, value: str) -> str:
        """Write a value as people do; what is no such value stays as it is."""
        ...


class BadMark(ValueError):
    """A mark of a question cannot be used; `cure` says what could."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.cure = cure


def choose(reply: str, shown: Sequence[Shown]) -> str | None:
    """Find the one choice that a reply means: by number, by name, by label; small misspellings are forgiven."""
    if reply.isascii() and reply.isdigit():
        place = PLACES.get(int(reply), len(shown)) if len(reply) <= 6 else len(shown)
        if place < len(shown):
            return shown[place].name
        return next((choice.name for choice in shown if choice.name == reply), None)
    word = fold(reply)
    if not word:
        return None
    for choice in shown:
        if word in choice.spoken:
            return choice.name
    for name in ("yes", "no"):
        if word in words(f"words_{name}") and any(choice.name == name for choice in shown):
            return name
    return _nearest(word, shown) or _only_with(word, shown)


def _only_with(word: str, shown: Sequence[Shown]) -> str | None:
    """One word of a longer label is enough where no other choice has it: "women" for "Girls and women"."""
    if len(word) < 4:
        return None
    found = [choice.name for choice in shown if any(word in _WORD.split(spoken) for spoken in choice.spoken)]
    return found[0] if len(found) == 1 else None


def _nearest(word: str, shown: Sequence[Shown]) -> str | None:
    """Forgive about one slip in five letters, but never guess between two choices that are equally near."""
    if not 4 <= len(word) <= _LONGEST_NEAR:
        return None
    scores = sorted(
        ((max(_likeness(word, each) for each in choice.spoken), choice.name) for choice in shown), reverse=True
    )
    if not scores or scores[0][0] < _ALIKE or (len(scores) > 1 and scores[1][0] >= scores[0][0]):
        return None
    return scores[0][1]


def _likeness(word: str, spoken: str) -> float:
    """How much of two words is the same; 0 where their length or their letters say already that it is too little.

    To compare them properly takes longer than all the rest of a turn, and most labels are nothing like what was typed.
    """
    together = len(word) + len(spoken)
    if 2.0 * min(len(word), len(spoken)) / together < _ALIKE:
        return 0.0
    if 2.0 * sum(min(word.count(letter), spoken.count(letter)) for letter in set(word)) / together < _ALIKE:
        return 0.0
    return SequenceMatcher(None, word, spoken, autojunk=False).ratio()
