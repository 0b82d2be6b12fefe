"""Which question reads which: the order of calculations, and where an answer can open or close a question."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from app.flows.expressions import Expression
from app.flows.flow import Question


class Circular(ValueError):
    """Questions decide about each other in a circle; `names` is the way round."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(" → ".join(names))
        self.names = tuple(names)


def in_order(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Return the calculations, each after those it reads; raises `Circular`.

    Relevance is part of a circle too: a question that decides whether itself is asked never is (as in JavaRosa).
    """
    by_path = {question.path: question for question in questions}
    graph: dict[str, list[str]] = {
        question.path: [path for path in _reads(question, with_choices=False) if path in by_path]
        for question in questions
    }
    try:
        order = [by_path[path] for path in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise Circular([by_path[path].name for path in error.args[1]]) from None
    return tuple(question for question in order if question.calculate)


def dependents(questions: Sequence[Question]) -> Mapping[str, int]:
    """For each question whose answer decides about others: the place of the first that it opens, closes or narrows."""
    readers: dict[str, set[str]] = {}
    for question in questions:
        for path in _reads(question, with_choices=True):
            readers.setdefault(path, set()).add(question.path)
    by_path = {question.path: question for question in questions}
    first: dict[str, int] = {}
    for question in questions:
        reached: set[str] = set()
        waiting = [question.path]
        while waiting:
            new = readers.get(waiting.pop(), set()) - reached
            reached |= new
            waiting += [path for path in new if by_path[path].calculate]
        asked = [by_path[path].index for path in reached if not by_path[path].calculate]
        if asked:
            first[question.name] = min(asked)
    return first


def _reads(question: Question, *, with_choices: bool) -> Iterator[str]:
    for expression in (*question.relevant, question.calculate):
        if isinstance(expression, Expression):
            yield from expression.paths
    if with_choices and question.choices and question.choices.nodeset:
        yield from question.choices.nodeset.paths
