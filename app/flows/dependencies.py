"""Which question reads which: the order of calculations, and where an answer can open or close a question."""

from collections.abc import Iterator, Mapping, Sequence

from app.flows.expressions import Expression
from app.flows.flow import Question


class Circular(ValueError):
    """Calculations go round in a circle; `name` is one of them, the message the way round."""

    def __init__(self, circle: Sequence[str]) -> None:
        super().__init__(" → ".join(circle))
        self.name = circle[0]


def in_order(calculates: Sequence[Question]) -> tuple[Question, ...]:
    """Sort calculations so that each comes after those it reads; raises `Circular`."""
    by_path = {question.path: question for question in calculates}
    done: dict[str, Question] = {}

    def visit(question: Question, trail: tuple[str, ...]) -> None:
        if question.path in done:
            return
        if question.name in trail:
            raise Circular((*trail[trail.index(question.name) :], question.name))
        for path in _reads(question):
            if path in by_path:
                visit(by_path[path], (*trail, question.name))
        done[question.path] = question

    for question in calculates:
        visit(question, ())
    return tuple(done.values())


def dependents(questions: Sequence[Question]) -> Mapping[str, int]:
    """For each question whose answer decides about others, the place of the first one that it opens, closes or narrows."""
    readers: dict[str, set[str]] = {}
    for question in questions:
        for path in _reads(question):
            readers.setdefault(path, set()).add(question.path)
    by_path = {question.path: question for question in questions}
    first: dict[str, int] = {}
    for question in questions:
        reached, waiting = set(), [question.path]
        while waiting:
            for reader in readers.get(waiting.pop(), ()):
                if reader not in reached:
                    reached.add(reader)
                    if by_path[reader].calculate:
                        waiting.append(reader)
        asked = [by_path[path].index for path in reached if not by_path[path].calculate]
        if asked:
            first[question.name] = min(asked)
    return first


def _reads(question: Question) -> Iterator[str]:
    expressions = [*question.relevant, question.calculate, question.choices.nodeset if question.choices else None]
    for expression in expressions:
        if isinstance(expression, Expression):
            yield from expression.paths
