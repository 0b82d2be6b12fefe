"""`$select` of OData: which fields of a table are wanted."""

from collections.abc import Iterable

from app.reports.central.fields import Kind, Node, Table
from app.reports.central.rows import Look

_SYSTEM = (
    "submissionDate", "updatedAt", "deletedAt", "submitterId", "submitterName", "attachmentsPresent",
    "attachmentsExpected", "status", "reviewState", "deviceId", "edits", "formVersion",
)  # fmt: skip
_OF_ROOT = frozenset({"__id", "__system", *(f"__system/{name}" for name in _SYSTEM)})


class NoSuchField(ValueError):
    """There is no such field in the table."""


class InRepeat(ValueError):
    """The field is one of a repeat, which has a table of its own."""


def choose(table: Table, names: str, *, wkt: bool) -> tuple[Table, Look]:
    """The table with the fields of a list only, parted by commas; of a group all, with a path some."""
    known = frozenset({"__id", table.parent_column}) if table.steps else _OF_ROOT
    wanted = [name.strip() for name in names.split(",")]
    paths = [_path(table.nodes, name) for name in wanted if name not in known]
    kept = Table(table.name, table.steps, _pruned(table.nodes, paths))
    return kept, Look(wkt=wkt, only=frozenset(wanted) & known)


def _path(nodes: tuple[Node, ...], name: str) -> tuple[str, ...]:
    path, inside, repeat = tuple(name.split("/")), nodes, False
    for title in path:
        found = next((node for node in inside if node.title == title), None)
        if found is None:
            raise NoSuchField
        if repeat:
            raise InRepeat
        inside, repeat = found.nodes, found.kind == Kind.REPEAT
    return path


def _pruned(nodes: tuple[Node, ...], paths: Iterable[tuple[str, ...]]) -> tuple[Node, ...]:
    wanted: dict[str, list[tuple[str, ...]]] = {}
    for path in paths:
        wanted.setdefault(path[0], []).append(path[1:])
    kept = []
    for node in nodes:
        if node.title in wanted:
            deeper = wanted[node.title]
            kept.append(node if () in deeper else _with(node, _pruned(node.nodes, deeper)))
    return tuple(kept)


def _with(node: Node, nodes: tuple[Node, ...]) -> Node:
    return Node(node.name, node.title, node.path, node.kind, node.type, nodes)
