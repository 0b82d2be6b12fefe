"""What can be answered to a question, as far as some expressions can tell answers apart.

If an expression compares a number with 12 only, then 11, 12 and 13 stand for all numbers there are. Where that cannot
be said of an expression, nothing is: `None`. So what follows from trying all these answers is certain, not likely.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, pairwise, permutations

from app.flows.flow import Question
from app.flows.questions.range import Range
from app.flows.xpath.expressions import Expression
from app.flows.xpath.functions.values import number_of
from app.flows.xpath.syntax import BadExpression, Bracket, Call, Chain, Literal, Minus, Number, Path, Tree, Union, read

_COMPARING = frozenset(["=", "!=", "<", "<=", ">", ">="])
_MOST_SUBSETS_OF, _MOST_RANKED, _MOST_STEPS = 9, 5, 200
_OTHER_WORDS = "some other words"
_ITSELF, _SOMEHOW = ".", "?"  # among paths: the question itself, and any question in a way that is not followed
_TRUTHS = {"not": 1, "boolean": 1, "if": 1}  # functions, and of how many values only the truth matters to them

# What a path is compared with: a number, a text, or None where it is used in a way that says nothing of answers.
Use = float | str | None


def answers(question: Question, expressions: Iterable[Expression]) -> list[str] | None:
    """Return answers that stand for all that these expressions tell apart, no answer first; None if that is unknown."""
    uses = [use for each in expressions for use in _uses(each, question)]
    kind = question.kind
    if question.choices is not None and question.choices.told is not None:
        return None
    if question.choices is not None:
        return _of_choices(question, [choice.name for choice in question.choices.choices], uses)
    if isinstance(kind, Range):
        steps = int((kind.end - kind.start) / kind.step) + 1
        return (
            ["", *(f"{kind.start + kind.step * place:f}" for place in range(steps))] if steps <= _MOST_STEPS else None
        )
    if kind.name in {"integer", "decimal"} and all(isinstance(use, float) or use == "" for use in uses):
        marks = {use if isinstance(use, float) else 0.0 for use in uses}
        return ["", *_around(sorted(marks or {0.0}), whole=kind.name == "integer")]
    if kind.name == "text" and all(isinstance(use, str) for use in uses):
        return ["", *dict.fromkeys(use for use in uses if isinstance(use, str) and use), _OTHER_WORDS]
    return None


def _of_choices(question: Question, names: list[str], uses: Sequence[Use]) -> list[str] | None:
    if question.kind.name == "rank":
        return ["", *map(" ".join, permutations(names))] if len(names) <= _MOST_RANKED else None
    if question.kind.name != "select_multiple":
        return ["", *names]
    if all(isinstance(use, str) for use in uses):
        # Those that are not named stand for each other.
        named = {word for use in uses if isinstance(use, str) for word in use.split()}
        other = next((name for name in names if name not in named), "")
        names = [name for name in names if name in named or name == other]
    return _subsets(names) if len(names) <= _MOST_SUBSETS_OF else None


def _subsets(names: Sequence[str]) -> list[str]:
    return [" ".join(some) for size in range(len(names) + 1) for some in combinations(names, size)]


def _around(marks: Sequence[float], *, whole: bool) -> list[str]:
    """Numbers on, between and beyond those that matter."""
    if whole:
        return [str(each) for each in sorted({int(mark // 1) + step for mark in marks for step in (-1, 0, 1)})]
    between = [(one + other) / 2 for one, other in pairwise(marks)]
    return [f"{each:f}" for each in (marks[0] - 1, *marks, *between, marks[-1] + 1)]


# -- how an expression uses what it reads ---------------------------------------------------------------------------


def _uses(expression: Expression, question: Question) -> Iterator[Use]:
    """Yield what an expression compares a question with; None if it is written in no plain way."""
    if question.path not in expression.paths:
        return
    by_path = _written(expression.source)
    uses = [*by_path.get(question.path, ()), *by_path.get(_ITSELF, ())]
    yield from uses if uses and _SOMEHOW not in by_path else (None,)


@lru_cache(maxsize=8192)
def _written(source: str) -> Mapping[str, list[Use]]:
    found: dict[str, list[Use]] = {}
    try:
        _walk(read(source), found)
    except BadExpression:
        return {}
    return found


def _walk(tree: Tree, found: dict[str, list[Use]]) -> None:
    match tree:
        case Bracket(inside):
            _walk(inside, found)
        case Chain(first, ((operator, second),)) if operator in _COMPARING:
            _compared(first, second, operator, found)
            _compared(second, first, operator, found)
        case Chain(first, rest):
            plain = rest[0][0] in {"and", "or"}
            for part in (first, *(each for _, each in rest)):
                _part(part, found, plain=plain)
        case Call():
            _called(tree, found)
        case Minus(_, inside):
            _part(inside, found, plain=False)
        case Path():
            _in_path(tree, found)
        case Union():
            found[_SOMEHOW] = []


def _compared(one: Tree, other: Tree, operator: str, found: dict[str, list[Use]]) -> None:
    """Note one side of a comparison."""
    path = _path(one)
    if not path:
        _walk(one, found)
        return
    constant = _constant(other)
    if isinstance(constant, str):
        figures = number_of(constant)
        if not math.isnan(figures):
            constant = figures
        elif operator not in {"=", "!="}:
            constant = None
    found.setdefault(path, []).append(constant)


def _called(call: Call, found: dict[str, list[Use]]) -> None:
    match call.name, call.arguments:
        case "selected", (one, Literal() as wanted) if _path(one):
            found.setdefault(_path(one), []).append(wanted.value)
        case _:
            for place, part in enumerate(call.arguments):
                _part(part, found, plain=place < _TRUTHS.get(call.name, 0))


def _part(tree: Tree, found: dict[str, list[Use]], *, plain: bool) -> None:
    """Note a part of an operator or a call; where only its truth matters, that is whether there is an answer."""
    path = _path(tree)
    if path:
        found.setdefault(path, []).append("" if plain else None)
    else:
        _walk(tree, found)


def _in_path(path: Path, found: dict[str, list[Use]]) -> None:
    """Note a path that stands for its value, and what is asked in its predicates."""
    if name := _path(path):
        found.setdefault(name, []).append(None)
    elif path.is_absolute or not _is_of_a_list(path):
        found[_SOMEHOW] = []
    for step in path.steps:
        for predicate in step.predicates:
            _walk(predicate, found)


def _is_of_a_list(path: Path) -> bool:
    """Say whether a path begins at a list of choices, or at an item of one."""
    from_list = path.start is None or (isinstance(path.start, Call) and path.start.name == "instance")
    return from_list and not any(step.name in {"..", "*"} or step.slash == "//" for step in path.steps)


def _constant(tree: Tree) -> Use:
    match tree:
        case Number(text):
            return number_of(text)
        case Minus("-", Number(text)):
            return -number_of(text)
        case Literal():
            return tree.value
    return None


def _path(tree: Tree) -> str:
    """A plain absolute path, `.` for the question itself, or an empty string for anything else."""
    match tree:
        case Bracket(inside):
            return _path(inside)
        case Path(None, True, steps) if steps and all(each.is_name and not each.predicates for each in steps):
            return "".join(f"/{each.name}" for each in steps)
        case Path(None, False, (step,)) if step.name == "." and not step.predicates:
            return "."
    return ""
