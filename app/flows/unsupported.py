"""What this Izwi cannot ask yet or ever, and what to do instead: refused by sheet, row and name, never half-run."""

from collections.abc import Iterable, Iterator, Mapping

from app.flows.faults import Fault, Place

_SUPPORTED = frozenset(
    "text string integer int decimal date note calculate select_one select_multiple begin_group end_group".split()
)
_MEDIA = "A basic phone cannot do this: take the question out, or ask for it in words (text)."
_ENTRY = "Ask for it as text with a constraint, or as select_one."
_RECORDED = "Izwi records this by itself with every answer: take the row out."
_CURES: Mapping[str, str] = {
    "image": _MEDIA, "photo": _MEDIA, "audio": _MEDIA, "video": _MEDIA, "file": _MEDIA, "barcode": _MEDIA,
    "background-audio": _MEDIA, "geotrace": _MEDIA, "geoshape": _MEDIA,
    "geopoint": "Ask for the place with select_one (province, district) instead.",
    "start-geopoint": "Ask for the place with select_one (province, district) instead.",
    "begin_repeat": "Repeats are not supported yet: ask a fixed number of times, in groups.",
    "end_repeat": "Repeats are not supported yet: ask a fixed number of times, in groups.",
    "rank": "Ask for the first with select_one and for the second with another select_one.",
    "range": "Ask for an integer with a constraint, e.g. . >= 1 and . <= 10.",
    "time": _ENTRY, "datetime": _ENTRY, "acknowledge": "Use a note, or select_one with one choice.",
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
    "select all that apply": "select_multiple", "select_one_from_file": "select_one_from_file",
}  # fmt: skip


def kind_of(type_cell: str) -> str:
    """The question type that a `type` cell names, whatever its spelling: "select one groups" is select_one."""
    text = " ".join(type_cell.lower().split())
    for spelling, kind in _SPELLINGS.items():
        if text == spelling or text.startswith(spelling + " "):
            return kind
    return text.split(" ")[0] if text else ""


def refused_types(rows: Iterable[Mapping[str, str]]) -> Iterator[Fault]:
    """Yield a fault for each row of the survey sheet that cannot be asked on a basic phone by this Izwi."""
    for number, row in enumerate(rows, start=2):
        if (row.get("disabled") or "").lower() in {"yes", "true"}:
            continue
        type_cell, name = row.get("type") or "", row.get("name") or ""
        kind = kind_of(type_cell)
        if kind and kind not in _SUPPORTED:
            cure = _CURES.get(kind, "Use one of: " + ", ".join(sorted(_SUPPORTED)) + ".")
            yield Fault(Place("survey", number), name, f"the question type {kind} is not supported", cure)
        if type_cell.lower().split()[-1:] == ["or_other"]:
            cure = "Add a choice `other` to the list and a text question that is relevant when it is chosen."
            yield Fault(Place("survey", number), name, "or_other is not supported yet", cure)
        if row.get("trigger"):
            cure = "Put the expression into a calculate without a trigger."
            yield Fault(Place("survey", number), name, "a trigger is not supported yet", cure)
