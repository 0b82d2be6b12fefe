"""The sentences that Izwi itself says to a respondent, in every language, from the table ``phrases.csv`` beside this file."""

import csv
import re
from collections.abc import Mapping
from importlib import resources
from unicodedata import category, normalize

FALLBACK = "en"


def _load() -> Mapping[str, Mapping[str, str]]:
    text = resources.files("app.flows").joinpath("phrases.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row.pop("key"): {k: v for k, v in row.items() if k != "status"} for row in rows}


PHRASES = _load()


def say(key: str, locale: str) -> str:
    """Return a phrase in the respondent's language, or in English where it has none yet."""
    texts = PHRASES[key]
    return texts.get(locale) or texts[FALLBACK]


def words(key: str) -> frozenset[str]:
    """Return the accepted words of a kind (``words_stop`` …) in every language, folded for comparison."""
    return _WORDS[key]


def fold(text: str) -> str:
    """Write a text the way words are compared: no case, no accents, no outer blanks or punctuation, single spaces."""
    if not text.isascii():
        text = "".join(c for c in normalize("NFKD", text) if category(c) != "Mn")
    return " ".join(text.casefold().split()).strip(" .,!?;:\"'")


def holds(text: str, word: str) -> bool:
    """Say whether a folded word, or several in a row, stands in a text."""
    return f" {_parted(word)} " in f" {_parted(fold(text))} "


def _parted(folded: str) -> str:
    return " ".join(_BETWEEN.sub(" ", folded).split())


_BETWEEN = re.compile(r"[\W_]+")
_WORDS = {
    key: frozenset(fold(word) for text in texts.values() for word in text.split("|") if word)
    for key, texts in PHRASES.items()
    if key.startswith("words_")
}
