"""What the views of a survey are called: the same name for ever, and never that of another survey's.

A plain name is kept as it is. Another one (with capitals, hyphens, two underscores together, or too long) is made plain and gets
eight figures of its hash, so that no two become the same.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

_PLAIN = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
_HASHED = re.compile(r"_[0-9a-f]{8}$")
_TAKEN = {"version", "versions"}  # `survey_version` is a table of Izwi's own
_LONGEST_SURVEY, _LONGEST_REPEATS, _LONGEST = 36, 18, 63


def of_survey(survey: str) -> str:
    """The view with a row for each run."""
    return f"survey_{_made_plain(survey, _LONGEST_SURVEY, ending_taken=True)}"


def of_labels(survey: str) -> str:
    """The same with labels in place of names."""
    return f"{of_survey(survey)}_labels"


def of_repeat(survey: str, repeats: Iterable[str]) -> str:
    """The view with a row for each instance of a repeat, named by the way to it."""
    path = list(repeats)
    plain = "__".join(path)
    if len(plain) > _LONGEST_REPEATS or not all(_PLAIN.fullmatch(each) and not _HASHED.search(each) for each in path):
        plain = _hashed("/".join(path), _LONGEST_REPEATS)
    return f"{of_survey(survey)}__{plain}"


def _made_plain(name: str, longest: int, *, ending_taken: bool) -> str:
    is_plain = _PLAIN.fullmatch(name) and len(name) <= longest and name not in _TAKEN and not _HASHED.search(name)
    if is_plain and not (ending_taken and name.endswith("_labels")):
        return name
    return _hashed(name, longest)


def _hashed(name: str, longest: int) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return f"{words[: longest - 9].strip('_') or 'x'}_{sha256(name.encode()).hexdigest()[:8]}"


class Columns:
    """The columns of one view: none differ by capitals only, and none is too long for PostgreSQL."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {each.lower() for each in taken}

    def of(self, wanted: str) -> str:
        """A column of this name, or of one like it where it is taken."""
        found, number = _cut(wanted, ""), 1
        while found.lower() in self._taken:
            number += 1
            found = _cut(wanted, f"_{number}")
        self._taken.add(found.lower())
        return found


def _cut(wanted: str, ending: str) -> str:
    return wanted.encode()[: _LONGEST - len(ending)].decode(errors="ignore") + ending
