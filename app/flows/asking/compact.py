"""A whole record in one SMS, each answer behind its tag: `hh|fn|Mary Kate|age|15`.

The form is that of the ODK XForms specification ("Compact Record Representation"): the prefix, then tags and values in turn,
a delimiter between any two, a backslash before a delimiter that is part of a value. People write it too, so where the
delimiter is a blank a value may have blanks in it, as far as it can be told where it ends.
"""

import hashlib
import re
from collections.abc import Callable, Sequence

from app.flows.asking.finding import MOST_LISTED
from app.flows.asking.state import Record
from app.flows.flow import Choice, Compact, Flow, Question
from app.flows.phrases import fold, words
from app.flows.questions.base import NUMBERS, Accepted, Refused
from app.flows.reading.model import Model, name_of

_TAKEN = ("stop", "withdraw", "delete", "start", "help", "info", "yes", "no", "next", "back", "skip")
_MOST_WORDS = 8  # of a value that is no text: "25 December 1990 at 2 pm"


def prefix_of(model: Model) -> str:
    """The word that a record of a form begins with, or an empty string."""
    return (model.root.get("prefix") or "").strip()


def read(model: Model, questions: Sequence[Question], fault: Callable[[str, str, str], None]) -> Compact | None:
    """Read how a form wants its records written."""
    root, by_path = model.root, {each.path: each for each in questions}
    prefix, delimiter = prefix_of(model), root.get("delimiter") or " "
    tags: dict[str, str] = {}
    tag_of: dict[str, str] = {}
    for path, element in model.elements.items():
        tag, question = (element.get("tag") or "").strip(), by_path.get(path)
        if not tag or not prefix:
            continue
        if fold(tag) in tags or not fold(tag) or len(tag.split()) > 1 or delimiter in tag:
            cure = "Give each question a tag of its own."
            fault(name_of(path), f"the tag {tag} is used already, or is no word", cure)
        tags[fold(tag)] = question.name if question is not None and question.kind.asked else ""
        tag_of[name_of(path)] = tag
    if not prefix:
        return None
    if prefix[0].isdigit() or any(fold(prefix) in words(f"words_{each}") for each in _TAKEN):
        cure = "Choose another word that no answer begins with."
        fault("prefix", f"{prefix} means something else in a message", cure)
    if any(each.isalnum() or each == "\\" for each in delimiter):
        fault("delimiter", f"{delimiter} may be part of an answer", "Use one of + | # , or leave it out.")
    return Compact(prefix, delimiter, tags, tag_of)


def rest_of(compact: Compact, text: str, *, in_conversation: bool) -> str | None:
    """What a message says after the prefix; None where it is no record.

    Within a conversation an answer may begin with the same word, so there a tag must follow.
    """
    text = text.strip()
    rest = text[len(compact.prefix) :]
    if text[: len(compact.prefix)].casefold() != compact.prefix.casefold():
        return None
    if rest and not (rest[0].isspace() or rest.startswith(compact.delimiter)):
        return None
    rest = rest.strip().removeprefix(compact.delimiter).strip()
    if in_conversation and rest and fold(_pieces(compact, rest)[0]) not in compact.tags:
        return None
    return rest


def parse(flow: Flow, compact: Compact, rest: str) -> Record:
    """Understand which answers a record gives, and which of its tags the form does not have."""
    pieces = _pieces(compact, rest)
    exact = all(fold(piece) in compact.tags for piece in pieces[::2])
    if not exact and not _delimiter_in(compact, rest).strip():
        found, unknown = _by_words(flow, compact, [piece for piece in pieces if piece])
    else:
        found, unknown = {}, []
        for tag, value in zip(pieces[::2], [*pieces[1::2], ""], strict=False):
            if fold(tag) in compact.tags:
                found[fold(tag)] = value
            elif tag:
                unknown.append(tag)
    answers = {compact.tags[tag]: value for tag, value in found.items() if value and compact.tags[tag]}
    for name in [name for name in answers if flow.by_name[name].repeats]:
        del answers[name]  # which of the instances would be meant?
        unknown.append(compact.tag_of[name])
    digest = hashlib.blake2b(" ".join(rest.split()).casefold().encode(errors="replace"), digest_size=8).hexdigest()
    return Record(answers, tuple(dict.fromkeys(unknown)), digest)


def understood(question: Question, typed: str, choices: Sequence[Choice]) -> Accepted | Refused:
    """Read an answer of a record: the name of a choice comes before its number, for names are what ODK writes."""
    if question.choices is None:
        return question.kind.read(typed, choices)
    places, named = {choice.name: place for place, choice in enumerate(choices)}, typed.split()
    if named and places.keys() >= set(named):
        return question.kind.read(" ".join(str(NUMBERS[places[name]]) for name in named), choices)
    if len(choices) > MOST_LISTED:
        exact = [choice.name for choice in choices if fold(typed) in choice.spoken]
        return Accepted(exact[0]) if len(exact) == 1 else Refused("no_match")
    return question.kind.read(typed, choices)


def _delimiter_in(compact: Compact, rest: str) -> str:
    """The delimiter of this record: people who have no `|` on their phone may use blanks."""
    return compact.delimiter if compact.delimiter in rest else " "


def _pieces(compact: Compact, rest: str) -> list[str]:
    delimiter = _delimiter_in(compact, rest)
    pieces = re.split(rf"(?<!\\){re.escape(delimiter)}" if delimiter.strip() else r"(?<!\\)\s", rest)
    return [piece.replace(f"\\{delimiter}", delimiter).strip() for piece in pieces]


def _by_words(flow: Flow, compact: Compact, pieces: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Find tags among words: a text goes on to the next tag, another answer as far as it can be understood."""
    found: dict[str, str] = {}
    unknown: list[str] = []
    place = 0
    while place < len(pieces):
        tag, start = fold(pieces[place]), place + 1
        stop = next((at for at in range(start, len(pieces)) if fold(pieces[at]) in compact.tags), len(pieces))
        if tag in compact.tags:
            question = flow.by_name.get(compact.tags[tag])
            used = _used(question, pieces[start:stop])
            found[tag], place = " ".join(pieces[start : start + used]), start + used
        else:
            unknown.append(pieces[place])
            place = stop
    return found, unknown


def _used(question: Question | None, pieces: Sequence[str]) -> int:
    """How many of these words are the answer to a question."""
    if question is None or question.kind.name == "text":
        return len(pieces)
    for used in range(min(len(pieces), _MOST_WORDS), 1, -1):
        if _is_plain(question, pieces[:used]):
            return used
    return min(len(pieces), 1)


def _is_plain(question: Question, pieces: Sequence[str]) -> bool:
    """Say whether several words are an answer; misspelt labels are not looked for here, for that would take long."""
    typed = " ".join(pieces)
    if question.choices is None:
        return isinstance(question.kind.read(typed, ()), Accepted)
    choices = question.choices.choices
    names = {choice.name for choice in choices}
    if question.kind.name != "select_one" and all(piece.isdigit() or piece in names for piece in pieces):
        return isinstance(understood(question, typed, choices), Accepted)
    return any(fold(typed) in choice.spoken for choice in choices)
