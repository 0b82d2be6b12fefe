"""What this Izwi cannot ask yet or ever, and what to do instead: refused by sheet, row and name, never half-run."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from lxml import etree

from app.flows.reading.faults import Fault, Place, nearest
from app.flows.reading.model import Model, name_of
from app.flows.reading.skipped import SKIPPED

_RECORDED = frozenset("start end today deviceid imei username phonenumber email simserial subscriberid".split())
_USED = frozenset(
    """text string integer int decimal range date time datetime note calculate hidden acknowledge trigger rank
    select_one select_multiple select_one_from_file select_multiple_from_file csv-external xml-external
    begin_group end_group begin_repeat end_repeat""".split()
)
SUPPORTED = _USED | _RECORDED | SKIPPED.keys()
_LOOPS = "Ask with begin_repeat, or once for each choice, in groups."
CURES: Mapping[str, str] = {
    "begin_loop": _LOOPS, "end_loop": _LOOPS,
    "select_one_external": "Use select_one_from_file with the same file.",
}  # fmt: skip
_SPELLINGS = {
    "select one": "select_one", "select multiple": "select_multiple", "begin group": "begin_group",
    "end group": "end_group", "begin repeat": "begin_repeat", "end repeat": "end_repeat",
    "select all that apply from": "select_multiple", "select all that apply": "select_multiple",
    "select one from file": "select_one_from_file", "select multiple from file": "select_multiple_from_file",
    "select one from": "select_one", "select1": "select_one", "begin loop": "begin_loop", "end loop": "end_loop",
    "add select one prompt using": "select_one", "add select multiple prompt using": "select_multiple",
    "begin lgroup": "begin_repeat", "end lgroup": "end_repeat", "gps": "geopoint", "location": "geopoint",
    "date time": "datetime",
}  # fmt: skip


@lru_cache(maxsize=1024)  # a form has hundreds of rows of few types, and looks at them many times
def kind_of(type_cell: str) -> str:
    """The question type that a `type` cell names, whatever its spelling: "select one groups" is select_one."""
    text = " ".join(type_cell.lower().split())
    for spelling, kind in sorted(_SPELLINGS.items(), reverse=True):
        if text == spelling or text.startswith(spelling + " "):
            return kind
    return text.split(" ")[0] if text else ""


def cure_of(kind: str) -> str:
    """What to do about a question type that is not supported."""
    meant = nearest(kind, SUPPORTED)
    return CURES.get(kind) or (f"Is it {meant}?" if meant else f"Use one of: {', '.join(sorted(_USED))}.")


def refused_types(rows: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[Fault]:
    """Yield a fault for each row of the survey sheet that cannot be asked on a basic phone by this Izwi."""
    for number, row in rows:
        type_cell, name = row.get("type") or "", row.get("name") or ""
        kind, place = kind_of(type_cell), Place("survey", number)
        if kind and kind not in SUPPORTED:
            yield Fault(place, name, f"the question type {kind} is not supported", cure_of(kind))
        if "search(" in row.get("appearance", "").replace(" ", ""):
            yield Fault(place, name, "search() in the appearance is not supported", "Use select_one_from_file.")
        if row.get("save_to"):
            yield Fault(place, name, "entities are not supported", "Take the save_to column out.")


# Elements of an XForm that say more than a question and its bind: tag → what is wrong, and what to do.
CONTROLS: Mapping[str, tuple[str, str]] = {
    "secret": ("the control <secret> is not supported", "Use text."),
}


def refused_elements(tree: Any, model: Model, places: Mapping[str, Place]) -> Iterator[Fault]:
    """Yield a fault for each part of an XForm that would silently be left out."""
    for element in tree.iter():
        tag = etree.QName(element).localname
        path = model.path(element) if element.get("ref") or element.get("nodeset") else ""
        name = name_of(path)
        place = places.get(name, Place("form", None))
        if tag in CONTROLS:
            yield Fault(place, name, *CONTROLS[tag])
        elif tag == "submission" and element.get("base64RsaPublicKey"):
            cure = "Take public_key out of the settings sheet; Izwi protects answers in its own database."
            yield Fault(Place("settings", None), "public_key", "encrypted submissions are not supported", cure)
        elif tag == "entity":
            yield Fault(Place("entities", None), "", "entities are not supported", "Take the entities sheet out.")


SEE_DOCS = "Take it out; docs/xlsform.md lists what a basic phone can ask."
