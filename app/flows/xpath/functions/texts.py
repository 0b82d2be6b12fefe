"""Functions that make and look into texts, among them lists of choices (ODK XForms, "String" and "Select Functions")."""

import base64
import binascii
import hashlib
import math
import re
from typing import Any

from app.flows.xpath.functions.values import bounded, flat, number_of, text_of, truth_of, whole_of
from app.flows.xpath.patterns import BadPattern, pattern

ALGORITHMS = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
ENCODINGS = ("base64", "hex")
_NO_TEXT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold


def if_(_: Any, test: Any, yes: Any, no: Any) -> Any:
    """`if()`."""
    return yes if truth_of(test) else no


def coalesce(_: Any, *values: Any) -> Any:
    """`coalesce()`: the first value that is neither empty nor NaN, else the last."""
    return next((value for value in values if not _is_nothing(value)), values[-1])


def _is_nothing(value: Any) -> bool:
    return math.isnan(value) if isinstance(value, float) else not text_of(value)


def once(_: Any, now: Any, value: Any) -> Any:
    """`once()`: what the node has already, else the value."""
    return now if text_of(now) else value


def concat(_: Any, *values: Any) -> str:
    """`concat()`: all values, and all nodes of a list, one after the other."""
    return bounded("".join(text_of(item) for item in flat(values)))


def join(_: Any, glue: Any, *values: Any) -> str:
    """`join()`: all values, and all nodes of a list, with a text between them."""
    return bounded(text_of(glue).join(text_of(item) for item in flat(values)))


def substr(_: Any, value: Any, start: Any, end: Any = None) -> str:
    """`substr()`: from the place `start` to the one before `end`, counted from 0, or from the end if negative."""
    text = text_of(value)
    size = len(text)
    first, last = whole_of(start), size if end is None else whole_of(end)
    first, last = first + size * (first < 0), last + size * (last < 0)
    return text[max(0, first) : max(0, last)]


def ends_with(_: Any, value: Any, end: Any) -> bool:
    """`ends-with()`."""
    return text_of(value).endswith(text_of(end))


def regex(_: Any, value: Any, wanted: Any) -> bool:
    """`regex()`: whether the whole text is as the pattern says; a pattern that cannot be used matches nothing."""
    try:
        return pattern(text_of(wanted)).matches(text_of(value))
    except BadPattern:
        return False


def boolean_from_string(_: Any, value: Any) -> bool:
    """`boolean-from-string()`: true for "true" and "1"."""
    return text_of(value).lower() in {"true", "1"}


def selected(_: Any, value: Any, choice: Any) -> bool:
    """`selected()`: whether a choice is among those of a list with blanks between."""
    return f" {text_of(choice).strip()} " in f" {text_of(value)} "


def selected_at(_: Any, value: Any, place: Any) -> str:
    """`selected-at()`: one choice of a list, counted from 0."""
    chosen, index = text_of(value).split(), whole_of(place)
    return chosen[index] if 0 <= index < len(chosen) else ""


def count_selected(_: Any, value: Any) -> float:
    """`count-selected()`."""
    return float(len(text_of(value).split()))


def digest(_: Any, value: Any, algorithm: Any, encoding: Any = "base64") -> str:
    """`digest()`: the hash of a text in UTF-8; of an unknown algorithm or encoding it is empty."""
    name, wanted = ALGORITHMS.get(text_of(algorithm).upper().replace("-", "")), text_of(encoding).lower()
    if name is None or wanted not in ENCODINGS:
        return ""
    hashed = hashlib.new(name, text_of(value).encode(), usedforsecurity=False).digest()
    return hashed.hex() if wanted == "hex" else base64.b64encode(hashed).decode()


def base64_decode(_: Any, value: Any) -> str:
    """`base64-decode()`: the text in UTF-8 that was encoded, or nothing."""
    try:
        text = base64.b64decode(text_of(value).encode(), validate=True).decode(errors="replace")
        return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)
    except (binascii.Error, ValueError):
        return ""


def number(_: Any, value: Any) -> float:
    """`number()`: figures; a text that looks like a date is none, as in Collect."""
    return number_of(value)


def string(_: Any, value: Any) -> str:
    """`string()`."""
    return text_of(value)
