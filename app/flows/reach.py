"""Finds questions and conditions that can never come true, as far as that can be told without guessing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import product
from math import prod

from app.flows.document import Document
from app.flows.expressions import Expression
from app.flows.flow import Flow, Question

_AT = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
_MOST_COMBINATIONS = 3_000


def strange_values(flow: Flow) -> Iterator[tuple[Question, str, Question, str]]:
    """Yield where a select question is compared with what is none of its choices: question, source, select, value."""
    by_path = {question.path: question for question in flow.questions if question.choices}
    seen: set[int] = set()
    for question in flow.questions:
        for expression in expressions(question):
            if id(expression) in seen:
                continue
            seen.add(id(expression))
            for path, value in expression.compared:
                select = by_path.get(path)
                names = {choice.name for choice in select.choices.choices} if select and select.choices else set()
                if select and not names.issuperset(value.split()):
                    yield question, expression.source, select, value


def never_asked(flow: Flow) -> Iterator[tuple[Question, str]]:
    """Yield the questions and notes that nobody will see, and why."""
    ended = ""
    for question in flow.questions:
        if question.silent:
            continue
        if ended:
            yield question, f"the note {ended} before it always ends the survey"
        elif not _can_be_relevant(flow, question):
            yield question, "its condition is never true"
        elif question.end and not question.relevant:
            ended = question.name


def empty_lists(flow: Flow) -> Iterator[Question]:
    """Yield the select questions whose filter leaves nothing, whatever was answered before."""
    for question in flow.questions:
        nodeset = question.choices.nodeset if question.choices else None
        if nodeset is None:
            continue
        combinations = _combinations(flow, [nodeset])
        if combinations is not None and not any(_document(flow, each).choices(question) for each in combinations):
            yield question


def expressions(question: Question) -> Iterator[Expression]:
    """All expressions of a question but those in its texts."""
    choices = question.choices
    found = (
        *question.relevant, question.constraint, question.calculate, question.required,
        choices.nodeset if choices else None,
    )  # fmt: skip
    return (each for each in found if isinstance(each, Expression))


def _can_be_relevant(flow: Flow, question: Question) -> bool:
    """Try all answers to the select questions that the conditions read; conditions that read more may come true."""
    known = [each for each in question.relevant if _combinations(flow, [each]) is not None]
    combinations = _combinations(flow, known)
    if combinations is None:  # together they read too much: look at each alone
        return all(_comes_true(flow, question, [each], _combinations(flow, [each]) or []) for each in known)
    return not known or _comes_true(flow, question, known, combinations)


def _comes_true(
    flow: Flow, question: Question, conditions: Sequence[Expression], combinations: Sequence[dict[str, str]]
) -> bool:
    return any(
        all(document.value(condition, question) for condition in conditions)
        for document in (_document(flow, answers) for answers in combinations)
    )


def _combinations(flow: Flow, conditions: Sequence[Expression]) -> list[dict[str, str]] | None:
    """All answers that decide about some conditions; None if they read anything but the clock-free answers to selects."""
    by_path = {question.path: question for question in flow.questions}
    paths = dict.fromkeys(path for condition in conditions for path in condition.paths)
    read = [by_path[path] for path in paths if path in by_path]
    if len(read) < len(paths) or not all(condition.timeless for condition in conditions):
        return None
    if not all(question.choices for question in read):
        return None
    values = [_values(question) for question in read]
    if prod(map(len, values)) > _MOST_COMBINATIONS:
        return None
    return [{q.name: v for q, v in zip(read, each, strict=True) if v} for each in product(*values)]


def _values(question: Question) -> list[str]:
    """No answer, each choice alone or first, and for several choices all of them at once and all but each one."""
    names = [choice.name for choice in question.choices.choices] if question.choices else []
    if question.kind.name == "rank":
        return ["", *(" ".join([name, *(each for each in names if each != name)]) for name in names)]
    if question.kind.name != "select_multiple":
        return ["", *names]
    return ["", *names, " ".join(names), *(" ".join(each for each in names if each != name) for name in names)]


def _document(flow: Flow, answers: dict[str, str]) -> Document:
    return Document(flow, answers, locale=flow.locale, seed=1, at=_AT)
