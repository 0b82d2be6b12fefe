"""ODK's conversions between texts, numbers, truths and nodes (JavaRosa, `XPathFuncExpr`; W3C XPath 1.0, section 4)."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

LONGEST = 100_000  # characters of a text that functions make; a form could double one from calculation to calculation
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_NEAR = 1e-12


def text_of(value: Any) -> str:
    """The text of a value: of several nodes the first one's; numbers as people write them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return _figures(value)
    if isinstance(value, list) and value:
        return _content(value[0])
    return ""


def _content(node: Any) -> str:
    if not hasattr(node, "itertext"):
        return str(node)
    return "".join(node.itertext()) if len(node) else node.text or ""


def _figures(value: float) -> str:
    """Write the shortest figures that mean this number, as Java does, but never with an exponent (XPath 1.0, 4.2)."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if abs(value) < _NEAR:
        return "0"
    if value == int(value):
        return str(int(value))
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def number_of(value: Any) -> float:
    """The number of a value: figures with a sign, and a point or a comma; what is none is NaN."""
    if isinstance(value, bool | int | float):
        return float(value)
    text = text_of(value)
    if text.isdecimal() and text.isascii():  # as most are
        return float(text)
    text = text.strip().replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def whole_of(value: Any) -> int:
    """The number of a value without its fraction; 0 for what is no number, as in Java, and never beyond its range."""
    number = number_of(value)
    return 0 if math.isnan(number) else int(max(-2_147_483_648, min(2_147_483_647, number)))


def truth_of(value: Any) -> bool:
    """Whether a value counts as true: a number that is not 0, a text that is not empty, a node with such a text."""
    if isinstance(value, float):
        return not math.isnan(value) and abs(value) > _NEAR
    return bool(text_of(value)) if isinstance(value, list) else bool(value)


def flat(values: Sequence[Any]) -> list[Any]:
    """Values one by one; of nodes their texts."""
    return [
        item if isinstance(item, str | float | bool) else _content(item)
        for value in values
        for item in (value if isinstance(value, list) else [value])
    ]


def bounded(text: str) -> str:
    """Return the text if it is not absurdly long."""
    if len(text) > LONGEST:
        raise OverflowError
    return text


def same(_: Any, left: Any, right: Any) -> bool:
    """Whether two values are equal where one of them may be a number: nearly so, for fractions are never exact.

    Of several nodes it is enough that one is.
    """
    return any(_near(one, other) for one in flat([left]) for other in flat([right]))


def _near(one: Any, other: Any) -> bool:
    if isinstance(one, str) and one == other:
        return True
    first, second = number_of(one), number_of(other)
    return first == second or abs(first - second) < _NEAR


def filled(_: Any, nodes: Any) -> Any:
    """The nodes, or an empty text where there are none: what does not exist equals '' in ODK, and nothing in XPath."""
    return nodes if nodes else ""
