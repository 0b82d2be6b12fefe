"""Compares the wording of a form's languages: the answers that stand in a text, its figures and its addresses."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from app.flows.flow import Question, Text

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_FIGURES = re.compile(r"\d+(?:[.,:/]\d+)*")


@dataclass(frozen=True, slots=True)
class Difference:
    """What a text of one language has, or lacks, that others of the form have not."""

    column: str
    locale: str
    lacks: str
    """What it has not, in words; empty if it has too much."""
    extra: str
    other: str
    """The language that it was compared with."""


def texts_of(question: Question) -> Mapping[str, Mapping[str, Text]]:
    """All texts of a question, by the column that they are written in."""
    return {
        "label": question.labels, "short": question.shorts, "hint": question.hint, "guidance_hint": question.guidance,
        "constraint_message": question.constraint_message, "required_message": question.required_message,
    }  # fmt: skip


def differences(
    texts: Mapping[str, Mapping[str, Text]], locale: str, written: Callable[[str], str]
) -> Iterator[Difference]:
    """Yield where a language differs from the form's first; `written` writes an expression as its author did."""
    for column, by_locale in texts.items():
        first = locale if locale in by_locale else next(iter(by_locale), "")
        for other in by_locale:
            if other == first:
                continue
            wanted, found = _parts(by_locale[first], written), _parts(by_locale[other], written)
            lacks, extra = (", ".join(sorted(each)) for each in (wanted - found, found - wanted))
            if lacks or extra:
                yield Difference(column, other, lacks, extra, first)


def _parts(text: Text, written: Callable[[str], str]) -> set[str]:
    """What must be the same in every language."""
    words = " ".join(piece for piece in text if isinstance(piece, str))
    addresses = set(_ADDRESS.findall(words))
    figures = set(_FIGURES.findall(_ADDRESS.sub(" ", words)))
    return addresses | figures | {written(piece.source) for piece in text if not isinstance(piece, str)}
