"""Brings a survey in: an XLSForm (.xlsx, .xls, .csv, .md) or an XForm (.xml) becomes XForm XML, the one stored form.

pyxform does the conversion. Its errors, and those that `sheets` finds before, all name sheet, row and way out.
"""

import csv
import dataclasses
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from typing import Any

from lxml import etree

from app.flows.reading import attachments, marks, model, others, parcels, sheets, shorts, skipped
from app.flows.reading.attachments import WantedBy
from app.flows.reading.faults import Fault, FormError, Place
from app.flows.reading.markup import parse_xml

MAX_BYTES = 5_000_000
MAX_UNPACKED = 50_000_000
MAX_LINE = 20_000  # pyxform reads a line of Markdown in time that grows with the square of its length
MAX_FAULTS = 200
XLSX = {".xlsx", ".xlsm"}
SUFFIXES = (".xlsx", ".xlsm", ".xls", ".csv", ".md", ".xml", ".zip")
_KINDS = "Bring an XLSForm as .xlsx, .xls, .csv or .md, an XForm as .xml, or a .zip of one and its files."
_NO_FILES: Mapping[str, bytes] = {}
_ROW = re.compile(r"\[row : (\d+)\]\s*|row (\d+)", re.IGNORECASE)
_QUOTED = re.compile(r"'([^']+)'")
_TOLD_ELSEWHERE = (
    "is missing the", "'disabled' column", "This form uses or_other", "max-pixels", "is no longer supported on most",
)  # fmt: skip
_SHEET = re.compile(r"(?:On the )?'?(survey|choices|settings|entities)'? sheet,?\s*", re.IGNORECASE)
# What the readers of others raise at a file that is not what its name says.
_UNREADABLE = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, OSError, EOFError,
    RuntimeError, SyntaxError, MemoryError, csv.Error, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it was brought, turned into XForm XML, with the rows that its questions came from."""

    xform: bytes
    places: Mapping[str, Place]
    warnings: tuple[Fault, ...]
    choice_places: Mapping[tuple[str, str], Place] = field(default_factory=dict)
    """The row of each choice, by list and name."""


def load(content: bytes, filename: str, files: Mapping[str, bytes] = _NO_FILES) -> Form:
    """Read a form of any of the kinds above; `files` are those that came with it. Raises `FormError` with every fault."""
    suffix = "." + filename.rsplit(".", 1)[-1].lower()
    if suffix not in SUFFIXES:
        raise _refused(filename, f"a file of the kind {suffix} is no survey", _KINDS)
    if len(content) > MAX_BYTES:
        raise _refused(filename, "the file is larger than 5 MB", "Leave media out, or split the survey.")
    if suffix == ".zip":
        name, content, inside = parcels.unpacked(content, filename)
        return load(content, name, {**files, **inside})
    if suffix == ".xml":
        return _from_xform(content, filename, files)
    book = _book(content, filename, suffix)
    return _from_book(book, filename, files)


def _from_xform(content: bytes, filename: str, files: Mapping[str, bytes]) -> Form:
    """Take an XForm as it is, written in UTF-8 whatever it came in."""
    try:
        tree = parse_xml(content)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        place = Place(filename, getattr(error, "lineno", None) or None)
        cure = "Export it again, without entities and document type."
        problem = f"it cannot be read as XML ({getattr(error, 'msg', error)})"
        raise FormError([Fault(place, "", problem, cure)]) from None
    return _finished(tree, Form(b"", {}, ()), {}, files, filename)


def _finished(tree: Any, form: Form, wanted_by: WantedBy, files: Mapping[str, bytes], filename: str) -> Form:
    """Take attached files into the form, and say what basic phones leave out of it."""
    faults, left_out = attachments.embed(tree, files, wanted_by, filename)
    if faults:
        raise FormError(faults)
    found = model.read(tree)
    unasked = () if found is None else skipped.warnings(found, form.places)
    return dataclasses.replace(form, xform=etree.tostring(tree), warnings=(*form.warnings, *left_out, *unasked))


def _book(content: bytes, filename: str, suffix: str) -> dict[str, Any]:
    """Read the sheets of an XLSForm."""
    # pyxform takes a second to import; a service that starts with its forms already stored never needs it.
    from pyxform.errors import PyXFormError
    from pyxform.xls2json_backends import get_xlsform
    from xlrd import XLRDError
    from xlrd.compdoc import CompDocError

    try:
        content = _harmless(content, filename, suffix)
        read = get_xlsform(xlsform=content, file_type=suffix)
    except (PyXFormError, XLRDError, CompDocError, *_UNREADABLE) as error:
        raise _refused(filename, *_unreadable(str(error), suffix)) from None
    # Not asdict(), which copies every cell: nobody else has this one.
    book: dict[str, Any] = {each.name: getattr(read, each.name) for each in dataclasses.fields(read)}
    book["fallback_form_name"] = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return book


def _unreadable(message: str, suffix: str) -> tuple[str, str]:
    if message.startswith("Duplicate column header"):
        return message[:1].lower() + message[1:], "Take one of the two columns out."
    if match := re.search(r"unexpected keyword argument '(.*?)(?:_header)?'", message):  # only of .csv
        return f"XLSForm has no sheet {match[1]}", "Name the sheets survey, choices and settings; take others out."
    return f"the file cannot be read as {suffix}", "Save it again in this format."


def _harmless(content: bytes, filename: str, suffix: str) -> bytes:
    """Refuse what is made to fill the memory or to take for ever; returns text without a byte order mark."""
    if suffix in XLSX:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED:
                raise _refused(filename, "the file unpacks to more than 50 MB", "Leave pictures out.")
    if suffix in {".csv", ".md"}:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            cure = "In Excel, save it as “CSV UTF-8”."
            raise _refused(filename, "its letters are not written in UTF-8", cure) from None
        if suffix == ".md" and max(map(len, text.split("\n"))) > MAX_LINE:
            raise _refused(filename, f"a line is longer than {MAX_LINE} characters", "Bring it as .xlsx.")
        return text.encode()
    return content


def _from_book(book: dict[str, Any], filename: str, files: Mapping[str, bytes]) -> Form:
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert

    places = sheets.places(book)
    warnings: list[str] = []
    if faults := list(islice(sheets.faults(book), MAX_FAULTS)):
        raise FormError(faults)
    settings = marks.take(book)
    ours = [*sheets.warnings(book), *marks.unknown(settings)]
    taken = shorts.take(book, "survey") | shorts.take(book, "choices")
    _declare_izwi(book)
    try:
        xform = convert(xlsform=book, validate=False, warnings=warnings).xform.encode()
        tree = parse_xml(xform)
    except (PyXFormError, etree.XMLSyntaxError, *_UNREADABLE) as error:
        raise FormError([_told(str(error), filename, places, "Mend it and try again.")]) from None
    if faults := list(shorts.add(tree, taken)):
        raise FormError(faults)
    marks.add(tree, settings)
    others.translate(tree, sheets.with_other(book))
    theirs = (_told(message, filename, places, "") for message in _worth_telling(warnings))
    form = Form(b"", places, (*ours, *theirs), sheets.choice_places(book))
    return _finished(tree, form, sheets.file_places(book), files, filename)


def _declare_izwi(book: dict[str, Any]) -> None:
    """Declare the namespace of our own columns (bind::izwi:…) if the settings sheet does not."""
    if not any("izwi:" in header for header in (book.get("survey_header") or [{}])[0]):
        return
    settings = book["settings"] = book.get("settings") or [{}]
    header = book["settings_header"] = book.get("settings_header") or [{}]
    declared = settings[0].get("namespaces") or ""
    if "izwi=" not in declared:
        header[0]["namespaces"] = None
        settings[0]["namespaces"] = f'{declared} izwi="urn:izwi:xforms"'.strip()


def _told(message: str, filename: str, places: Mapping[str, Place], cure: str) -> Fault:
    """Say in our own shape what pyxform has found."""
    row, sheet = _ROW.search(message), _SHEET.search(message)
    number = int(row[1] or row[2]) if row else None
    place = Place(sheet[1].lower() if sheet else "survey" if row else filename, number)
    name = next((name for name, each in places.items() if each == place), "")
    if not row and (name := next((word for word in _QUOTED.findall(message) if word in places), "")):
        place = places[name]
    if message.startswith("[row") and row:
        message = message[row.end() :]
        message = _SHEET.sub("", message, count=1) if sheet else message
    text = " ".join(message.split(": {")[0].split()).rstrip(".")  # not the row as Python writes it
    return Fault(place, name, text[:1].lower() + text[1:], cure)


def _worth_telling(warnings: Iterable[str]) -> Iterator[str]:
    """Leave out what is said better elsewhere: `check` names each missing translation, and Izwi has its own columns."""
    for message in warnings:
        if message.strip() and not any(each in message for each in _TOLD_ELSEWHERE):
            yield message


def _refused(filename: str, problem: str, cure: str) -> FormError:
    return FormError([Fault(Place(filename, None), "", problem, cure)])
