"""Finds questions, conditions and choices that can never come true, as far as that is certain.

Answers that stand for all there are (`review.domains`) are tried on each condition, and where they are not too many on
all conditions of a question together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.flows.flow import Choice, Flow, Question
from app.flows.review.trial import MOST_COMBINATIONS, Answers, Trial
from app.flows.xpath.expressions import Expression

_LONG_LIST = 300  # to filter one takes its time, so it is not done more often than this


@dataclass(frozen=True, slots=True)
class Strange:
    """An expression of a question compares a select question with what is none of its choices."""

    question: Question
    source: str
    select: Question
    value: str


def strange_values(flow: Flow) -> Iterator[Strange]:
    """Yield where a select question is compared with what is none of its choices."""
    by_path = {each.path: each for each in flow.questions if each.choices and each.choices.told is None}
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
                    yield Strange(question, expression.source, select, value)


def never_asked(trial: Trial) -> Iterator[tuple[Question, str]]:
    """Yield the questions and notes that nobody will see, and why."""
    ended = ""
    for question in trial.flow.questions:
        if question.silent:
            continue
        if ended:
            yield question, f"the note {ended} before it always ends the survey"
        elif not _comes_true(trial, question, question.relevant):
            yield question, "its condition is never true"
        elif question.end and not question.relevant:
            ended = question.name


def never_worked_out(trial: Trial) -> Iterator[Question]:
    """Yield the calculations that are never made, for their condition is never true."""
    for question in trial.flow.calculates:
        if not _comes_true(trial, question, question.relevant):
            yield question


def empty_lists(trial: Trial) -> Iterator[Question]:
    """Yield the select questions whose filter leaves nothing, whatever was answered before."""
    for question in trial.flow.questions:
        left = _left(trial, question)
        if left is not None and not left:
            yield question


def filtered_out(trial: Trial) -> Iterator[tuple[Question, Sequence[Choice]]]:
    """Yield select questions with choices that no filter ever lets through, in no question that has the same list."""
    seen: dict[str, set[int]] = {}
    certain: dict[str, Question] = {}
    for question in trial.flow.questions:
        if question.choices is None:
            continue
        name, left = question.choices.name or question.name, _left(trial, question)
        if left is not None:
            certain.setdefault(name, question)
        seen.setdefault(name, set()).update(range(len(question.choices.choices)) if left is None else left)
    for name, question in certain.items():
        choices = question.choices.choices if question.choices else ()
        lost = [choice for place, choice in enumerate(choices) if place not in seen[name]]
        if lost and seen[name]:
            yield question, lost


def refused_by_constraint(trial: Trial) -> Iterator[tuple[Question, Sequence[Choice]]]:
    """Yield the questions with answers that their constraint never takes: these choices, or (none named) any at all."""
    for question in trial.flow.questions:
        if question.constraint is None or not question.kind.asked:
            continue
        combinations = trial.combinations([question.constraint])
        if combinations is None or not any(question.name in each for each in combinations):
            continue
        taken = {
            each[question.name]
            for each in combinations
            if each[question.name] and trial.value(question.constraint, question, each)
        }
        if not taken:
            yield question, ()
        elif question.choices and question.kind.name == "select_one":
            lost = [choice for choice in question.choices.choices if choice.name not in taken]
            if lost:
                yield question, lost


def never_required(trial: Trial) -> Iterator[Question]:
    """Yield the questions with an expression in `required` that is never true."""
    for question in trial.flow.questions:
        needed = question.required
        if isinstance(needed, Expression) and needed.source != "false()" and not _comes_true(trial, question, [needed]):
            yield question


def expressions(question: Question) -> Iterator[Expression]:
    """All expressions of a question but those in its texts."""
    choices = question.choices
    found = (
        *question.relevant, question.constraint, question.calculate, question.required,
        choices.nodeset if choices else None,
    )  # fmt: skip
    return (each for each in found if isinstance(each, Expression))


def _comes_true(trial: Trial, question: Question, conditions: Sequence[Expression]) -> bool:
    """Try all answers that decide about the conditions; one that reads more than answers may come true."""
    if not all(trial.may_be_true(each, question) for each in conditions):
        return False
    known = [each for each in conditions if trial.is_followed(each)]
    together = trial.combinations(known)
    if together is None or not known:
        return True
    read = {each.name: each for condition in known for each in trial.reads(condition) or ()}
    return any(
        all(trial.value(each, question, answers) for each in known) and _is_possible(trial, answers, read)
        for answers in together
    )


def _is_possible(trial: Trial, answers: Answers, read: dict[str, Question]) -> bool:
    """Say whether these answers can stand together: none to a question that the others close or do not allow."""
    for name, value in answers.items():
        question = read[name]
        rules = (*question.relevant, *((question.constraint,) if question.constraint else ()))
        for rule in rules if value else ():
            decides = trial.reads(rule)
            if decides is None or not answers.keys() >= {each.name for each in decides}:
                continue
            if not trial.value(rule, question, answers):
                return False
    return True


def _left(trial: Trial, question: Question) -> set[int] | None:
    """The places of the choices that the filter lets through for some answers; None if that cannot be said."""
    nodeset = question.choices.nodeset if question.choices else None
    most = MOST_COMBINATIONS if question.choices and len(question.choices.choices) < _LONG_LIST else _LONG_LIST
    combinations = None if nodeset is None else trial.combinations([nodeset], most)
    if nodeset is None or combinations is None or (question.choices and question.choices.told):
        return None
    return {int(place) for each in combinations for place in trial.value(nodeset, question, each)}
