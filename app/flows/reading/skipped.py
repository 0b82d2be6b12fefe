"""What a basic phone can never do, though forms ask it of smartphones: left out with a warning, refused where it is required."""

from collections.abc import Iterator, Mapping

from app.flows.reading.faults import Fault, Place
from app.flows.reading.model import Model, name_of

_PLACE = "a basic phone does not know where it is"
_PATH = "a basic phone cannot draw on a map"
_FILE = "a basic phone cannot send files"
_SOUND = "a basic phone cannot send sounds"
# Types as XLSForm calls them, and why nobody is asked. `geopoint` is asked where the form has `izwi:typed`.
SKIPPED: Mapping[str, str] = {
    "image": "a basic phone cannot take pictures", "photo": "a basic phone cannot take pictures", "audio": _SOUND,
    "video": "a basic phone cannot send films", "file": _FILE, "barcode": "a basic phone cannot read bar codes",
    "background-audio": _SOUND, "geopoint": _PLACE, "geotrace": _PATH, "geoshape": _PATH, "start-geopoint": _PLACE,
    "background-geopoint": _PLACE, "audit": "Izwi keeps a record of every turn by itself",
}  # fmt: skip
TYPED = "typed"
_UNASKED = frozenset(["geopoint", "geotrace", "geoshape", "barcode", "binary"])
_KEPT_EMPTY = {"phonenumber": "a phone number", "email": "an e-mail address", "simserial": "a SIM's number",
               "subscriberid": "a SIM's number"}  # fmt: skip
_PRELOAD = "{http://openrosa.org/javarosa}preloadParams"
_CURE_OF_PLACE = "Make it not required, or let two numbers be typed: bind::izwi:typed = yes."
_CURE = "Make it not required, or ask for it in words (text)."


def is_skipped(model: Model, tag: str, path: str) -> bool:
    """Say whether a question, or what has no control, is of a kind that a basic phone cannot do."""
    data_type = model.data_type(path)
    if data_type == "geopoint" and tag == "input" and model.mark(path, TYPED) == "yes":
        return False
    return tag == "upload" or data_type in _UNASKED


def refused(model: Model, tag: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield why a form cannot do without such a question, and the way out."""
    if model.bind(path, "required") not in {"", "false()"}:
        cure = _CURE_OF_PLACE if tag == "input" and model.data_type(path) == "geopoint" else _CURE
        yield f"it is required, but {_why(model, tag, path)}", cure
    typed = model.mark(path, TYPED)
    if typed not in {"", "no"} and model.data_type(path) == "geopoint":
        yield f"izwi:typed is {typed!r}", "Write yes, or nothing."


def warnings(model: Model, places: Mapping[str, Place]) -> Iterator[Fault]:
    """Yield what of a form is left out, or stays empty, on basic phones."""
    for path, element in model.elements.items():
        bind = model.binds.get(path)
        if bind is None or len(element):
            continue
        name, tag = name_of(path), model.controls.get(path, ("", ""))[0]
        place = places.get(name, Place("survey" if places else "form", None))
        property_name = (bind.get(_PRELOAD) or "").rpartition(":")[2].replace(" ", "")
        if is_skipped(model, tag, path):
            yield Fault(place, name, f"nobody is asked: {_why(model, tag, path)}", "Its answers stay empty.")
        elif property_name in _KEPT_EMPTY:
            problem = f"it stays empty: {_KEPT_EMPTY[property_name]} would tell who she is"
            yield Fault(place, name, problem, "Take the row out, if it is not needed elsewhere.")
    if model.settings.get("numbers", "no").lower() not in {"", "no"}:
        problem = "no form is given phone numbers, whatever this says"
        yield Fault(Place("settings", 2), "izwi:numbers", problem, "Answers carry a pseudonym instead.")


def _why(model: Model, tag: str, path: str) -> str:
    data_type = model.data_type(path)
    if tag == "upload" and data_type == "binary":
        kind = model.controls[path][1].partition("/")[0]
        return SKIPPED.get(kind, _FILE)
    if data_type == "binary":
        return SKIPPED["audit"] if name_of(path) == "audit" else _SOUND
    return SKIPPED.get(data_type, _FILE)
