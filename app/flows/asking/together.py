"""Closed questions that are asked as one SMS: which of a form they are, how the message looks, how its reply is taken apart.

They are those of a group with the appearance `field-list`, which is how ODK shows questions together.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lxml import etree

from app.flows.asking.finding import MOST_LISTED
from app.flows.flow import Action, Choice, Question, Text
from app.flows.phrases import fold, say, words
from app.flows.questions.range import Range
from app.flows.reading import kinds
from app.flows.reading.model import Model
from app.flows.screens import Layout

if TYPE_CHECKING:
    from app.flows.asking.showing import Showing

MOST = 5
_CLOSED = frozenset(["select_one", "acknowledge", "range", "integer"])
_GROUPS = frozenset(["group", "repeat"])
_PICKS = (2, 1, 4, 3, 2)  # of an example, so that it suggests no answer
_BETWEEN = (r"\n+", r";+", r",+", r"\s+", r"[\s,;*/.]+")
_SKIP = "0"


def read(
    tree: Any,
    model: Model,
    questions: Sequence[Question],
    dependents: Mapping[str, tuple[int, ...]],
    on_change: Mapping[str, tuple[Action, ...]],
) -> dict[str, tuple[str, ...]]:
    """Find the questions that can be asked together: the name of each → the names of all in its message."""
    by_path = {each.path: each for each in questions if each.kind.asked}
    found: dict[str, tuple[str, ...]] = {}
    for group in tree.iter():
        if etree.QName(group).localname not in _GROUPS or "field-list" not in (group.get("appearance") or "").split():
            continue
        paths = [model.path(each) for each in group.iter() if etree.QName(each).localname in kinds.CONTROLS]
        members = [by_path[path] for path in dict.fromkeys(paths) if path in by_path]
        if (
            _are_few_and_next_to_each_other(members)
            and all(_is_closed(each) and each.name not in on_change for each in members)
            and not any(_reads(each, other, dependents) for each in members for other in members)
        ):
            for each in members:
                found.setdefault(each.name, tuple(member.name for member in members))
    return found


def _are_few_and_next_to_each_other(members: Sequence[Question]) -> bool:
    if not 2 <= len(members) <= MOST:
        return False
    first = members[0]
    return all(
        each.index == first.index + place and each.repeats == first.repeats for place, each in enumerate(members)
    )


def _is_closed(question: Question) -> bool:
    listed = question.choices
    return (
        question.kind.name in _CLOSED
        and not question.sets_language
        and not question.sensitive
        and (listed is None or len(listed.choices) <= MOST_LISTED)
    )


def _reads(question: Question, other: Question, dependents: Mapping[str, tuple[int, ...]]) -> bool:
    """Say whether one decides about the other, or stands in its words."""
    return question.index in dependents.get(other.name, ()) or other.path in set(_shown_paths(question))


def _shown_paths(question: Question) -> Iterator[str]:
    """What the words of a question, and whether it must be answered, hang on."""
    listed: Sequence[Choice] = question.choices.choices if question.choices else ()
    texts: list[Mapping[str, Text]] = [question.labels, question.shorts, question.hint]
    texts += [each for choice in listed for each in (choice.labels, choice.shorts)]
    pieces = [piece for each in texts for text in each.values() for piece in text]
    for piece in (*pieces, question.required):
        if not isinstance(piece, str | bool):
            yield from piece.paths
            for needed, _ in piece.needs:
                yield from needed.calculate.paths


# -- the message ------------------------------------------------------------------------------------------------------


def layout(showing: "Showing", questions: Sequence[Question]) -> Layout:
    """Lay several questions out as one message: each with its number and its choices, and how to reply below them."""
    locale, state = showing.state.locale, showing.state
    refusal: tuple[str, ...] = ()
    if state.refused == "help":
        refusal = tuple(showing.refusal(each) for each in questions if each.has_hint) or (say("no_hint", locale),)
    elif state.refused:
        refusal = (say(state.refused, locale),)
    example = " ".join(_example(showing, each, place) for place, each in enumerate(questions))
    foot = [say("reply_together", locale).format(count=len(questions), example=example)]
    if state.refused != "help" and any(each.has_hint for each in questions):
        foot.append(f"? {say('hint', locale)}")
    if any(showing.has_default(each) or not showing.document.required(each) for each in questions):
        figures = all(each.kind.figures_steer for each in questions) and not showing.zero_leaves
        foot.append(f"{_SKIP if figures else say('skip_letter', locale)} {say('skip', locale)}")
    return Layout(
        paragraphs=(*showing.told(), *refusal, *showing.notes()),
        entries=tuple(_entry(showing, each, number) for number, each in enumerate(questions, start=1)),
        foot=tuple(foot),
        more=f"99 {say('next', locale)}",
        back=f"88 {say('back', locale)}",
    )


def _entry(showing: "Showing", question: Question, number: int) -> str:
    bounds = f" {showing.sentence(question.kind, question.kind.hint)}" if question.kind.hint else ""
    choices = " ".join(line.replace(" ", "=", 1) for line in showing.entries(question)) if question.choices else ""
    return f"{number}) {showing.prompt(question)}{bounds}" + (f"\n{choices}" if choices else "")


def _example(showing: "Showing", question: Question, place: int) -> str:
    """A number that the question could be answered with."""
    pick = _PICKS[place % len(_PICKS)]
    if question.choices:
        return str(min(pick, len(showing.listed(question))))
    if isinstance(question.kind, Range):
        kind = question.kind
        return f"{min(kind.start + pick * kind.step, kind.end):f}"
    return str(pick)


# -- the reply --------------------------------------------------------------------------------------------------------


def splits(typed: str, questions: Sequence[Question]) -> Iterator[tuple[str, ...]]:
    """Yield the ways in which a reply can be taken apart into one part a question, the likeliest first.

    "2 1 4", "2,1,4", one a line; "214" where no answer can have more than one figure.
    """
    text, seen = typed.strip(), set()
    for between in _BETWEEN:
        parts = tuple(part.strip() for part in re.split(between, text) if part.strip())
        if len(parts) == len(questions) and parts not in seen:
            seen.add(parts)
            yield parts
    if text.isascii() and text.isdigit() and len(text) == len(questions) and all(map(_has_one_figure, questions)):
        yield tuple(text)


def is_skip(question: Question, part: str, locale: str) -> bool:
    """Say whether a part of a reply skips its question."""
    word = fold(part)
    if word == _SKIP:
        return question.kind.figures_steer
    return word in words("words_skip") or word == fold(say("skip_letter", locale))


def _has_one_figure(question: Question) -> bool:
    if isinstance(question.kind, Range):
        return question.kind.whole and question.kind.start >= 0 and question.kind.end < 10
    return question.choices is not None and len(question.choices.choices) < 10
