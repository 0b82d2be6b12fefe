"""Which expressions are remembered: those whose value follows from a few answers alone, at any time and for everybody."""

from collections.abc import Collection, Iterator, Sequence

from app.flows.flow import Question
from app.flows.xpath.expressions import Expression


def remember(
    questions: Sequence[Question],
    calculates: Sequence[Question],
    set_by_itself: Collection[str],
    groups: Sequence[Question] = (),
) -> None:
    """Tell expressions what they read; one that reads anything else must be worked out every time.

    Where those are answers and nothing else, the state has them. Else the instance does, with calculations done; there
    no text that somebody typed is kept, nor anything that was made of one. `groups` stand for groups and repeats.
    """
    outside = [each for each in questions if not each.repeats]
    by_path = {each.path: each for each in questions if each.kind.name != "another"}
    answered = {each.path: each.name for each in outside if each.kind.asked and each.name not in set_by_itself}
    quiet = {path for path, each in by_path.items() if not each.calculate and each.kind.name != "text"}
    for question in calculates:
        if quiet.issuperset(paths_of(question)):
            quiet.add(question.path)
    counts = [(each, each.repeats[-1].count) for each in groups if each.repeats]
    pairs = [(each, expression) for each in (*questions, *groups) for expression in _expressions(each)]
    for question, expression in (*pairs, *counts):
        if expression is not None and expression.timeless:
            if expression not in (question.calculate, question.constraint) and answered.keys() >= set(expression.paths):
                expression.reads = tuple(answered[path] for path in expression.paths)
                expression.memo = {}
            elif all(path in quiet and _is_near(by_path[path], expression) for path in expression.paths):
                expression.leaves = tuple(by_path[path] for path in expression.paths)
                expression.memo = {}


def _is_near(read: Question, expression: Expression) -> bool:
    """Say whether an expression reads it in one instance only: the one that it is worked out in."""
    return expression.near.get(read.path, 0) == len(read.repeats)


def paths_of(question: Question) -> tuple[str, ...]:
    """All that a calculation reads, and the conditions that it is under."""
    return tuple(path for each in (*question.relevant, question.calculate) if each for path in each.paths)


def _expressions(question: Question) -> Iterator[Expression]:
    choices = question.choices
    filters = (choices.nodeset, choices.by) if choices else ()
    for each in (*question.relevant, *filters, question.required, question.constraint, question.calculate):
        if isinstance(each, Expression):
            yield each
