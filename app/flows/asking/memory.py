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
    no text that somebody typed is kept, nor anything that was made of one. `groups` stand for what has conditions only.
    """
    outside = [each for each in questions if not each.repeats]
    by_path = {each.path: each for each in outside}
    answered = {each.path: each.name for each in outside if each.kind.asked and each.name not in set_by_itself}
    quiet = {each.path for each in outside if not each.calculate and each.kind.name != "text"}
    for question in calculates:
        if not question.repeats and quiet.issuperset(paths_of(question)):
            quiet.add(question.path)
    for question in (*questions, *groups):
        for expression in _expressions(question):
            if not expression.timeless:
                continue
            if expression not in (question.calculate, question.constraint) and answered.keys() >= set(expression.paths):
                expression.reads = tuple(answered[path] for path in expression.paths)
                expression.memo = {}
            elif quiet.issuperset(expression.paths):
                expression.leaves = tuple(by_path[path] for path in expression.paths)
                expression.memo = {}


def paths_of(question: Question) -> tuple[str, ...]:
    """All that a calculation reads, and the conditions that it is under."""
    return tuple(path for each in (*question.relevant, question.calculate) if each for path in each.paths)


def _expressions(question: Question) -> Iterator[Expression]:
    choices = question.choices
    filters = (choices.nodeset, choices.by) if choices else ()
    for each in (*question.relevant, *filters, question.required, question.constraint, question.calculate):
        if isinstance(each, Expression):
            yield each
