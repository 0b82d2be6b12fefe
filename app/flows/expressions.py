"""ODK's XPath on libxml2: expressions compiled once per form, pure functions, no clock (the time is an argument).

The functions are those of the ODK XForms specification, section "XPath Functions", that the question types of
`questions` need.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from lxml import etree

from app.flows.xpath import BadExpression, Parsed

JAVAROSA = "http://openrosa.org/javarosa"
PLACE = "izwi-place"
_VARIABLES = ("doc", "here", "at", "locale")
_ONLY_DOC = ("doc",)
_EPOCH = date(1970, 1, 1)
_CORE = frozenset(
    "boolean ceiling concat contains count false floor last local-name name normalize-space not number position "
    "starts-with string string-length substring substring-after substring-before sum translate true".split()
)


class Expression:
    """One compiled expression of a form; call it with the document's root and the node it belongs to.

    `want` is what it gives: boolean, string, number, or the places of the list items that it selects.
    """

    __slots__ = ("_names", "_run", "memo", "paths", "reads", "source", "timeless")

    def __init__(self, source: str, parsed: Parsed, want: str, functions: Mapping[tuple[str | None, str], Any]) -> None:
        text = f"({parsed.text})/@{PLACE}" if want == "places" else f"{want}({parsed.text})"
        # lxml hands every function and variable over anew at each evaluation: it gets only those that are used.
        local = {name.rpartition(":")[2] for name in (*parsed.functions, "izwi-days" * ("izwi-days(" in text))}
        used = {key: function for key, function in functions.items() if key[1] in local}
        self._names = tuple(name for name in _VARIABLES if f"${name}" in text)
        try:
            self._run = etree.XPath(text, namespaces={"jr": JAVAROSA}, extensions=used, smart_strings=False)
        except etree.XPathError as error:
            raise BadExpression(f"cannot be read ({error})") from None
        self.paths = tuple(dict.fromkeys(parsed.paths))
        self.timeless = parsed.complete and not {"at", "locale"}.intersection(self._names)
        # Set by the compiler where the value follows from a few answers alone: it is worked out once for each
        # combination of them. Left None for anything else, above all for texts with answers in them.
        self.memo: dict[tuple[str | None, ...], Any] | None = None
        self.reads: tuple[str, ...] = ()
        self.source = source

    def __call__(self, root: Any, node: Any, at: str, locale: str) -> Any:
        """Evaluate at `node` of the document `root`: a bool, str, float or list of places, as it was compiled for."""
        names = self._names
        if names == _ONLY_DOC:
            return self._run(node, doc=(root,))
        given = {"doc": (root,), "here": (node,), "at": at, "locale": locale}
        return self._run(node, **{name: given[name] for name in names})


def check_functions(parsed: Parsed) -> None:
    """Raise `BadExpression` for a function that this Izwi does not have."""
    for name in parsed.functions:
        if name not in _CORE and name not in FUNCTIONS and name not in {"instance", "jr:choice-name"}:
            known = ", ".join(sorted((*_CORE, *FUNCTIONS)))
            raise BadExpression(f"the function {name}() is not supported yet; there are: {known}")


def text_of(value: Any) -> str:
    """ODK's conversion to a string: the first node's text, numbers without a needless point (XPath 1.0 section 4.2)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return str(int(value)) if value == int(value) else repr(float(value))
    if isinstance(value, list):
        return ("".join(value[0].itertext()) if hasattr(value[0], "itertext") else str(value[0])) if value else ""
    return ""


def number_of(value: Any) -> float:
    """ODK's conversion to a number; what is no number is NaN."""
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        return float(text_of(value).strip())
    except ValueError:
        return math.nan


def truth_of(value: Any) -> bool:
    """XPath's conversion to a boolean (section 4.3)."""
    if isinstance(value, float):
        return not (math.isnan(value) or value == 0)
    return bool(value)


