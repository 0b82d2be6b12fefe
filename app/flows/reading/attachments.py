"""Files that come with a form (CSV, XML, GeoJSON): their rows become lists inside the XForm, so nothing else need be kept.

How rows become XML is ODK's (ODK XForms specification, "Secondary Instances"): a `root` of `item`s, a child a column.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Any

from lxml import etree

from app.flows.reading.faults import Fault, Place, nearest
from app.flows.reading.markup import XF, parse_xml

SUFFIXES = (".csv", ".xml", ".geojson")
MAX_BYTES = 5_000_000
MAX_TOGETHER = 20_000_000
MAX_ROWS = 20_000
MAX_COLUMNS = 100
MAX_CELLS = 300_000
_SOURCE = re.compile(r"jr://(?:file|file-csv)/(?:.*/)?([^/]+)")
_NAME = re.compile(r"[^\W\d][\w.-]*")
_LIST = re.compile(r"instance\(\s*['\"]([^'\"]+)['\"]\s*\)")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


# Which row of the survey sheet wants a file, and the name in it.
WantedBy = Mapping[str, tuple[Place, str]]


class _Unusable(ValueError):
    """A file cannot be used; `cure` says what to do."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.cure = cure


def wanted(tree: Any) -> dict[str, list[Any]]:
    """The files that a form points to: name → the instances that want their rows."""
    found: dict[str, list[Any]] = {}
    for instance in tree.iter(f"{XF}instance"):
        source = instance.get("src") or ""
        if len(instance) == 0 and (match := _SOURCE.fullmatch(source)):
            found[match[1]] = [*found.get(match[1], ()), instance]
    return found


def embed(tree: Any, files: Mapping[str, bytes], wanted_by: WantedBy, filename: str) -> tuple[list[Fault], list[Fault]]:
    """Write the rows of attached files into a form; returns what is wrong, and what is left out of them."""
    faults: list[Fault] = []
    warnings: list[Fault] = []
    total = 0
    for name, instances in wanted(tree).items():
        place, row = wanted_by.get(name, (Place(filename, None), ""))
        content = _found(name, files)
        total += len(content or b"")
        if content is None:
            stem = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0]
            cure = f"Put it beside the form, or into the folder {stem}-media, or into one .zip with the form."
            faults.append(Fault(place, row, f"the file {name} is missing", cure))
            continue
        if total > MAX_TOGETHER:
            faults.append(Fault(place, row, "the attached files are larger than 20 MB together", "Leave rows out."))
            break
        try:
            root, left_out = _rows(name, content)
        except _Unusable as error:
            faults.append(Fault(place, row, f"{name}: {error}", error.cure))
            continue
        for column in left_out:
            cure = "Name it with letters, figures, _ and -, without blanks, if the form needs it."
            warnings.append(
                Fault(place, row, f"{name}: the column {column!r} is left out, for no form can name it", cure)
            )
        for instance in instances:
            instance.attrib.pop("src")
            instance.append(etree.fromstring(etree.tostring(root)))
            faults += _without_columns(tree, instance, name, place, row)
    return faults, warnings


def _found(name: str, files: Mapping[str, bytes]) -> bytes | None:
    """A file by its name, in whatever case: phones and servers do not agree about it."""
    if name in files:
        return files[name]
    return next((content for each, content in files.items() if each.lower() == name.lower()), None)


def _without_columns(tree: Any, instance: Any, name: str, place: Place, row: str) -> Iterator[Fault]:
    """Yield a fault for each list that is to be chosen from by a column that the file does not have."""
    known = {etree.QName(cell).localname for item in instance[0] for cell in item}
    for itemset in tree.iter(f"{XF}itemset"):
        match = _LIST.search(itemset.get("nodeset") or "")
        if match is None or match[1] != instance.get("id"):
            continue
        for part in ("value", "label"):
            element = itemset.find(f"{XF}{part}")
            column = "" if element is None else (element.get("ref") or "").strip()
            if column and "(" not in column and column not in known:
                meant = nearest(column, known)
                cure = f"Is it {meant}? " if meant else ""
                cure += f"Write {part}=… into parameters; it has the columns {', '.join(sorted(known)[:20])}."
                yield Fault(place, row, f"{name} has no column {column}", cure)


