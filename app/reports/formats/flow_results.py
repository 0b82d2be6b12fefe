"""A FLOIP Flow Results package, 1.0.0-rc1: a description, and each answer as an array of six."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from app.flows.dictionary.variable import Measure, Variable
from app.reports.data.extract import Extract
from app.reports.formats.archive import zipped
from app.reports.formats.data_package import name_of
from app.store import exports

VERSION = "1.0.0-rc1"
_FIELDS = (
    ("timestamp", "Timestamp", "datetime"), ("row_id", "Row ID", "string"), ("contact_id", "Contact ID", "string"),
    ("question_id", "Question ID", "string"), ("response", "Response", "any"),
    ("response_metadata", "Response Metadata", "object"),
)  # fmt: skip
_TYPES = {
    Measure.ONE: "select_one", Measure.MANY: "select_many", Measure.ORDER: "select_many", Measure.WHOLE: "numeric",
    Measure.NUMBER: "numeric", Measure.DATE: "date", Measure.TIME: "time", Measure.MOMENT: "datetime",
    Measure.PLACE: "geo_point", Measure.TEXT: "text",
}  # fmt: skip
# ISO 639-3, which the specification wants, of the languages that have an older code of two letters.
_LANGUAGES = {
    "en": "eng", "sn": "sna", "nd": "nde", "ny": "nya", "ts": "tso", "st": "sot", "tn": "tsn", "ve": "ven", "xh": "xho",
    "fr": "fra", "pt": "por", "sw": "swa",
}  # fmt: skip


def write(out: IO[bytes], extract: Extract) -> int:
    """Write the zip; returns the number of answers. What was skipped is no response, so it is not there."""
    name, count = name_of(extract.dictionary.survey), 0
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with zipped(out, extract.at) as archive:
        archive.put(f"{name}.json", json.dumps(_package(extract, name), ensure_ascii=False, indent=2))
        with archive.file(f"{name}-data.json") as to:
            to.write("[")
            for row in _rows(extract):
                to.write((",\n" if count else "\n") + encode(row))
                count += 1
            to.write("\n]\n")
    return count


def _rows(extract: Extract) -> Iterator[list[Any]]:
    variables = {each.name: each for each in extract.dictionary.variables}
    for run, found in exports.answers(extract.connection, extract.which, extract.told):
        variable = variables.get(found.question)
        if variable is None or found.value is None:
            continue
        beside = {"run": str(run.uid), "channel": found.medium}
        if found.position:
            beside["repeat_position"] = found.position
        if variable.measure is Measure.TEXT:
            beside["language"] = _LANGUAGES.get(found.locale, found.locale)
        yield [
            found.answered_at.isoformat(timespec="microseconds"), str(found.uid), run.respondent, variable.column,
            _SAID.get(variable.measure, str)(found.value), beside,
        ]  # fmt: skip


def _number(value: str) -> float | int | str:
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        return value


def _place(value: str) -> list[float | int | str]:
    return [_number(each) for each in value.split()]


_SAID: Mapping[Measure, Callable[[str], Any]] = {
    Measure.MANY: str.split, Measure.ORDER: str.split, Measure.WHOLE: _number, Measure.NUMBER: _number, Measure.PLACE: _place,
    Measure.TIME: lambda value: value[:8],
}  # fmt: skip


def _package(extract: Extract, name: str) -> dict[str, Any]:
    about, at = extract.dictionary, extract.at.isoformat(timespec="seconds")
    language = extract.how.language
    questions = {each.column: _question(each, language) for each in about.variables}
    schema: dict[str, Any] = {
        "language": _LANGUAGES.get(language, language),
        "fields": [{"name": field, "title": title, "type": kind} for field, title, kind in _FIELDS],
        "questions": questions,
    }
    return {
        "profile": "flow-results-package",
        "flow_results_specification_version": VERSION,
        "id": _id_of(about.survey, about.versions),
        "name": name,
        "title": about.title,
        "created": at,
        "modified": at,
        "resources": [
            {
                "name": f"{name}-data",
                "path": f"{name}-data.json",
                "mediatype": "application/json",
                "encoding": "utf-8",
                "schema": schema,
            }
        ],
    }


def _question(variable: Variable, language: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if _TYPES[variable.measure].startswith("select"):
        options["choices"] = [each.name for each in variable.categories]
    return {"type": _TYPES[variable.measure], "label": variable.label(language), "type_options": options}


def _id_of(survey: str, versions: tuple[str, ...]) -> str:
    """The same id for the same versions, in the shape of a random one, as the specification wants."""
    made = uuid.uuid5(uuid.NAMESPACE_URL, f"izwi:{survey}:{' '.join(versions)}")
    return str(uuid.UUID(bytes=made.bytes, version=4))
