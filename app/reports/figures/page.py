"""Figures as a person reads them: rows, columns and words, in one language. Text, HTML and pictures are drawn from this."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from app.flows.dictionary.variable import Dictionary
from app.reports.figures.counting import Answered
from app.reports.figures.published import HIDDEN, Figure
from app.reports.figures.rules import STEP
from app.reports.figures.table import NO_ANSWER, TOTAL, Dimension, Key

NOT_SHOWN = "·"
EVERYBODY = "All"
SAID_NOTHING = "No answer"
LABEL = "Not a probability sample: these are the people who answered, not all people."


@dataclass(frozen=True, slots=True)
class Column:
    """Respondents who are alike: all of them, or those of one category of each dimension."""

    key: Key
    label: str
    base: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """A choice, with its figure in each column."""

    name: str
    label: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The figures of one question."""

    survey: str
    question: str
    label: str
    where: str
    by: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    closed: bool


def lay_out(dictionary: Dictionary, found: Answered, where: Mapping[str, str], language: str) -> Page:
    """Put the figures of a question into words."""
    keys: list[Key] = [(TOTAL,) * len(found.by)]
    if found.by:
        keys += product(*(each.categories for each in found.by))
    columns = tuple(
        Column(key, _column(dictionary, found.by, key, language), found.bases.get(key, HIDDEN).n) for key in keys
    )
    rows = []
    for name in found.rows:
        category = found.variable.category(name)
        label = SAID_NOTHING if name == NO_ANSWER else _label(category.labels, language, name) if category else name
        rows.append(Row(name, label, tuple(found.figures.get((name, key), HIDDEN) for key in keys)))
    said = "; ".join(_said(dictionary, name, category, language) for name, category in where.items())
    label = found.variable.label(language)
    by = tuple(each.name for each in found.by)
    return Page(
        dictionary.title, found.variable.name, label, said, by, columns, tuple(rows), _notes(found), found.closed
    )


def label_of(dictionary: Dictionary, name: str, category: str, language: str) -> str:
    """What a category of a dimension is called."""
    if category == NO_ANSWER:
        return SAID_NOTHING
    if name == "language":
        return dictionary.languages.get(category, category)
    variable = dictionary.variable(name)
    choice = variable.category(category) if variable else None
    return _label(choice.labels, language, category) if choice else category


def _column(dictionary: Dictionary, by: tuple[Dimension, ...], key: Key, language: str) -> str:
    parts = [
        label_of(dictionary, each.name, category, language)
        for each, category in zip(by, key, strict=True)
        if category != TOTAL
    ]
    return ", ".join(parts) or EVERYBODY


def _label(labels: Mapping[str, str], language: str, name: str) -> str:
    return labels.get(language) or next(filter(None, labels.values()), name)


def _said(dictionary: Dictionary, name: str, category: str, language: str) -> str:
    return f"{name} is {label_of(dictionary, name, category, language)}"


def _notes(found: Answered) -> tuple[str, ...]:
    notes = [LABEL]
    if found.weighing:
        effective = 1 / found.weighing.design_effect
        notes.append(
            f"Shares are weighted to {found.weighing.population}; a respondent then tells as much as {effective:.2f} of one "
            "who needed no weight. `n` is people. `izwi weights` says more."
        )
    if found.closed:
        notes.append(
            "Of the finest part of this table nothing can be shown without giving somebody away: ask for less."
        )
    few = f"fewer than {found.smallest} people, or none ({found.at_risk} of groups at high risk)"
    notes += [
        f"{NOT_SHOWN} is not shown: {few}, or a number from which such a one could be worked out.",
        f"Figures are rounded to {STEP}, by chance but always the same way, so they may not add up.",
        (
            "Shares and their 95 % intervals are worked out from these figures; who said nothing is in none. There is none where "
            "more than a tenth of a column is not shown, and nobody can see who said nothing."
        ),
    ]
    if found.several:
        notes.append("She could choose several: shares add up to more than 100 %.")
    return tuple(notes)
