"""Pieces of an expression written for libxml2, and how one converts into another (JavaRosa, `XPathEqExpr`)."""

import math
from dataclasses import dataclass

from app.flows.xpath.functions.dates import days_of
from app.flows.xpath.functions.values import number_of

_NO_NUMBER = "number('')"
_MOST_DIGITS = 15  # whole numbers of so many digits are exact in floating point


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the rewritten expression."""

    text: str
    kind: str = ""
    """`date`, `number`, `boolean`, or nothing for any text; for one that is empty or a number `figures`, if that is
    whole, or `decimal`."""
    path: str = ""
    """The question that it is, if it is one."""
    literal: str | None = None
    nodes: str = ""
    """Whether it is nodes of the form (`own`) or of other data (`other`)."""
    many: bool = False
    """Whether the nodes may be none or several."""
    exact: bool = False
    """Whether it is a number without a rounding error."""
    relative: bool = False
    """Whether it starts at an item of other data."""

    @property
    def is_number(self) -> bool:
        return self.kind in {"number", "figures", "decimal"}


def number(part: Part) -> str:
    """Write a value where a number is wanted."""
    if part.kind == "date":
        return days(part)
    if part.literal is not None:
        return figures(part.literal)
    # An author's own list is in plain figures, and may be long: libxml2 may read those, for it is fast.
    if part.kind not in {"", "decimal"} or part.nodes == "other":
        return part.text
    return f"izwi-number({part.text})"


def days(part: Part) -> str:
    """Write a value where a date stands on the other side."""
    if part.literal is not None and days_of(part.literal).is_integer():
        return _signed(str(int(days_of(part.literal))))
    return part.text if part.kind == "number" else f"izwi-days({part.text})"


def figures(written: str) -> str:
    """Write a number exactly: libxml2 reads 2.345 as 2.3449999999999998, but what it divides is right."""
    value = number_of(written)
    if math.isnan(value):
        return _NO_NUMBER
    if value.is_integer() and abs(value) < 10**_MOST_DIGITS:
        return _signed(str(int(value)))
    whole, _, fraction = written.strip().replace(",", ".").partition(".")
    digits = (whole + fraction).lstrip("-0")
    if len(digits) > _MOST_DIGITS or len(fraction) > _MOST_DIGITS:
        return f"izwi-number('{written.strip()}')"
    return f"({'-' * whole.startswith('-')}{digits} div 1{'0' * len(fraction)})"


def _signed(figures: str) -> str:
    return f"({figures})" if figures.startswith("-") else figures


def truth(part: Part) -> str:
    """Write a value where a truth is wanted: XPath would ask whether a node exists, ODK whether it is answered."""
    if part.kind in {"figures", "decimal"}:
        return f"boolean(number({part.text}))"
    return f"boolean(string({part.text}))" if part.nodes else part.text


def boolean(part: Part) -> str:
    """Write a value as true or false."""
    return part.text if part.kind == "boolean" else f"boolean({truth(part)})"


def arithmetic(left: Part, operator: str, right: Part) -> Part:
    """Write an operator that counts."""
    if "date" in {left.kind, right.kind} and operator in {"+", "-"}:
        return Part(f"{days(left)} {operator} {days(right)}", "number")
    return Part(f"{number(left)} {operator} {number(right)}", "number")


def order(left: Part, operator: str, right: Part) -> Part:
    """Write which of two is more."""
    convert = days if "date" in {left.kind, right.kind} else number
    return Part(f"{convert(left)} {operator} {convert(right)}", "boolean")


def equality(left: Part, operator: str, right: Part) -> Part:
    """Write whether two are equal: as truths, as days, as numbers or as texts, whichever comes first."""
    kinds = {left.kind, right.kind}
    if "boolean" in kinds:
        return Part(f"{boolean(left)} {operator} {boolean(right)}", "boolean")
    if "date" in kinds:
        return Part(f"{_moment(left)} {operator} {_moment(right)}", "boolean")
    if (left.is_number or right.is_number) and not (_is_word(left) or _is_word(right)):
        one, other = _comparable(left, right), _comparable(right, left)
        if one is None or other is None:
            call = f"izwi-same({left.text}, {right.text})"
            return Part(call if operator == "=" else f"not({call})", "boolean")
    else:
        one, other = _words(left), _words(right)
    if operator == "!=" and (left.many or right.many):
        # XPath's != is true if any node differs, and never if there is none.
        return Part(f"not({one} = {other})", "boolean")
    return Part(f"{one} {operator} {other}", "boolean")


def _moment(part: Part) -> str:
    """An empty date equals '', which is no day: what is no date stays the text that it is."""
    if part.literal is not None:
        day = days_of(part.literal)
        return part.text if math.isnan(day) else days(part)
    return part.text if part.kind == "number" else f"izwi-moment({part.text})"


def _comparable(part: Part, with_: Part) -> str | None:
    """Write a value to be compared with a number by libxml2 itself, or None if it would not do that as ODK does."""
    if part.literal is not None:
        written = figures(part.literal)
        return written if written.strip("(-)").isdigit() else None
    if part.exact or part.kind == "figures" or part.nodes == "other":
        return part.text
    return f"izwi-number({part.text})" if not part.kind and with_.exact else None


def _is_word(part: Part) -> bool:
    return part.literal is not None and math.isnan(number_of(part.literal))


def _words(part: Part) -> str:
    """Write a value to be compared as a text: what does not exist equals ''."""
    if not part.many:
        return part.text
    return f"string({part.text})" if part.relative else f"izwi-filled({part.text})"
