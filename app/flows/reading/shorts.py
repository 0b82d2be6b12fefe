"""Texts for small screens: the column `short::<language>` becomes the form="short" of ODK XForms itext.

pyxform does not know the column yet, so it is taken out of the sheets before and written into the XForm afterwards.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from app.flows.reading.faults import Fault, Place
from app.flows.reading.markup import XF
from app.flows.reading.sheets import column_of, rows

_VALUE = re.compile(r"\$\{\s*([^}\s]+)\s*\}")


@dataclass(frozen=True, slots=True)
class Short:
    """A short text, and the row it comes from."""

    text: str
    place: Place
    name: str


# Language and key of a text → its short form. Keys are the ends of pyxform's itext ids: "/name:label", "list-0".
Shorts = dict[tuple[str, str], Short]


def take(book: dict[str, Any], sheet: str) -> Shorts:
    """Take the `short` columns out of a sheet before pyxform sees them."""
    header: dict[str, None] = (book.get(f"{sheet}_header") or [{}])[0]
    default = next(
        (row["default_language"] for _, row in rows(book, "settings") if "default_language" in row), "default"
    )
    keys = _keys(book, sheet)
    shorts: Shorts = {}
    unnamed = False
    for column in [column for column in header if column_of(column, sheet) == "short"]:
        header.pop(column)
        language = re.split("::?", column, maxsplit=1)[1].strip() if ":" in column else ""
        unnamed = unnamed or not language
        for number, row in enumerate(book.get(sheet) or [], start=2):
            if text := row.pop(column, ""):
                shorts[language or default, keys[number]] = Short(text, Place(sheet, number), row.get("name") or "")
    if unnamed or default != "default":
        _name_language(book, sheet, header, default)
    return shorts


def add(tree: Any, shorts: Shorts) -> Iterator[Fault]:
    """Write short texts into itext, `<value form="short">` beside the label's own; yield those that have no label."""
    paths = {bind.get("nodeset").rsplit("/", 1)[-1]: bind.get("nodeset") for bind in tree.iter(f"{XF}bind")}
    left = dict(shorts)
    for translation in tree.iter(f"{XF}translation"):
        language = translation.get("lang")
        for text in translation.iter(f"{XF}text"):
            key = text.get("id")
            key = "/" + key.rsplit("/", 1)[-1] if key.startswith("/") else key
            if short := left.pop((language, key), None):
                _write(etree.SubElement(text, f"{XF}value", form="short"), short.text, paths)
    for (language, _), short in left.items():
        problem = f"there is a short text but no label in {language}"
        yield Fault(short.place, short.name, problem, f"Write a label::{language}, spelled the same in both columns.")


def _keys(book: Mapping[str, Any], sheet: str) -> dict[int, str]:
    """The end of the itext id of each row."""
    keys: dict[int, str] = {}
    counts: dict[str, int] = {}
    for number, row in rows(book, sheet):
        if sheet == "choices":
            list_name = row.get("list_name", "")
            place = counts[list_name] = counts.get(list_name, -1) + 1
            keys[number] = f"{list_name}-{place}"
        else:
            keys[number] = f"/{row.get('name', '')}:label"
    return {number: keys.get(number, "") for number in range(2, len(book.get(sheet) or []) + 2)}


def _name_language(book: Mapping[str, Any], sheet: str, header: dict[str, None], language: str) -> None:
    """Give labels in no language one: a form without has no itext, and nothing there to tell which language it is."""
    if f"label::{language}" in header:
        return
    for column in [column for column in header if column.strip().lower() == "label"]:
        header[f"label::{language}"] = header.pop(column)
        for row in book.get(sheet) or []:
            if column in row:
                row[f"label::{language}"] = row.pop(column)


def _write(value: Any, text: str, paths: Mapping[str, str]) -> None:
    pieces = _VALUE.split(text)
    value.text = pieces[0]
    for name, tail in zip(pieces[1::2], pieces[2::2], strict=True):
        output = etree.SubElement(value, f"{XF}output", value=paths.get(name, name))
        output.tail = tail