def _rows(name: str, content: bytes) -> tuple[Any, list[str]]:
    """The rows of a file as an XML list, and the columns that are left out."""
    if len(content) > MAX_BYTES:
        raise _Unusable("the file is larger than 5 MB", "Leave rows or columns out.")
    suffix = name.rsplit(".", 1)[-1].lower()
    if suffix == "xml":
        return _from_xml(content), []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Unusable("its letters are not written in UTF-8", "In Excel, save it as “CSV UTF-8”.") from None
    return _listed(_from_geojson(text) if suffix == "geojson" else _from_csv(text))


def _listed(rows: Iterable[Mapping[str, str]]) -> tuple[Any, list[str]]:
    root = etree.Element("root")
    left_out: dict[str, None] = {}
    cells = 0
    for row in rows:
        item = etree.SubElement(root, "item")
        cells += len(row)
        _check_size(len(root), cells)
        for column, value in row.items():
            if _NAME.fullmatch(column):
                etree.SubElement(item, column).text = _UNWRITABLE.sub("", value)
            elif value:
                left_out[column] = None
    if not len(root):
        raise _Unusable("it has no rows", "Write a header and a row for each choice.")
    return root, list(left_out)


def _check_size(rows: int, cells: int) -> None:
    if rows > MAX_ROWS:
        raise _Unusable(f"it has more than {MAX_ROWS} rows", "Leave rows out, or split the survey.")
    if cells > MAX_CELLS:
        raise _Unusable(f"it has more than {MAX_CELLS} cells", "Leave those columns out that the form does not need.")


def _from_csv(text: str) -> Iterator[Mapping[str, str]]:
    head = text.split("\n", 1)[0]
    delimiter = next((each for each in (",", ";", "\t") if each in head), ",")
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
        columns = [column.strip() for column in next(reader, [])]
        if len(columns) > MAX_COLUMNS:
            raise _Unusable(f"it has more than {MAX_COLUMNS} columns", "Leave those out that the form does not need.")
        twice = {column for column in columns if column and columns.count(column) > 1}
        if twice:
            raise _Unusable(f"it has two columns {min(twice)}", "Give each column a name of its own.")
        for row in reader:
            if any(cell.strip() for cell in row):
                cells = [cell.strip() for cell in row] + [""] * (len(columns) - len(row))
                yield {column: cell for column, cell in zip(columns, cells, strict=False) if column}
    except csv.Error as error:
        raise _Unusable(f"it cannot be read as CSV ({error})", "Save it again as CSV.") from None


def _from_xml(content: bytes) -> Any:
    try:
        root = parse_xml(content)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        problem = f"it cannot be read as XML ({getattr(error, 'msg', error)})"
        raise _Unusable(problem, "Save it again, without entities and document type.") from None
    if not len(root):
        raise _Unusable("it has no rows", "Write a root with an item for each choice.")
    _check_size(len(root), sum(1 for _ in root.iter()))
    return root


def _from_geojson(text: str) -> Iterator[Mapping[str, str]]:
    cure = "Export it again as a FeatureCollection of points, lines and polygons."
    try:
        found = json.loads(text)
        if found["type"] != "FeatureCollection":
            raise _Unusable("it is no FeatureCollection", cure)
        for feature in found["features"]:
            properties = feature.get("properties") or {}
            row = {str(key): _written(value) for key, value in properties.items() if value is not None}
            row |= {"id": _written(feature["id"])} if feature.get("id") is not None else {}
            yield row | {"geometry": _geometry(feature.get("geometry"))}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        if isinstance(error, _Unusable):
            raise
        raise _Unusable("it cannot be read as GeoJSON", cure) from None


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _geometry(geometry: Any) -> str:
    """A place as ODK writes it: latitude before longitude, then height and accuracy; several with semicolons."""
    if not geometry:
        return ""
    coordinates = geometry["coordinates"]
    points = {"Point": [coordinates], "LineString": coordinates}.get(geometry["type"])
    if points is None:
        points = coordinates[0] if geometry["type"] == "Polygon" and coordinates else []
    return "; ".join(f"{_written(point[1])} {_written(point[0])} 0 0" for point in points)
