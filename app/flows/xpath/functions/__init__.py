"""The functions of ODK XForms that forms may call: pure, total, with ODK's conversions (ODK XForms, "XPath Functions").

What depends on the clock, the language or the run gets it as an argument, which `xpath` adds.
"""

import json
import math
from collections.abc import Callable
from typing import Any

from app.flows.xpath.functions import chance, dates, geometry, held, lists, numbers, texts, values

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "if": texts.if_, "coalesce": texts.coalesce, "selected": texts.selected, "selected-at": texts.selected_at,
    "count-selected": texts.count_selected, "count-non-empty": lists.count_non_empty, "regex": texts.regex,
    "join": texts.join, "substr": texts.substr, "ends-with": texts.ends_with, "digest": texts.digest,
    "base64-decode": texts.base64_decode, "boolean-from-string": texts.boolean_from_string,
    "checklist": numbers.checklist, "weighted-checklist": numbers.weighted_checklist,
    "int": numbers.int_, "abs": numbers.of_one(abs), "pow": numbers.pow_, "exp": numbers.of_one(math.exp),
    "exp10": numbers.exp10, "log": numbers.log, "log10": numbers.log10, "sqrt": numbers.of_one(math.sqrt),
    "sin": numbers.of_one(math.sin), "cos": numbers.of_one(math.cos), "tan": numbers.of_one(math.tan),
    "asin": numbers.of_one(math.asin), "acos": numbers.of_one(math.acos), "atan": numbers.of_one(math.atan),
    "atan2": numbers.atan2, "pi": lambda _: math.pi, "min": numbers.least, "max": numbers.most,
    "today": lambda _, at: at[:10], "now": lambda _, at: at, "date": dates.date_, "date-time": dates.date_time,
    "decimal-date-time": dates.decimal_date_time, "decimal-time": dates.decimal_time,
    "format-date": dates.format_date, "format-date-time": dates.format_date,
    "area": geometry.area, "enclosed-area": geometry.area, "distance": geometry.distance,
    "geofence": geometry.geofence, "random": chance.random, "uuid": chance.uuid, "randomize": chance.randomize,
    "property": lambda _, properties, name: str(json.loads(properties).get(values.text_of(name), "")),
    # The loader's own, which no form can call: they are not among ARGUMENTS. The first ones stand for functions of
    # libxml2's, which do not know ODK's conversions, and cannot be replaced under their own names.
    "izwi-string": texts.string, "izwi-concat": texts.concat, "izwi-round": numbers.round_, "izwi-sum": numbers.total,
    "izwi-number": texts.number, "izwi-pick": lists.pick, "izwi-once": texts.once,
    "izwi-days": lambda _, value: dates.days_of(value), "izwi-moment": dates.days_or_text, "izwi-same": values.same,
    "izwi-filled": values.filled, "izwi-held-whole": held.whole, "izwi-held-truth": held.truth,
    "izwi-held-day": held.day, "izwi-held-time": held.time, "izwi-held-moment": held.moment,
}  # fmt: skip

# Every function that a form may call, with the least and the most values that it takes.
ARGUMENTS: dict[str, tuple[int, int]] = {
    "true": (0, 0), "false": (0, 0), "today": (0, 0), "now": (0, 0), "position": (0, 1), "last": (0, 0),
    "boolean": (1, 1), "not": (1, 1), "number": (0, 1), "string": (0, 1), "string-length": (0, 1),
    "normalize-space": (0, 1), "local-name": (0, 1), "name": (0, 1), "ceiling": (1, 1), "floor": (1, 1),
    "count": (1, 1), "sum": (1, 1), "concat": (1, 99), "contains": (2, 2), "starts-with": (2, 2), "ends-with": (2, 2),
    "substring": (2, 3), "substring-after": (2, 2), "substring-before": (2, 2), "translate": (3, 3), "substr": (2, 3),
    "if": (3, 3), "coalesce": (1, 99), "once": (1, 1), "selected": (2, 2), "selected-at": (2, 2),
    "count-selected": (1, 1), "count-non-empty": (1, 1), "checklist": (3, 99), "weighted-checklist": (4, 98),
    "regex": (2, 2), "int": (1, 1), "round": (1, 2), "abs": (1, 1), "pow": (2, 2), "exp": (1, 1), "exp10": (1, 1),
    "log": (1, 1), "log10": (1, 1), "sqrt": (1, 1), "sin": (1, 1), "cos": (1, 1), "tan": (1, 1), "asin": (1, 1),
    "acos": (1, 1), "atan": (1, 1), "atan2": (2, 2), "pi": (0, 0), "min": (1, 99), "max": (1, 99), "join": (2, 99),
    "boolean-from-string": (1, 1), "date": (1, 1), "date-time": (1, 1), "decimal-date-time": (1, 1),
    "decimal-time": (1, 1), "format-date": (2, 2), "format-date-time": (2, 2), "random": (0, 0), "uuid": (0, 1),
    "randomize": (1, 2), "digest": (2, 3), "base64-decode": (1, 1), "area": (1, 99), "enclosed-area": (1, 99),
    "distance": (1, 99), "geofence": (2, 2), "property": (1, 1), "version": (0, 0), "instance": (1, 1),
    "current": (0, 0), "pulldata": (4, 4), "indexed-repeat": (3, 11), "jr:choice-name": (2, 2), "jr:itext": (1, 1),
}  # fmt: skip
