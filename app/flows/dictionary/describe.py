"""From the versions of a survey to its dictionary. Names and codes never change when a version is added."""

import re
from collections.abc import Iterable, Mapping, Sequence

from app.flows.dictionary.relevance import in_words
from app.flows.dictionary.variable import Category, Dictionary, Measure, Variable
from app.flows.flow import Flow, Question, Text, plain

_MEASURES = {
    "integer": Measure.WHOLE, "decimal": Measure.NUMBER, "range": Measure.NUMBER, "date": Measure.DATE,
    "time": Measure.TIME, "dateTime": Measure.MOMENT, "select_one": Measure.ONE, "select_multiple": Measure.MANY,
    "rank": Measure.ORDER, "geopoint": Measure.PLACE,
}  # fmt: skip
_NO_VALUE = {"note", "another"}
_LONGEST_COLUMN, _LONGEST_SHORT = 63, 32  # bytes in PostgreSQL; letters in Stata
_UNFIT = re.compile(r"[^A-Za-z0-9_]+")
# Columns that every wide table has; a question of such a name gives way.
ABOUT = (
    "respondent", "run", "repeat_position", "repeat_parent", "version", "state", "reason", "asked_in", "channel", "mode",
    "proxy", "flags", "last_question", "started_at", "ended_at",
)  # fmt: skip
# Words that SPSS or Stata keep for themselves.
_RESERVED = set(
    "all and by eq ge gt le lt ne not or to with byte double float if in int long str using _n _pi _skip".split()
)


def describe(flows: Sequence[Flow]) -> Dictionary:
    """The dictionary of a survey; `flows` are its versions, the oldest first, at least one."""
    newest = flows[-1]
    columns, shorts = _Names(_LONGEST_COLUMN, ABOUT), _Names(_LONGEST_SHORT, {*ABOUT, *_RESERVED})
    found: dict[str, Variable] = {}
    for flow in flows:  # oldest first: what it has got keeps its name
        for question in _valued(flow):
            before = found.get(question.name)
            found[question.name] = _variable(flow, question, before) if before else _variable(
                flow, question, None, columns.of(question.name), shorts.of(_legal(question.name))
            )  # fmt: skip
    current = {question.name for question in _valued(newest)}
    ordered = [found[question.name] for question in _valued(newest)]
    ordered += [variable for name, variable in found.items() if name not in current]
    languages = {newest.locale: newest.locales.get(newest.locale, newest.locale)}
    for flow in reversed(flows):
        languages = languages | {code: name for code, name in flow.locales.items() if code not in languages}
    return Dictionary(newest.id, newest.title, languages, tuple(ordered), tuple(flow.version for flow in flows))


def _valued(flow: Flow) -> Iterable[Question]:
    return (question for question in flow.questions if question.kind.name not in _NO_VALUE)


def _variable(flow: Flow, question: Question, before: Variable | None, column: str = "", short: str = "") -> Variable:
    """What a version says of a variable, with what earlier ones said `before`."""
    measure = _measure(question)
    if before and before.measure != measure:
        measure = (
            Measure.NUMBER if {before.measure, measure} == {Measure.WHOLE, Measure.NUMBER} else _either(before, measure)
        )
    return Variable(
        name=question.name,
        column=before.column if before else column,
        short=before.short if before else short,
        type=question.kind.name,
        measure=measure,
        repeats=tuple(repeat.name for repeat in question.repeats),
        labels={**(before.labels if before else {}), **_plain(question.labels)},
        categories=_categories(question, before.categories if before else ()),
        relevant=in_words(flow, question),
        required=question.required is not False,
        sensitive=question.sensitive or bool(before and before.sensitive),
        consent=question.consent,
        hxl=question.hxl or (before.hxl if before else ""),
        versions=(*(before.versions if before else ()), flow.version),
    )


def _measure(question: Question) -> Measure:
    measure = _MEASURES.get(question.kind.name, Measure.TEXT)
    if question.kind.name == "range" and getattr(question.kind, "whole", False):
        return Measure.WHOLE
    # Choices that are answers themselves are no list: whatever she said can be one.
    told = question.choices is not None and question.choices.told is not None
    return Measure.TEXT if told else measure


def _either(before: Variable, measure: Measure) -> Measure:
    """What holds the values of both, when a question's type was changed."""
    chosen = {before.measure, measure}
    return Measure.MANY if chosen == {Measure.ONE, Measure.MANY} else Measure.TEXT


def _categories(question: Question, before: tuple[Category, ...]) -> tuple[Category, ...]:
    """All choices that the versions have; codes are figures where all names are, else counted in order of appearance."""
    labels = {each.name: dict(each.labels) for each in before}
    if question.choices is not None and question.choices.told is None:
        for choice in question.choices.choices:
            labels[choice.name] = {**labels.get(choice.name, {}), **_plain(choice.labels)}
    kept = {each.name: each.code for each in before}
    numeric = all(re.fullmatch(r"0|-?[1-9][0-9]{0,8}", name) for name in labels) and all(
        str(code) == name for name, code in kept.items()
    )
    following = max(kept.values(), default=0) + 1
    for name in labels:
        if name not in kept:
            kept[name] = int(name) if numeric else following
            following = max(kept.values()) + 1
    return tuple(Category(name, kept[name], texts) for name, texts in labels.items())


def _plain(texts: Mapping[str, Text]) -> dict[str, str]:
    return {locale: " ".join(plain(text).split()) for locale, text in texts.items()}


def _legal(name: str) -> str:
    """A name that SPSS and Stata take: they know letters, figures and _, and want a letter first."""
    name = _UNFIT.sub("_", name).strip("_") or "q"
    return name if name[0].isalpha() else f"q{name}"


class _Names:
    """Names that differ by more than capitals, and are not too long; the first who asks for one gets it."""

    def __init__(self, longest: int, taken: Iterable[str]) -> None:
        self._longest = longest
        self._taken = set(taken)

    def of(self, wanted: str) -> str:
        name, number = self._cut(wanted, ""), 1
        while name.lower() in self._taken:
            number += 1
            name = self._cut(wanted, f"_{number}")
        self._taken.add(name.lower())
        return name

    def _cut(self, wanted: str, ending: str) -> str:
        room = self._longest - len(ending)
        return wanted.encode()[:room].decode(errors="ignore") + ending
