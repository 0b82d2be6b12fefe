"""A Frictionless data package 2.0: CSV with a description that programs read."""

import json
import re
from typing import IO, Any

from app.reports.data.columns import Column, Kind, labels_of
from app.reports.data.extract import Extract, Table
from app.reports.formats.archive import zipped
from app.reports.formats.delimited import comma

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_SCHEMA = "https://datapackage.org/profiles/2.0/tableschema.json"
_RESOURCE = "https://datapackage.org/profiles/2.0/dataresource.json"
_TYPES = {
    Kind.TEXT: {"type": "string"}, Kind.WHOLE: {"type": "integer"}, Kind.NUMBER: {"type": "number"},
    Kind.DATE: {"type": "date"}, Kind.MOMENT: {"type": "datetime"},
}  # fmt: skip


def write(out: IO[bytes], extract: Extract) -> int:
    """Write the zip; returns the number of rows."""
    plain = extract.wanting(bom=False, neutral=False, hxl=False, reasons=False, long=False)
    count, resources = 0, []
    with zipped(out, plain.at) as archive:
        for table in plain.tables:
            with archive.file(f"data/{table.name}.csv") as to:
                count += comma(to, plain, table)
            resources.append(_resource(plain, table))
        archive.put("datapackage.json", json.dumps(_package(plain, resources), ensure_ascii=False, indent=2))
    return count


def name_of(text: str) -> str:
    """A name as packages have them: small letters, figures and `-`, `_`, `.`."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-") or "survey"


def _package(extract: Extract, resources: list[dict[str, Any]]) -> dict[str, Any]:
    about = extract.dictionary
    return {
        "$schema": PROFILE,
        "name": name_of(about.survey),
        "title": about.title,
        "version": about.versions[-1],
        "created": extract.at.isoformat(timespec="seconds"),
        "sources": [{"title": "Izwi"}],
        "resources": resources,
    }


def _resource(extract: Extract, table: Table) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "$schema": _SCHEMA,
        "fields": [_field(column, extract) for column in table.columns],
        "missingValues": [""],
    }
    if table.repeats:
        main = name_of(extract.tables[0].name)
        schema["primaryKey"] = ["run", "repeat_position"]
        schema["foreignKeys"] = [{"fields": ["run"], "reference": {"resource": main, "fields": ["run"]}}]
    else:
        schema["primaryKey"] = ["run"]
    return {
        "$schema": _RESOURCE,
        "name": name_of(table.name),
        "path": f"data/{table.name}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"lineTerminator": "\r\n"},
        "schema": schema,
    }


def _field(column: Column, extract: Extract) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "title": column.label, **_TYPES[column.kind]}
    if column.variable is not None:
        if column.variable.relevant:
            field["description"] = f"Asked if: {column.variable.relevant}"
        if column.variable.categories and column.choice is None:
            labels = labels_of(column.variable, extract.how.language)
            field["categories"] = [{"value": name, "label": words} for name, words in labels.items()]
    return field
