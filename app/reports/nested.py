"""Finished records as JSON, nested as the form is: the shape that ODK Central's OData feed gives with `$expand=*`."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from lxml import etree

from app.flows.reading import model
from app.flows.reading.markup import XF, parse_xml
from app.reports.lines import Out
from app.reports.records import instance_id, moment

_WHOLE, _FRACTION = {"int", "integer", "long"}, {"decimal", "double", "float"}


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a form's instance: a value, a group or a repeat."""

    name: str
    type: str
    repeats: bool
    fields: tuple["Field", ...]


def write_json(out: Out, found: Iterable[Any], xform: Callable[[int], str]) -> int:
    """Write one JSON object a line; returns their number. `xform` gives the form of a version."""
    forms: dict[int, Field] = {}
    count = 0
    for row in found:
        if row.version_id not in forms:
            forms[row.version_id] = fields_of(xform(row.version_id))
        out.write(json.dumps(nested(row, forms[row.version_id]), ensure_ascii=False) + "\n")
        count += 1
    return count


def nested(row: Any, form: Field) -> Mapping[str, Any]:
    """One record: every field of its form, null where it has no value or was left out, repeats as lists."""
    root = etree.fromstring(row.xml)
    name = instance_id(root)
    about = {
        "submissionDate": moment(row.ended_at), "submitterId": row.respondent, "formVersion": row.version,
        "formId": row.survey, "state": row.state, "language": row.locale,
    }  # fmt: skip
    return {"__id": name, "__system": about, "meta": {"instanceID": name}} | dict(_values(root, form.fields, name))


def fields_of(xform: str) -> Field:
    """Read the fields of a form."""
    tree = parse_xml(xform.encode())
    found = model.read(tree)
    if found is None:
        raise ValueError("a stored form has no instance")
    repeats = {found.path(each) for each in tree.iter(f"{XF}repeat")}

    def field(element: Any, path: str) -> Field:
        inside = tuple(field(each, f"{path}/{each.tag}") for each in element)
        return Field(element.tag, found.data_type(path), path in repeats, inside)

    return field(found.root, f"/{found.root.tag}")


def _values(element: Any, fields: Iterable[Field], place: str) -> Iterator[tuple[str, Any]]:
    """The values of a group; `element` is None where the record has left it out."""
    for field in fields:
        there = [] if element is None else element.findall(f"{{*}}{field.name}")
        if field.repeats:
            places = [f"{place}/{field.name}[{number}]" for number in range(1, len(there) + 1)]
            pairs = zip(there, places, strict=True)
            yield field.name, [{"__id": mine} | dict(_values(each, field.fields, mine)) for each, mine in pairs]
        elif field.fields:
            yield field.name, dict(_values(there[0] if there else None, field.fields, f"{place}/{field.name}"))
        else:
            yield field.name, _value(field.type, there[0].text or "") if there else None


def _value(kind: str, text: str) -> Any:
    """A value as JSON has it; what is not of its type stays a text."""
    if not text:
        return None
    try:
        if kind in _WHOLE:
            return int(text)
        if kind in _FRACTION:
            return number if isfinite(number := float(text)) else text
        if kind == "geopoint":
            latitude, longitude, *rest = map(float, text.split())
            return {"type": "Point", "coordinates": [longitude, latitude, *rest[:1]]}
    except ValueError:
        return text
    return text
