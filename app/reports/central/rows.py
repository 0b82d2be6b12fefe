"""Records as rows of the tables of a form: the root nested as the form is, each repeat with the `__id` of where it is in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from lxml import etree

from app.reports.central.fields import ROOT, Kind, Node, Table
from app.reports.central.values import value
from app.reports.records import moment


@dataclass(frozen=True, slots=True)
class Look:
    """How rows are wanted."""

    wkt: bool = False
    expand: bool = False
    only: frozenset[str] | None = None
    """Of what is not in the form (`__id`, `__system/submissionDate` …) only these; None: all."""


class Place(NamedTuple):
    """One row of a table, as it stands in a record."""

    id: str
    parent: str
    element: Any
    link: str
    """Where it is in the feed, for links to what is inside of it."""


def name_of(row: Any) -> str:
    """The name of a record, which its XML has too."""
    return f"uuid:{row.uid}"


def places(row: Any, steps: Sequence[Node]) -> Iterator[Place]:
    """The rows of a record in a table."""
    name = name_of(row)
    root = Place(name, "", etree.fromstring(row.xml), f"{ROOT}('{name}')")
    return _places(root, name, root.link, steps) if steps else iter((root,))


def rows(row: Any, table: Table, look: Look) -> list[dict[str, Any]]:
    """The rows of a record in a table, as the feed has them."""
    return [_row(row, table, place, look) for place in places(row, table.steps)]


def system(row: Any) -> dict[str, Any]:
    """What is known about a record beside its answers. Whoever answered is a pseudonym."""
    return {
        "submissionDate": moment(row.ended_at), "updatedAt": None, "deletedAt": None, "submitterId": row.respondent,
        "submitterName": row.respondent, "attachmentsPresent": 0, "attachmentsExpected": 0, "status": None,
        "reviewState": None, "deviceId": None, "edits": 0, "formVersion": row.version,
    }  # fmt: skip


def _row(row: Any, table: Table, place: Place, look: Look) -> dict[str, Any]:
    made: dict[str, Any] = {"__id": place.id}
    if table.steps:
        made[table.parent_column] = place.parent
    else:
        made["__system"] = system(row)
    if look.only is not None:
        made = _only(made, look.only)
    return made | dict(_values(place, place.element, place.id, place.link, table.nodes, look))


def _only(made: dict[str, Any], wanted: frozenset[str]) -> dict[str, Any]:
    kept = {name: each for name, each in made.items() if name in wanted}
    if "__system" in made and "__system" not in kept:
        parts = {name: each for name, each in made["__system"].items() if f"__system/{name}" in wanted}
        kept |= {"__system": parts} if parts else {}
    return kept


def _values(
    place: Place, element: Any, path: str, link: str, nodes: Sequence[Node], look: Look
) -> Iterator[tuple[str, Any]]:
    """The values of a group; `element` is None where the record has left it out."""
    for node in nodes:
        there = [] if element is None else element.findall(f"{{*}}{node.name}")
        inside, onward = f"{path}/{node.name}", f"{link}/{node.title}"
        if node.kind == Kind.VALUE:
            yield node.title, value(node.type, there[0].text or "", wkt=look.wkt) if there else None
        elif node.kind == Kind.GROUP:
            group = there[0] if there else None
            yield node.title, dict(_values(place, group, inside, onward, node.nodes, look))
        else:
            yield f"{node.title}@odata.navigationLink", onward
            if look.expand:
                spots = _spots(place.id, inside, onward, there)
                yield (
                    node.title,
                    [
                        {"__id": spot.id} | dict(_values(spot, spot.element, spot.id, spot.link, node.nodes, look))
                        for spot in spots
                    ],
                )


def _spots(parent: str, path: str, link: str, there: Sequence[Any]) -> Iterator[Place]:
    for number, element in enumerate(there, 1):
        name = f"{path}[{number}]"
        yield Place(name, parent, element, f"{link}('{quote(name, safe='')}')")


def _places(within: Place, path: str, link: str, steps: Sequence[Node]) -> Iterator[Place]:
    node, *others = steps
    there = within.element.findall(f"{{*}}{node.name}")
    inside, onward = f"{path}/{node.name}", f"{link}/{node.title}"
    if node.kind == Kind.GROUP:
        for element in there[:1] if others else ():
            yield from _places(within._replace(element=element), inside, onward, others)
        return
    for spot in _spots(within.id, inside, onward, there):
        if others:
            yield from _places(spot, spot.id, spot.link, others)
        else:
            yield spot
