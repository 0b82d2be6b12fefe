"""Which question reads which: the order of calculations, what an expression looks at, and what an answer can change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def dependents(questions: Sequence[Question], calculates: Sequence[Question]) -> Mapping[str, tuple[int, ...]]:
    """For each question whose answer decides about others: the places of those that it opens, closes or narrows."""
    readers: dict[str, list[Question]] = {}
    for question in questions:
        for path in dict.fromkeys(_reads(question, with_choices=True)):
            readers.setdefault(path, []).append(question)
    # Sets of places as whole numbers, one bit a place: long chains of calculations would make very many sets.
    decided: dict[str, int] = {}
    for question in (*reversed(calculates), *(each for each in questions if not each.calculate)):
        places = 0
        for reader in readers.get(question.path, ()):
            places |= decided.get(reader.path, 0) if reader.calculate else 1 << reader.index
        if question.kind.name == "another":
            repeat = question.repeats[-1]
            places |= (1 << repeat.end) - (1 << repeat.start)
        decided[question.path] = places
    return {each.name: _bits(decided[each.path]) for each in questions if not each.calculate and decided[each.path]}


def look_ahead(
    made: Iterable[Expression],
    calculates: Sequence[Question],
    slots: Mapping[str, int],
    shape: Sequence[tuple[int, str, str | None]],
) -> None:
    """Tell each expression what it needs: calculations in their order, and the elements that it looks at itself."""
    by_path = {question.path: place for place, question in enumerate(calculates)}
    reach: list[int] = []
    for question in calculates:
        reach.append(_reach(question_paths(question), by_path, reach))
    parents = {parent for parent, _, _ in shape}
    for expression in made:
        expression.needs = tuple(calculates[place] for place in _bits(_reach(expression.paths, by_path, reach)))
        places = tuple(slots[path] for path in expression.paths if path in slots)
        expression.slots = None if parents.intersection(places) else places


def question_paths(question: Question) -> tuple[str, ...]:
    """All that a calculation reads, and the conditions that it is under."""
    return tuple(path for each in (*question.relevant, question.calculate) if each for path in each.paths)


def _reach(paths: Iterable[str], by_path: Mapping[str, int], reach: Sequence[int]) -> int:
    """The calculations behind some paths, as far as they come before: an instance's own value is no need of itself."""
    places = 0
    for path in paths:
        if (place := by_path.get(path)) is not None:
            places |= 1 << place
            if place < len(reach):
                places |= reach[place]
    return places


def _bits(places: int) -> tuple[int, ...]:
    return tuple(place for place, bit in enumerate(reversed(f"{places:b}")) if bit == "1")


def _reads(question: Question, *, with_choices: bool) -> Iterator[str]:
    for expression in (*question.relevant, question.calculate):
        if isinstance(expression, Expression):
            yield from (path for path in expression.paths if path != question.path or not expression.reads_itself)
    if with_choices:
        if question.choices and question.choices.nodeset:
            yield from question.choices.nodeset.paths
        for repeat in question.repeats:
            if repeat.count:
                yield from repeat.count.paths
