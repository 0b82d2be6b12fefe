"""Our own settings of a whole form: the columns `izwi:…` of the settings sheet become attributes of the instance."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.flows.reading.faults import Fault, Place, nearest
from app.flows.reading.markup import IZWI, XF

_KNOWN = (
    "date_order",
    "numbers",
    "sensitive",
    "sensitive_by_sms",
    "quick_exit",
    "persons",
    "unsaid",
    "smallest",
    "high_risk",
)
_PREFIX = "izwi:"


def take(book: dict[str, Any]) -> dict[str, str]:
    """Take our columns out of the settings sheet before pyxform sees them."""
    header: dict[str, None] = (book.get("settings_header") or [{}])[0]
    row: dict[str, str] = next(iter(book.get("settings") or []), {})
    found = {}
    for column in [each for each in header if each.strip().lower().startswith(_PREFIX)]:
        header.pop(column)
        if value := row.pop(column, None):
            found[column.strip().lower().removeprefix(_PREFIX)] = str(value).strip()
    return found


def add(tree: Any, marks: Mapping[str, str]) -> None:
    """Write them on the primary instance."""
    for name, value in marks.items() if marks else ():
        instance = tree.find(f".//{XF}instance")
        instance[0].set(f"{IZWI}{name}", value)


def unknown(marks: Mapping[str, str]) -> Iterator[Fault]:
    """Yield a word about those that nobody reads."""
    for name in marks:
        if name not in _KNOWN:
            meant = nearest(name, _KNOWN) or " or ".join(_KNOWN)
            problem = "Izwi has no such setting, so it is not read"
            yield Fault(Place("settings", 1), f"{_PREFIX}{name}", problem, f"Is it {_PREFIX}{meant}?")
