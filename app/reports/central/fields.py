"""The fields of a form in all its versions, with the names that OData can have, and the tables that they make."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.reports.nested import Field

ROOT = "Submissions"
# The whole numbers and fractions of the XForms specification, by the one name that ODK Central tells of.
_TYPES = {"integer": "int", "long": "int", "short": "int", "byte": "int", "double": "decimal", "float": "decimal"}
_META = Field("meta", "string", False, (Field("instanceID", "string", False, ()),))


class Kind(StrEnum):
    """What an element of a form is."""

    VALUE = "value"
    GROUP = "structure"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class Node:
    """One element of a form, in whatever version it is."""

    name: str
    title: str
    """Its name in OData, where no two beside each other have the same."""
    path: str
    kind: Kind
    type: str
    nodes: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """The root, or a repeat: what has rows of its own."""

    name: str
    steps: tuple[Node, ...]
    """The way to it: groups and repeats, the last of them its own. Empty for the root."""
    nodes: tuple[Node, ...]

    @property
    def parent_column(self) -> str:
        """The column with the `__id` of the row that a row belongs to."""
        repeats = [number for number, node in enumerate(self.steps[:-1]) if node.kind == Kind.REPEAT]
        way = self.steps[: repeats[-1] + 1] if repeats else ()
        return f"__{'-'.join((ROOT, *(node.title for node in way)))}-id"


def merge(forms: Sequence[Field]) -> tuple[Node, ...]:
    """The fields of all versions of a form, the newest first: what was left out meanwhile comes after what is there now.

    Where versions disagree on a type, it is a text; where they disagree on what is a group, the newest is right.
    """
    return _merged([*(form.fields for form in forms), (_META,)], "", frozenset({"__id", "__system"}))


def tables(nodes: tuple[Node, ...]) -> list[Table]:
    """The root and all repeats, those that hold others first."""
    return [Table(ROOT, (), nodes), *_repeats(nodes, ())]


def walk(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """All fields, depth first."""
    for node in nodes:
        yield node
        yield from walk(node.nodes)


def identifier(name: str) -> str:
    """A name as OData can have it."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", re.sub(r"^(?=[^A-Za-z_])", "_", name))


def _merged(versions: Sequence[tuple[Field, ...]], path: str, taken: frozenset[str]) -> tuple[Node, ...]:
    found: dict[str, list[Field]] = {}
    for fields in versions:
        for field in fields:
            found.setdefault(field.name, []).append(field)
    nodes, titles = [], set(taken)
    for name, same in found.items():
        title, number = identifier(name), 1
        while title in titles:
            number += 1
            title = f"{identifier(name)}_{number}"
        titles.add(title)
        nodes.append(_one(name, title, f"{path}/{name}", same))
    return tuple(nodes)


def _one(name: str, title: str, path: str, same: Sequence[Field]) -> Node:
    kind = _kind(same[0])
    alike = [field for field in same if _kind(field) == kind]
    if kind == Kind.VALUE:
        types = {_TYPES.get(field.type, field.type) for field in alike}
        both = "decimal" if types == {"int", "decimal"} else "string"
        return Node(name, title, path, kind, types.pop() if len(types) == 1 else both)
    inside = _merged([field.fields for field in alike], path, frozenset({"__id"}))
    return Node(name, title, path, kind, kind.value, inside)


def _kind(field: Field) -> Kind:
    if field.repeats:
        return Kind.REPEAT
    return Kind.GROUP if field.fields else Kind.VALUE


def _repeats(nodes: tuple[Node, ...], steps: tuple[Node, ...]) -> Iterator[Table]:
    for node in nodes:
        way = (*steps, node)
        if node.kind == Kind.REPEAT:
            yield Table(".".join((ROOT, *(step.title for step in way))), way, node.nodes)
        yield from _repeats(node.nodes, way)
