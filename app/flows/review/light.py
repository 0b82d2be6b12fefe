"""A survey without the calculations that do not matter: what many turns are played with costs less then."""

import dataclasses
from collections.abc import Iterable, Iterator

from app.flows.expressions import Expression
from app.flows.flow import Flow, Question, Text


def light(flow: Flow, expressions: Iterable[Expression]) -> Flow:
    """Return the survey with those calculations only that some expressions read, directly or not."""
    by_path = {question.path: question for question in flow.calculates}
    needed: set[int] = set()
    waiting = list(expressions)
    while waiting:
        for path in waiting.pop().paths:
            read = by_path.get(path)
            if read is not None and read.calculate and read.index not in needed:
                needed.add(read.index)
                waiting += [read.calculate, *read.relevant]
    return dataclasses.replace(flow, calculates=tuple(each for each in flow.calculates if each.index in needed))


def deciding(flow: Flow) -> Iterator[Expression]:
    """Yield what decides about the way through a survey."""
    for question in flow.questions:
        if not question.silent:
            nodeset = question.choices.nodeset if question.choices else None
            for each in (*question.relevant, question.constraint, question.required, nodeset):
                if isinstance(each, Expression):
                    yield each


def shown(question: Question) -> Iterator[Expression]:
    """Yield what decides about the screen of a question."""
    choices = question.choices
    texts: list[Text] = [*question.labels.values(), *question.shorts.values()]
    for choice in choices.choices if choices else ():
        texts += [*choice.labels.values(), *choice.shorts.values()]
    for piece in (piece for text in texts for piece in text):
        if isinstance(piece, Expression):
            yield piece
    for each in (question.required, choices.nodeset if choices else None, choices.seed if choices else None):
        if isinstance(each, Expression):
            yield each
