"""What this Izwi cannot ask yet or ever, and what to do instead: refused by sheet, row and name, never half-run."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml import etree

from app.flows.faults import Fault, Place
from app.flows.model import Model, name_of

SUPPORTED = frozenset(
    [
        "text",
        "string",
        "integer",
        "int",
        "decimal",
        "date",
        "note",
        "calculate",
        "select_one",
        "select_multiple",
        "begin_group",
        "end_group",
    ]
)
_MEDIA = "A basic phone cannot do this: take the question out, or ask for it in words (text)."
_ENTRY = "Ask for it as text with a constraint, or as select_one."
_RECORDED = "Izwi records this by itself with every answer: take the row out."
CURES: Mapping[str, str] = {
    "binary": _MEDIA,
    "image": _MEDIA, "photo": _MEDIA, "audio": _MEDIA, "video": _MEDIA, "file": _MEDIA, "barcode": _MEDIA,
    "background-audio": _MEDIA, "geotrace": _MEDIA, "geoshape": _MEDIA,
    "geopoint": "Ask for the place with select_one (province, district) instead.",
    "start-geopoint": "Ask for the place with select_one (province, district) instead.",
    "begin_repeat": "Repeats are not supported yet: ask a fixed number of times, in groups.",
    "end_repeat": "Repeats are not supported yet: ask a fixed number of times, in groups.",
    "begin_loop": "Repeats are not supported yet: ask a fixed number of times, in groups.",
    "end_loop": "Repeats are not supported yet: ask a fixed number of times, in groups.",
    "rank": "Ask for the first with select_one and for the second with another select_one.",
    "range": "Ask for an integer with a constraint, e.g. . >= 1 and . <= 10.",
    "time": _ENTRY, "datetime": _ENTRY, "dateTime": _ENTRY, "acknowledge": "Use a note, or select_one with one choice.",
    "trigger": "Use a note, or select_one with one choice.",
    "hidden": "Use a calculate.", "xml-external": _ENTRY, "csv-external": _ENTRY,
    "select_one_from_file": "Put the choices into the choices sheet.",
    "select_multiple_from_file": "Put the choices into the choices sheet.",
    "select_one_external": "Put the choices into the choices sheet.",
    "start": _RECORDED, "end": _RECORDED, "today": _RECORDED, "deviceid": _RECORDED, "phonenumber": _RECORDED,
    "username": _RECORDED, "email": _RECORDED, "simserial": _RECORDED, "subscriberid": _RECORDED, "audit": _RECORDED,
}  # fmt: skip
_SPELLINGS = {
    "select one": "select_one", "select multiple": "select_multiple", "begin group": "begin_group",
    "end group": "end_group", "begin repeat": "begin_repeat", "end repeat": "end_repeat",
    "select all that apply from": "select_multiple", "select all that apply": "select_multiple",
    "select one from file": "select_one_from_file", "select multiple from file": "select_multiple_from_file",
    "select one from": "select_one", "select1": "select_one", "begin loop": "begin_loop", "end loop": "end_loop",
    "add select one prompt using": "select_one", "add select multiple prompt using": "select_multiple",
    "begin lgroup": "begin_repeat", "end lgroup": "end_repeat",
}  # fmt: skip


def kind_of(type_cell: str) -> str:
    """The question type that a `type` cell names, whatever its spelling: "select one groups" is select_one."""
    text = " ".join(type_cell.lower().split())
    for spelling, kind in sorted(_SPELLINGS.items(), reverse=True):
        if text == spelling or text.startswith(spelling + " "):
            return kind
    return text.split(" ")[0] if text else ""


def cure_of(kind: str) -> str:
    """What to do about a question type that is not supported."""
    return CURES.get(kind) or "Use one of: " + ", ".join(sorted(SUPPORTED)) + "."


def refused_types(rows: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[Fault]:
    """Yield a fault for each row of the survey sheet that cannot be asked on a basic phone by this Izwi."""
    for number, row in rows:
        type_cell, name = row.get("type") or "", row.get("name") or ""
        kind, place = kind_of(type_cell), Place("survey", number)
        if kind and kind not in SUPPORTED:
            yield Fault(place, name, f"the question type {kind} is not supported", cure_of(kind))
        if type_cell.lower().replace(" or other", " or_other").split()[-1:] == ["or_other"]:
            cure = "Add a choice `other` to the list and a text question that is relevant when it is chosen."
            yield Fault(place, name, "or_other is not supported yet", cure)
        if row.get("trigger"):
            cure = "Put the expression into a calculate without a trigger."
            yield Fault(place, name, "a trigger is not supported yet", cure)
        if row.get("save_to"):
            yield Fault(place, name, "entities are not supported", "Take the save_to column out.")


# Elements of an XForm that say more than a question and its bind: tag → what is wrong, and what to do.
CONTROLS: Mapping[str, tuple[str, str]] = {
    "repeat": ("repeats are not supported yet", "Ask a fixed number of times, in groups."),
    "upload": ("pictures, sounds and files cannot be sent from a basic phone", _MEDIA),
    "range": ("the control <range> is not supported", CURES["range"]),
    "rank": ("the control <rank> is not supported", CURES["rank"]),
    "trigger": ("the control <trigger> is not supported", CURES["trigger"]),
    "secret": ("the control <secret> is not supported", "Use text."),
}
_ACTIONS = {"setvalue", "setgeopoint", "recordaudio"}
_EVENTS = {"odk-instance-first-load", "xforms-ready"}


def refused_elements(tree: Any, model: Model, places: Mapping[str, Place]) -> Iterator[Fault]:
    """Yield a fault for each part of an XForm that would silently be left out."""
    for element in tree.iter():
        tag = etree.QName(element).localname
        path = model.path(element) if element.get("ref") or element.get("nodeset") else ""
        name = name_of(path)
        place = places.get(name, Place("form", None))
        if tag in CONTROLS:
            yield Fault(place, name, *CONTROLS[tag])
        elif tag in _ACTIONS:
            dynamic = element.get("event") in _EVENTS and tag == "setvalue"
            problem = "a default that is worked out is" if dynamic else "a trigger or an action is"
            cure = "Write a fixed default, or put the expression into a calculate."
            yield Fault(place, name, f"{problem} not supported yet", cure)
        elif tag == "submission" and element.get("base64RsaPublicKey"):
            cure = "Take public_key out of the settings sheet; Izwi protects answers in its own database."
            yield Fault(Place("settings", None), "public_key", "encrypted submissions are not supported", cure)
        elif tag == "entity":
            yield Fault(Place("entities", None), "", "entities are not supported", "Take the entities sheet out.")
        elif tag == "bind":
            yield from _refused_bind(element, path, name, place)


def _refused_bind(bind: Any, path: str, name: str, place: Place) -> Iterator[Fault]:
    preload = bind.get("{http://openrosa.org/javarosa}preload")
    if preload and "/meta/" not in path:
        problem = f"what a smartphone fills in by itself ({preload}) is not supported"
        yield Fault(place, name, problem, "Izwi records when and on which channel each answer came: take it out.")


SEE_DOCS = "Take it out; docs/xlsform.md lists what a basic phone can ask."
