"""Which question reads which: the order of calculations, what an expression looks at, and what an answer can change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from app.flows.asking.memory import paths_of
from app.flows.flow import Question, Repeat
from app.flows.xpath.expressions import Expression


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


def dependents(questions: Sequence[Question], anchors: Iterable[Question] = ()) -> Mapping[str, tuple[int, ...]]:
    """For each question whose answer decides about others: the places of those that it opens, closes or narrows.

    Where it decides how many instances of a repeat there are, all that looks into the repeat is among them.
    """
    readers: dict[str, set[int]] = {}
    for question in questions:
        for path in _reads(question, with_choices=True):
            readers.setdefault(path, set()).add(question.index)
    grows = _grows(questions, anchors)
    by_path = {question.path: question for question in questions}
    found: dict[str, tuple[int, ...]] = {}
    for question in (each for each in questions if not each.calculate):
        reached: set[int] = set()
        waiting, seen = [question.path], {question.path}
        while waiting:
            path = waiting.pop()
            new = readers.get(path, set()) - reached
            reached |= new
            calculated = [questions[index].path for index in new if questions[index].calculate]
            more = {*calculated, *grows.get(path, ())} - seen
            seen |= more
            waiting += more
        asked = {index for index in reached if not questions[index].calculate}
        if question.kind.name == "another":
            asked.update(range(question.repeats[-1].start, question.repeats[-1].end))
        if asked:
            found[question.name] = tuple(sorted(asked))
    return {name: found[name] for name in (each.name for each in by_path.values()) if name in found}


def _grows(questions: Sequence[Question], anchors: Iterable[Question]) -> Mapping[str, Sequence[str]]:
    """For each path that decides how many instances of a repeat there are: the repeat, and all that is in it."""
    found: dict[str, list[str]] = {}
    for anchor in anchors:
        inside = [anchor.path, *(each.path for each in questions if each.path.startswith(f"{anchor.path}/"))]
        count = anchor.repeats[-1].count
        for expression in (*anchor.relevant, *((count,) if count else ())):
            for path in expression.paths:
                found.setdefault(path, []).extend(inside)
        found.setdefault(anchor.path, []).extend(inside)
    return found


def growing(repeats: Iterable[Repeat]) -> frozenset[str]:
    """The repeats whose count looks into themselves."""
    found = set()
    for repeat in repeats:
        if repeat.count is not None:
            read = {*repeat.count.paths, *(path for each in repeat.count.needs for path in paths_of(each))}
            if any(f"{path}/".startswith(f"{repeat.path}/") for path in read):
                found.add(repeat.name)
    return frozenset(found)


def look_ahead(
    made: Iterable[Expression],
    calculates: Sequence[Question],
    slots: Mapping[str, int],
    shape: Sequence[tuple[int, str, str | None]],
) -> None:
    """Tell each expression what it needs: calculations in their order, and the elements that it looks at."""
    by_path = {question.path: place for place, question in enumerate(calculates)}
    # Sets of places as whole numbers, one bit a place: long chains of calculations would make very many sets.
    reach: list[int] = []
    for question in calculates:
        reach.append(_reach(paths_of(question), by_path, reach))
    parents = {parent for parent, _, _ in shape}
    for expression in made:
        needed = f"{_reach(expression.paths, by_path, reach):b}"
        expression.needs = tuple(calculates[place] for place, bit in enumerate(reversed(needed)) if bit == "1")
        places = [slots[path] for path in expression.paths if path in slots]
        expression.slots = None if parents.intersection(places) else tuple(places)


def _reach(paths: Iterable[str], by_path: Mapping[str, int], reach: Sequence[int]) -> int:
    """The calculations behind some paths, as far as they come before: an instance's own value is no need of itself."""
    places = 0
    for path in paths:
        if (place := by_path.get(path)) is not None:
            places |= 1 << place
            if place < len(reach):
                places |= reach[place]
    return places


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
