"""The dictionary of a survey for people and programs: every variable, what it means, who was asked, and what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.flows.dictionary.variable import Dictionary, Variable
from app.reports.tables import cell, table
from app.store.exports import Count, Which


def head(languages: Mapping[str, str]) -> tuple[str, ...]:
    """The columns of `rows`."""
    questions = (f"question ({code})" for code in languages)
    return (
        "variable", "short", "type", "measure", "repeat", *questions, "choices", "who is asked", "required", "sensitive",
        "asked", "answered", "skipped", "refused", "don't know", "versions",
    )  # fmt: skip


def rows(dictionary: Dictionary, counts: Mapping[str, Count]) -> Iterator[Sequence[Any]]:
    """A row a variable."""
    language = dictionary.language
    for each in dictionary.variables:
        count = counts.get(each.name, Count())
        questions = (each.labels.get(code, "") for code in dictionary.languages)
        choices = "; ".join(f"{one.code} {one.name} = {one.labels.get(language, one.name)}" for one in each.categories)
        yield (
            each.column, each.short, each.type, each.measure.value, " > ".join(each.repeats), *questions, choices,
            each.relevant or "everybody", _yes(each.required), _yes(each.sensitive), count.asked, count.answered,
            count.skipped, count.refused, count.unknown, ", ".join(each.versions),
        )  # fmt: skip


def as_json(dictionary: Dictionary, counts: Mapping[str, Count], which: Which) -> dict[str, Any]:
    """The same for programs."""
    return {
        "survey": dictionary.survey,
        "title": dictionary.title,
        "languages": dict(dictionary.languages),
        "versions": list(dictionary.versions),
        "counted": told(which),
        "variables": [_variable(each, counts.get(each.name, Count())) for each in dictionary.variables],
    }


def markdown(dictionary: Dictionary, counts: Mapping[str, Count], which: Which, language: str) -> Iterator[str]:
    """The same as a page."""
    yield f"# {cell(dictionary.title)}: dictionary"
    yield ""
    yield f"Versions: {cell(', '.join(dictionary.versions))}. Counted: {cell('; '.join(told(which)))}."
    yield ""
    columns = ("variable", "question", "type", "who is asked", "asked", "answered", "skipped", "refused", "don't know")
    yield from table(columns, [_line(each, counts.get(each.name, Count()), language) for each in dictionary.variables])
    for each in dictionary.variables:
        if each.categories:
            yield from ("", f"## {cell(each.column)}", "")
            listed = [(str(one.code), cell(one.name), cell(one.labels.get(language, ""))) for one in each.categories]
            yield from table(("code", "name", "label"), listed)


def drawn(dictionary: Dictionary, counts: Mapping[str, Count], language: str) -> Iterator[str]:
    """The same for a terminal: a line a variable, its question below."""
    width = max((len(each.column) for each in dictionary.variables), default=8)
    yield f"{'variable':{width}}  {'type':15} {'asked':>8} {'answered':>8} {'skipped':>8} {'refused':>8} {'unknown':>8}"
    for each in dictionary.variables:
        count = counts.get(each.name, Count())
        yield (
            f"{each.column:{width}}  {each.type:15} {count.asked:8,} {count.answered:8,} {count.skipped:8,} "
            f"{count.refused:8,} {count.unknown:8,}"
        )
        yield f"{'':{width}}  {each.label(language)}"
        if each.relevant:
            yield f"{'':{width}}  asked if: {each.relevant}"
        if each.categories:
            listed = ", ".join(f"{one.code} {one.labels.get(language) or one.name}" for one in each.categories)
            yield f"{'':{width}}  {listed}"


def told(which: Which) -> list[str]:
    """In words, which runs are meant."""
    return [
        f"runs that ended as {', '.join(sorted(which.states))}",
        *([f"ended on or after {which.since.isoformat()}"] if which.since else []),
        *([f"ended before {which.until.isoformat()}"] if which.until else []),
        *([f"asked in {which.language}"] if which.language else []),
        *([f"over {which.medium}"] if which.medium else []),
        *([f"version {which.version}"] if which.version else []),
        *(f"{each.question} is {each.value}" for each in which.having),
        *([f"without the flags {', '.join(sorted(which.without))}"] if which.without else []),
    ]


def _line(each: Variable, count: Count, language: str) -> Sequence[str]:
    figures = (count.asked, count.answered, count.skipped, count.refused, count.unknown)
    words = (each.column, each.label(language), each.type, each.relevant or "everybody")
    return (*map(cell, words), *map(str, figures))


def _variable(each: Variable, count: Count) -> dict[str, Any]:
    return {
        "name": each.name,
        "column": each.column,
        "short": each.short,
        "type": each.type,
        "measure": each.measure.value,
        "repeats": list(each.repeats),
        "labels": dict(each.labels),
        "choices": [
            {"name": one.name, "code": one.code, "labels": dict(one.labels), "missing": one.missing}
            for one in each.categories
        ],
        "relevant": each.relevant,
        "required": each.required,
        "sensitive": each.sensitive,
        "versions": list(each.versions),
        "counts": {
            "asked": count.asked, "answered": count.answered, "skipped": count.skipped, "refused": count.refused,
            "dont_know": count.unknown,
        },
    }  # fmt: skip


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"
