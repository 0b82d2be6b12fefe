"""Finds choices of a list that is too long to be shown, by the first letters of their names; slips are forgiven."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from app.flows.flow import Choice
from app.flows.phrases import fold

MOST_LISTED = 60
_LONGEST = 40
_NEAR = 0.7
_WORD = re.compile(r"[^\w]+")


def matches(choices: Sequence[Choice], letters: str) -> Sequence[Choice]:
    """The choices that begin with these letters, or have a word that does; where there are none, those that come near."""
    return _matches(tuple(choices), fold(letters)[:_LONGEST])


@lru_cache(maxsize=256)
def _matches(choices: tuple[Choice, ...], letters: str) -> tuple[Choice, ...]:
    if not letters:
        return ()
    found = tuple(each for each in choices if any(spoken.startswith(letters) for spoken in each.spoken))
    if not found:
        found = tuple(each for each in choices if any(_has_word(spoken, letters) for spoken in each.spoken))
    return found or _near(choices, letters)


def _has_word(spoken: str, letters: str) -> bool:
    return any(word.startswith(letters) for word in _WORD.split(spoken))


def _near(choices: tuple[Choice, ...], letters: str) -> tuple[Choice, ...]:
    """Those whose beginning is like the letters, the nearest first."""
    if len(letters) < 3:
        return ()
    matcher = SequenceMatcher(None, "", letters, autojunk=False)
    scores = []
    for place, choice in enumerate(choices):
        best = 0.0
        for spoken in choice.spoken:
            matcher.set_seq1(spoken[: len(letters) + 1])
            if matcher.real_quick_ratio() > _NEAR and matcher.quick_ratio() > _NEAR:
                best = max(best, matcher.ratio())
        if best > _NEAR:
            scores.append((-best, place))
    return tuple(choices[place] for _, place in sorted(scores)[:MOST_LISTED])
