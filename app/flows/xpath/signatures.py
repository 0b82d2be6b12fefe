"""What the functions of ODK take and give, as far as it decides how a call is written for libxml2."""

# libxml2 writes numbers beyond 2^31 as 3e+09, so texts of numbers are ours (XPath 1.0 section 4.2 knows no exponents);
# its sum() adds up to NaN where an answer is missing, its round() takes no digits, its number() no decimal comma. It
# does not let functions of its own be replaced under their names.
OURS = {
    "string": "izwi-string", "concat": "izwi-concat", "round": "izwi-round", "sum": "izwi-sum", "number": "izwi-number",
}  # fmt: skip
# What is added at the end of a call, and what is put before it: the run, and for chance the place in the expression.
HIDDEN = {"today": "$at", "now": "$at", "jr:choice-name": "$locale", "jr:itext": "$locale"}
SITED = frozenset(["random", "uuid", "randomize"])

DATES = frozenset(["today", "now", "date", "date-time"])
# Numbers that are whole, so that they can be compared without looking at the last digits; then the others.
EXACT = frozenset("count count-non-empty count-selected string-length position last int floor ceiling".split())
NUMBERS = EXACT | frozenset(
    "number round abs min max sum pow exp exp10 log log10 sqrt sin cos tan asin acos atan atan2 pi random"
    " decimal-date-time decimal-time area enclosed-area distance".split()
)
BOOLEANS = frozenset(
    "true false not boolean selected contains starts-with ends-with regex boolean-from-string checklist"
    " weighted-checklist geofence".split()
)
# Functions whose values are numbers, so that a date among them counts as days.
NUMERIC = frozenset(
    "number int round abs floor ceiling min max pow exp exp10 log log10 sqrt sin cos tan asin acos atan atan2".split()
)
# Functions of libxml2 whose values are texts, or numbers from the second on, where its own conversions would be used.
NATIVE_NUMBERS = frozenset(["floor", "ceiling"])
NATIVE_TEXTS = frozenset(
    "contains starts-with substring-before substring-after string-length normalize-space translate".split()
)
ALL_TRUTHS = frozenset(["not", "boolean"])
# Functions that give back one of their values, from this place on.
CHOOSING = {"if": 1, "coalesce": 0, "once": 0}
# Functions whose first value must be nodes.
OF_NODES = frozenset(["count", "sum", "count-non-empty", "randomize", "position"])
# Functions that mean the question itself if they are given nothing.
OF_ITSELF = frozenset(["string", "number", "string-length", "normalize-space"])
