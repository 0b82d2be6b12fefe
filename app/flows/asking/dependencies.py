"""Which question reads which: the order of calculations, what an expression looks at, and what an answer can change.

In repeats it matters of which instance something is read. `depth` says in how many of the repeats around them, from the
outermost on, two are in the same instance; further in, one may read any instance of the other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from app.flows.asking.memory import paths_of
from app.flows.flow import Change, Question, Repeat
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
        question.path: [path for path, *_ in _reads(question, with_choices=False) if path in by_path]
        for question in questions
    }
    order = [by_path[path] for path in _sorted(graph, {path: each.name for path, each in by_path.items()})]
    return tuple(question for question in order if question.calculate)


def check_counts(anchors: Iterable[Question]) -> None:
    """Raise `Circular` where repeats decide about each other how often they are asked, or one whether it is asked at all.

    How often it is asked one may decide itself: there is one more as long as the last one says so.
    """
    by_path = {each.path: each for each in anchors}
    graph: dict[str, list[str]] = {path: [] for path in by_path}
    for path, anchor in by_path.items():
        count = anchor.repeats[-1].count
        for read in behind((*anchor.relevant, *((count,) if count else ()))):
            graph[path] += [each for each in by_path if _is_in(read, each) and not _nested(path, each)]
        if any(_is_in(read, path) for read in behind(anchor.relevant)):
            graph[path].append(path)
    _sorted(graph, {path: each.name for path, each in by_path.items()})


def _sorted(graph: Mapping[str, Sequence[str]], names: Mapping[str, str]) -> list[str]:
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise Circular([names[path] for path in error.args[1]]) from None


def _is_in(path: str, other: str) -> bool:
    return f"{path}/".startswith(f"{other}/")


def _nested(path: str, other: str) -> bool:
    return _is_in(path, other) or _is_in(other, path)


def behind(expressions: Iterable[Expression]) -> Iterator[str]:
    """All paths that some expressions read, also through calculations."""
    for expression in expressions:
        yield from expression.paths
        for needed, _ in expression.needs:
            yield from paths_of(needed)


# -- what a change brings about ---------------------------------------------------------------------------------------


class Readers:
    """Who reads what of a form, and so what a change of something brings about."""

    def __init__(self, questions: Sequence[Question], anchors: Iterable[Question] = ()) -> None:
        self.questions = questions
        self.anchors = {anchor.path: anchor for anchor in anchors}
        self.inside = {path: [each for each in questions if each.path.startswith(f"{path}/")] for path in self.anchors}
        paths = {each.path for each in questions}
        self.readers: dict[str, dict[int, int]] = {}
        for question in questions:
            for path, depth, contents in _reads(question, with_choices=True):
                whole = (
                    [each for each in paths if each.startswith(f"{path}/")] if contents and path not in paths else ()
                )
                for each in (path, *whole):
                    _lower(self.readers.setdefault(each, {}), question.index, depth)
        self.grows: dict[str, dict[str, int]] = {}
        for anchor in self.anchors.values():
            count, outside = anchor.repeats[-1].count, len(anchor.repeats) - 1
            for expression in (*anchor.relevant, *((count,) if count else ())):
                for path in expression.paths:
                    depth = min(expression.near.get(path, 0), outside)
                    _lower(self.grows.setdefault(path, {}), anchor.path, depth)

    def changes(self) -> Mapping[str, Change]:
        """What the answer to each question changes, by its name, and the number of instances of each repeat, by path."""
        found = {}
        for question in (each for each in self.questions if not each.calculate):
            another = question.kind.name == "another"
            start = (question.path, len(question.repeats))
            found[question.name] = self.repeat_changes(question.path) if another else self.change([start])
        for path in self.anchors:
            found[path] = self.repeat_changes(path)
        return found

    def repeat_changes(self, path: str) -> Change:
        """What changes where there are more or fewer instances of a repeat."""
        return self.change([], [(path, len(self.anchors[path].repeats) - 1)])

    def change(self, paths: Iterable[tuple[str, int]], repeats: Iterable[tuple[str, int]] = ()) -> Change:
        """Follow a change on: from paths whose value is another, and repeats that have more or fewer instances."""
        reached: dict[int, int] = {}
        grown: dict[str, int] = {}
        waiting: list[tuple[str, int]] = []
        for path, depth in repeats:
            self._grow(path, depth, grown, reached, waiting)
        waiting += paths
        while waiting:
            path, depth = waiting.pop()
            for index, shared in self.readers.get(path, {}).items():
                self._reach(index, min(depth, shared), reached, waiting)
            for repeat, shared in self.grows.get(path, {}).items():
                self._grow(repeat, min(depth, shared), grown, reached, waiting)
        by_index = sorted(reached.items())
        return Change(
            asked=tuple((index, depth) for index, depth in by_index if not self.questions[index].calculate),
            calculates=tuple((self.questions[i], depth) for i, depth in by_index if self.questions[i].calculate),
            repeats=tuple((self.anchors[path].repeats[-1], depth) for path, depth in grown.items()),
        )

    def _reach(self, index: int, depth: int, reached: dict[int, int], waiting: list[tuple[str, int]]) -> None:
        if _lower(reached, index, depth) and self.questions[index].calculate:
            waiting.append((self.questions[index].path, depth))

    def _grow(
        self, path: str, depth: int, grown: dict[str, int], reached: dict[int, int], waiting: list[tuple[str, int]]
    ) -> None:
        """A repeat has more or fewer instances: who looks at them from elsewhere, or across them, sees another."""
        if not _lower(grown, path, depth):
            return
        waiting.append((path, depth))
        outside = len(self.anchors[path].repeats) - 1
        for each in self.inside[path]:
            for index, shared in self.readers.get(each.path, {}).items():
                if shared <= outside:
                    self._reach(index, min(depth, shared), reached, waiting)
            for repeat, shared in self.grows.get(each.path, {}).items():
                if shared <= outside and repeat != path:
                    self._grow(repeat, min(depth, shared), grown, reached, waiting)


def _lower(found: dict[Any, int], key: str | int, depth: int) -> bool:
    """Keep the least depth; says whether it is another than before."""
    if key in found and found[key] <= depth:
        return False
    found[key] = depth
    return True


def dependents(changes: Mapping[str, Change], questions: Sequence[Question]) -> Mapping[str, tuple[int, ...]]:
    """For each question whose answer decides about others: the places of those that it opens, closes or narrows.

    Where it decides how many instances of a repeat there are, all that is in the repeat is among them.
    """
    found = {}
    for name in (each.name for each in questions if each.name in changes):
        change = changes[name]
        asked = {index for index, _ in change.asked}
        for repeat, _ in change.repeats:
            asked.update(each.index for each in questions if repeat in each.repeats and not each.calculate)
        if asked:
            found[name] = tuple(sorted(asked))
    return found


# -- what an expression looks at --------------------------------------------------------------------------------------


def growing(repeats: Iterable[Repeat]) -> frozenset[str]:
    """The repeats whose count looks into themselves."""
    found = set()
    for repeat in repeats:
        if repeat.count is not None:
            read = {*repeat.count.paths, *(path for each, _ in repeat.count.needs for path in paths_of(each))}
            if any(f"{path}/".startswith(f"{repeat.path}/") for path in read):
                found.add(repeat.name)
    return frozenset(found)


def look_ahead(
    made: Iterable[Expression],
    calculates: Sequence[Question],
    slots: Mapping[str, int],
    within: Sequence[tuple[Repeat, ...]],
) -> None:
    """Tell each expression what it needs: calculations in their order, and the elements that it looks at."""
    places = {question.path: place for place, question in enumerate(calculates)}
    levels = 1 + max(map(len, within), default=0)
    reach: list[list[int]] = []
    for question in calculates:
        reads = [pair for each in (*question.relevant, question.calculate) if each for pair in _read(each)]
        reach.append(_reach(reads, places, reach, levels))
    groups = {path.rpartition("/")[0] for path in slots}
    for expression in made:
        needed = _reach(_read(expression), places, reach, levels)
        expression.needs = tuple(_by_place(calculates, needed))
        if expression.is_ordered or groups & expression.contents:
            continue
        looked = [(slots[path], expression.near.get(path, 0)) for path in expression.paths if path in slots]
        expression.slots = tuple(slot for slot, _ in looked if not within[slot])
        expression.sites = tuple((slot, within[slot], depth) for slot, depth in looked if within[slot])


def gather(questions: Sequence[Question], slots: Mapping[str, int], within: Sequence[tuple[Repeat, ...]]) -> None:
    """Tell calculations that only count, add up or join answers where these are."""
    by_path = {each.path: each for each in questions if each.kind.name != "another"}
    for expression in (each.calculate for each in questions if each.calculate and each.calculate.gathers):
        name, path, _ = expression.gathers
        if path in slots and (name == "count" or path in by_path):
            read = None if name == "count" else by_path[path]
            expression.gathered = (read, within[slots[path]], expression.near.get(path, 0))


def _reach(
    reads: Iterable[tuple[str, int]], places: Mapping[str, int], reach: Sequence[Sequence[int]], levels: int
) -> list[int]:
    """The calculations behind what is read, as far as they come before: an instance's own value is no need of itself.

    For each depth those that are needed at this depth or less, as whole numbers, one bit a calculation: long chains of
    them would make very many sets.
    """
    found = [0] * levels
    for path, depth in reads:
        if (place := places.get(path)) is not None:
            behind = reach[place] if place < len(reach) else [0] * levels
            for level in range(levels):
                found[level] |= behind[level] if level < depth else 1 << place | behind[-1]
    return found


def _by_place(calculates: Sequence[Question], needed: Sequence[int]) -> Iterator[tuple[Question, int]]:
    """The calculations in their order, each with the least depth at which it is needed."""
    for place, bit in enumerate(reversed(f"{needed[-1]:b}")):
        if bit == "1":
            yield calculates[place], next(depth for depth, bits in enumerate(needed) if bits >> place & 1)


def _read(expression: Expression) -> Iterator[tuple[str, int]]:
    return ((path, expression.near.get(path, 0)) for path in expression.paths)


def _reads(question: Question, *, with_choices: bool) -> Iterator[tuple[str, int, bool]]:
    """The paths that decide about a question, each with its depth, and whether what is inside it matters."""
    nodeset = question.choices.nodeset if with_choices and question.choices else None
    for expression in (*question.relevant, question.calculate, nodeset):
        if expression is not None:
            for path, depth in _read(expression):
                if path != question.path or not expression.reads_itself:
                    yield path, depth, path in expression.contents
