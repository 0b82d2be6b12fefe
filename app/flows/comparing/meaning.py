"""Whether two wordings still say the same: told by their letters, for nobody here can read them.

A rule of thumb for warnings. It is asked about one language only, the form's own: a better translation is no new question.
"""

import re
from difflib import SequenceMatcher

from app.flows.phrases import fold

_ALIKE = 0.6
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"\w+")
_VALUE = re.compile(r"\$\{[^}]*\}")


def same_words(one: str, other: str) -> bool:
    """Say whether only capitals, accents, blanks or punctuation differ."""
    return words_of(one) == words_of(other)


def may_differ(before: str, after: str) -> bool:
    """Say whether a wording changed so much that it may mean something else: its numbers, or most of its letters."""
    if same_words(before, after):
        return False
    one, other = " ".join(words_of(before)), " ".join(words_of(after))
    if _NUMBER.findall(one) != _NUMBER.findall(other):
        return True
    return SequenceMatcher(None, one, other, autojunk=False).ratio() < _ALIKE


def may_differ_at_choice(before: str, after: str) -> bool:
    """The same for a choice, whose few words weigh more: “Married” and “Not married” are not alike."""
    fewer, more = sorted((words_of(before), words_of(after)), key=len)
    added = len(fewer) == 1 < len(more) and fewer[0] in more
    return added or may_differ(before, after)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a wording, folded: what is the same here says the same."""
    return tuple(_WORD.findall(fold(_VALUE.sub(" ", text))))
