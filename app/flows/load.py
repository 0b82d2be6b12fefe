"""Brings a survey in: an XLSForm (.xlsx, .xls, .csv, .md) or an XForm (.xml) becomes XForm XML, the one stored form.

pyxform does the conversion and reports by sheet and row. What it does not know yet is added here: texts for small
screens (`short::<language>`, the form="short" of ODK XForms itext), and refusing what Izwi cannot ask.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from app.flows.faults import Fault, FormError, Place
from app.flows.unsupported import refused_types

MAX_BYTES = 5_000_000
XF = "{http://www.w3.org/2002/xforms}"
_VALUE = re.compile(r"\$\{\s*([^}\s]+)\s*\}")
_ROW = re.compile(r"\[row : (\d+)\]|row (\d+)", re.IGNORECASE)
_SHEET = re.compile(r"'?(survey|choices|settings)'? sheet", re.IGNORECASE)

# Language and key of a text → its short form. Keys are the ends of pyxform's itext ids: "/name:label", "list-0".
Shorts = dict[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it was brought, turned into XForm XML, with the rows that its questions came from."""

    xform: bytes
    places: Mapping[str, Place]
    warnings: tuple[str, ...]


def load(content: bytes, filename: str) -> Form:
    """Read a form of any of the kinds above; raises `FormError` with every fault found."""
    if len(content) > MAX_BYTES:
        fault = Fault(
            Place(filename, None), "", "the file is larger than 5 MB", "Leave media out, or split the survey."
        )
        raise FormError([fault])
    suffix = "." + filename.rsplit(".", 1)[-1].lower()
    if suffix == ".xml":
        return Form(content, {}, ())
    if suffix not in {".xlsx", ".xlsm", ".xls", ".csv", ".md"}:
        fault = Fault(Place(filename, None), "", f"{suffix} is no survey", "Bring .xlsx, .xls, .csv, .md or .xml.")
        raise FormError([fault])
    return _from_xlsform(content, filename, suffix)


def parse_xml(content: bytes) -> Any:
    """Parse XML that may be hostile: no entities, no network, no doctype, no huge trees."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    tree = etree.fromstring(content, parser)
    if tree.getroottree().docinfo.doctype:
        raise etree.XMLSyntaxError("a document type is not allowed", 0, 0, 0)
    return tree


def _from_xlsform(content: bytes, filename: str, suffix: str) -> Form:
    # pyxform takes a second to import; a service that starts with its forms already stored never needs it.
    from pyxform.errors import PyXFormError
    from pyxform.xls2json_backends import get_xlsform
    from pyxform.xls2xform import convert

    warnings: list[str] = []
    try:
        book = dataclasses.asdict(get_xlsform(xlsform=content, file_type=suffix))
        book["fallback_form_name"] = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        places = _places(book)
        faults = list(refused_types(book["survey"] or []))
        if faults:
            raise FormError(faults)
        shorts = _take_shorts(book, "survey") | _take_shorts(book, "choices")
        xform = convert(xlsform=book, validate=False, warnings=warnings).xform.encode()
    except PyXFormError as error:
        raise FormError([_fault_of(str(error), filename)]) from None
    tree = parse_xml(xform)
    _add_shorts(tree, shorts)
    return Form(etree.tostring(tree), places, tuple(warnings))


def _places(book: Mapping[str, Any]) -> dict[str, Place]:
    rows = enumerate(book.get("survey") or [], start=2)
    return {row["name"]: Place("survey", number) for number, row in rows if row.get("name")}


def _fault_of(message: str, filename: str) -> Fault:
    row, sheet = _ROW.search(message), _SHEET.search(message)
    place = Place((sheet[1].lower() if sheet else "survey") if row or sheet else filename, None)
    if row:
        place = Place(place.sheet, int(row[1] or row[2]))
    return Fault(place, "", " ".join(message.split()).rstrip("."), "Mend it in the XLSForm and try again.")


def _take_shorts(book: dict[str, Any], sheet: str) -> Shorts:
    """Take the `short` columns out of a sheet before pyxform sees them."""
    rows: list[dict[str, str]] = book.get(sheet) or []
    header: dict[str, None] = (book.get(f"{sheet}_header") or [{}])[0]
    shorts: Shorts = {}
    for column in [column for column in header if re.fullmatch(r"short(::.*)?", column)]:
        header.pop(column)
        language = column.partition("::")[2].strip() or "default"
        places: dict[str, int] = {}
        for row in rows:
            list_name = row.get("list_name") or row.get("list name") or ""
            place = places[list_name] = places.get(list_name, -1) + 1
            key = f"{list_name}-{place}" if sheet == "choices" else f"/{row.get('name')}:label"
            if text := row.pop(column, ""):
                shorts[language, key] = text
    if any(language == "default" for language, _ in shorts) and "label" in header:
        # A form in one language has no itext that could hold a second form of a text: give its labels a language.
        header["label::default"] = header.pop("label")
        for row in rows:
            if "label" in row:
                row["label::default"] = row.pop("label")
    return shorts


def _add_shorts(tree: Any, shorts: Shorts) -> None:
    """Write short texts into itext as ODK XForms has it: `<value form="short">` beside the label's own value."""
    paths = {bind.get("nodeset").rsplit("/", 1)[-1]: bind.get("nodeset") for bind in tree.iter(f"{XF}bind")}
    for translation in tree.iter(f"{XF}translation"):
        language = translation.get("lang")
        for text in translation.iter(f"{XF}text"):
            key = text.get("id")
            key = "/" + key.rsplit("/", 1)[-1] if key.startswith("/") else key
            if short := shorts.get((language, key)):
                _write(etree.SubElement(text, f"{XF}value", form="short"), short, paths)


def _write(value: Any, text: str, paths: Mapping[str, str]) -> None:
    pieces = _VALUE.split(text)
    value.text = pieces[0]
    for name, tail in zip(pieces[1::2], pieces[2::2], strict=True):
        output = etree.SubElement(value, f"{XF}output", value=paths.get(name, f"/unknown/{name}"))
        output.tail = tail
