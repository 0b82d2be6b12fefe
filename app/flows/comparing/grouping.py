"""Finds a list's rows at once where its filter compares one column with one answer, instead of looking at every row."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.flows.flow import Choice
from app.flows.xpath.syntax import Call, Chain, Path, Tree, read


def grouped(
    nodeset: str, instance: Any, choices: Sequence[Choice], holds_text: Callable[[str], bool]
) -> tuple[str, Mapping[str, tuple[Choice, ...]]] | None:
    """The question whose answer decides, and the choices for each; None for any other filter than `column = ${question}`.

    `holds_text` tells whether a path is one question whose answer is compared as a text; numbers and days are not.
    """
    sides = _sides(read(nodeset))
    if sides is None:
        return None
    columns = [column for each in sides if (column := _column(each))]
    paths = [path for each in sides if (path := _path(each))]
    if len(columns) != 1 or len(paths) != 1 or not holds_text(paths[0]):
        return None
    found: dict[str, list[Choice]] = {}
    for item, choice in zip(instance[0], choices, strict=True):
        cell = item.find(columns[0])
        if cell is not None and len(cell):
            return None
        found.setdefault("" if cell is None else cell.text or "", []).append(choice)
    return paths[0], {value: tuple(each) for value, each in found.items()}


def _sides(tree: Tree) -> tuple[Tree, Tree] | None:
    """What the one condition of a list compares."""
    if not isinstance(tree, Path) or not isinstance(tree.start, Call):
        return None
    conditions = [each for step in tree.steps for each in step.predicates]
    if len(conditions) != 1 or not isinstance(conditions[0], Chain) or not tree.steps[-1].predicates:
        return None
    chain = conditions[0]
    if len(chain.rest) != 1 or chain.rest[0][0] != "=":
        return None
    return chain.first, chain.rest[0][1]


def _column(tree: Tree) -> str:
    """The column of the row at hand that this is, if it is one."""
    if not isinstance(tree, Path) or tree.start is not None or tree.is_absolute or len(tree.steps) != 1:
        return ""
    return tree.steps[0].name if tree.steps[0].is_name and not tree.steps[0].predicates else ""


def _path(tree: Tree) -> str:
    """The path of the form that this is, if it is a plain one."""
    if not isinstance(tree, Path) or tree.start is not None or not tree.is_absolute:
        return ""
    plain = all(step.is_name and step.slash == "/" and not step.predicates for step in tree.steps)
    return "".join(f"/{step.name}" for step in tree.steps) if plain else ""
