"""The most that a survey can ask of one person: the largest sums over all answers that its conditions allow.

A search over the answers that decide. What depends on different answers is added up apart, and each part is looked at
once. Conditions that nobody can foresee (a clock, free words) count as true, and so does all that is left when the search
has taken its most steps: so the sums are never too small.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.flows.flow import Question
from app.flows.review.trial import Trial
from app.flows.xpath.expressions import Expression

MOST_STEPS = 40_000
_DEEPEST = 100  # answers that are fixed at a time
Weights = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """Questions that stand under the same conditions, with their weights together; worked out at one of them."""

    question: Question
    conditions: tuple[Expression, ...]
    weights: Weights


def most(trial: Trial, weights: Mapping[str, Weights]) -> Weights:
    """Return the largest sum of each of the weights that the questions have, by name."""
    search = _Search(trial, weights)
    return search.most(search.items, {})


class _Search:
    """One search, with what it has found so far."""

    def __init__(self, trial: Trial, weights: Mapping[str, Weights]) -> None:
        self.trial, self.steps = trial, 0
        self.nothing: Weights = (0,) * len(next(iter(weights.values()), ()))
        self.found: dict[tuple[frozenset[tuple[int, int]], frozenset[tuple[str, str]]], Weights] = {}
        self.reads: dict[int, frozenset[str]] = {}
        questions = [trial.flow.by_name[name] for name in weights]
        conditions = {id(each): each for question in questions for each in question.relevant}
        self.values = self.domains(list(conditions.values()))
        self.items = self.gathered(questions, weights)

    def domains(self, conditions: Sequence[Expression]) -> dict[str, list[str]]:
        """Answers that stand for all, of every question that conditions read; keeps the conditions that can be followed."""
        readers: dict[str, list[Expression]] = {}
        for condition in conditions:
            for question in self.trial.reads(condition) or ():
                readers.setdefault(question.name, []).append(condition)
        values: dict[str, list[str]] = {}
        for name, reading in readers.items():
            question = self.trial.flow.by_name[name]
            known = [each for each in reading if self.trial.domain(question, [each]) is not None]
            if stand := self.trial.domain(question, known):
                values[name] = stand
        for condition in conditions:
            read = self.trial.reads(condition)
            followed = read and all(
                each.name in values and self.trial.domain(each, [condition]) is not None for each in read
            )
            if read is not None and followed:
                self.reads[id(condition)] = frozenset(each.name for each in read)
        return values

    def gathered(self, questions: Iterable[Question], weights: Mapping[str, Weights]) -> list[_Item]:
        together: dict[tuple[int, ...], _Item] = {}
        for question in questions:
            known = tuple(each for each in question.relevant if id(each) in self.reads)
            key = tuple(map(id, known))
            before = together.get(key)
            added = _sum(before.weights, weights[question.name]) if before else weights[question.name]
            together[key] = _Item(question, known, added)
        return list(together.values())

    def most(self, items: Sequence[_Item], fixed: Mapping[str, str]) -> Weights:
        """The largest sums over all answers to what is not fixed yet."""
        total, open_ = self.nothing, []
        for item in items:
            left = self.left(item, fixed)
            if left is not None and left.conditions:
                open_.append(left)
            elif left is not None:
                total = _sum(total, left.weights)
        for part in self.parts(open_, fixed):
            total = _sum(total, self.most_of_part(part, fixed))
        return total

    def most_of_part(self, part: Sequence[_Item], fixed: Mapping[str, str]) -> Weights:
        names = frozenset[str]().union(*(self.reads[id(each)] for item in part for each in item.conditions))
        key = (
            frozenset((item.question.index, id(each)) for item in part for each in item.conditions),
            frozenset((name, fixed[name]) for name in names if name in fixed),
        )
        if key not in self.found:
            self.found[key] = self.branched(part, fixed)
        return self.found[key]

    def branched(self, part: Sequence[_Item], fixed: Mapping[str, str]) -> Weights:
        """Try every answer to the question that decides about most."""
        counts: dict[str, int] = {}
        for item in part:
            for name in frozenset[str]().union(*(self.reads[id(each)] for each in item.conditions)) - fixed.keys():
                counts[name] = counts.get(name, 0) + 1
        name = max(counts, key=lambda each: (counts[each], -self.trial.flow.by_name[each].index))
        best = self.nothing
        for value in self.values[name]:
            self.steps += 1
            if self.steps > MOST_STEPS or len(fixed) > _DEEPEST:
                return _added(part, self.nothing)
            best = tuple(map(max, best, self.most(part, {**fixed, name: value})))
        return best

    def left(self, item: _Item, fixed: Mapping[str, str]) -> _Item | None:
        """What is open of an item once some answers are fixed; None if it is not asked."""
        left = []
        for condition in item.conditions:
            if not self.reads[id(condition)] <= fixed.keys():
                left.append(condition)
            elif not self.trial.value(condition, item.question, fixed):
                return None
        return _Item(item.question, tuple(left), item.weights)

    def parts(self, items: Sequence[_Item], fixed: Mapping[str, str]) -> list[list[_Item]]:
        """Items that no undecided answer joins, apart."""
        parts: list[tuple[set[str], list[_Item]]] = []
        for item in items:
            names = set[str]().union(*(self.reads[id(each)] for each in item.conditions)) - fixed.keys()
            joined = [part for part in parts if part[0] & names]
            apart = [part for part in parts if not part[0] & names]
            members = [each for _, others in joined for each in others]
            parts = [*apart, (names.union(*(others for others, _ in joined)), [*members, item])]
        return [members for _, members in parts]


def _sum(one: Weights, other: Weights) -> Weights:
    return tuple(map(int.__add__, one, other))


def _added(items: Iterable[_Item], nothing: Weights) -> Weights:
    total = nothing
    for item in items:
        total = _sum(total, item.weights)
    return total