def days_of(value: Any) -> float:
    """Turn a date or a date with time into days since 1970-01-01, ODK's way to compare dates and count with them."""
    text = text_of(value).strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return number_of(value)
    whole = (moment.date() - _EPOCH).days
    return whole + (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86_400 if "T" in text else float(whole)


def _date(_: Any, value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "" if math.isnan(value) else (_EPOCH + timedelta(days=math.floor(value))).isoformat()
    return text_of(value)[:10]


def _format_date(_: Any, value: Any, pattern: Any) -> str:
    try:
        moment = datetime.fromisoformat(_date(_, value) if isinstance(value, float) else text_of(value))
    except ValueError:
        return ""
    table = {
        "Y": f"{moment.year:04d}", "y": f"{moment.year % 100:02d}", "m": f"{moment.month:02d}", "n": str(moment.month),
        "d": f"{moment.day:02d}", "e": str(moment.day), "H": f"{moment.hour:02d}", "h": str(moment.hour),
        "M": f"{moment.minute:02d}", "S": f"{moment.second:02d}",
        "b": moment.strftime("%b"), "a": moment.strftime("%a"),
    }  # fmt: skip
    return re.sub(r"%(.)", lambda match: table.get(match[1], match[0]), text_of(pattern))


def _round(_: Any, value: Any, digits: Any = 0.0) -> float:
    number, scale = number_of(value), 10.0 ** int(number_of(digits))
    return math.floor(number * scale + 0.5) / scale if math.isfinite(number) else number


def _int(_: Any, value: Any) -> float:
    number = number_of(value)
    return float(math.trunc(number)) if math.isfinite(number) else number


def _selected(_: Any, value: Any, choice: Any) -> bool:
    return text_of(choice).strip() in text_of(value).split()


def _selected_at(_: Any, value: Any, place: Any) -> str:
    chosen, index = text_of(value).split(), number_of(place)
    return chosen[int(index)] if 0 <= index < len(chosen) else ""


def _regex(_: Any, value: Any, pattern: Any) -> bool:
    try:
        return re.fullmatch(text_of(pattern), text_of(value)) is not None
    except re.error:
        return False


def _numbers(values: Sequence[Any]) -> list[float]:
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [number_of([item]) if hasattr(item, "itertext") else number_of(item) for item in flat]


def _join(_: Any, glue: Any, *values: Any) -> str:
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return text_of(glue).join(text_of([item]) if hasattr(item, "itertext") else text_of(item) for item in flat)


def _substr(_: Any, value: Any, start: Any, end: Any = math.inf) -> str:
    text, last = text_of(value), number_of(end)
    return text[int(number_of(start)) : len(text) if math.isinf(last) else int(last)]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "if": lambda _, test, yes, no: yes if truth_of(test) else no,
    "coalesce": lambda _, first, second: text_of(first) or text_of(second),
    "selected": _selected,
    "selected-at": _selected_at,
    "count-selected": lambda _, value: float(len(text_of(value).split())),
    "count-non-empty": lambda _, nodes: float(sum(1 for node in nodes if text_of([node]))),
    "regex": _regex,
    "int": _int,
    "round": _round,
    "abs": lambda _, value: abs(number_of(value)),
    "pow": lambda _, base, power: number_of(base) ** number_of(power),
    "min": lambda _, *values: min(_numbers(values), default=math.nan),
    "max": lambda _, *values: max(_numbers(values), default=math.nan),
    "join": _join,
    "substr": _substr,
    "ends-with": lambda _, value, end: text_of(value).endswith(text_of(end)),
    "boolean-from-string": lambda _, value: text_of(value).strip().lower() in {"true", "1"},
    "today": lambda _, at: at[:10],
    "now": lambda _, at: at,
    "izwi-days": lambda _, value: days_of(value),
    "date": _date,
    "date-time": lambda _, value: text_of(value),
    "decimal-date-time": lambda _, value: days_of(value),
    "format-date": _format_date,
    "format-date-time": _format_date,
}
