"""ODK's XPath on libxml2: expressions compiled once per form, pure functions, no clock (the time is an argument).

An expression never stops a turn: what cannot be worked out is NaN, an empty text, false or no choices, as in ODK.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lxml import etree

from app.flows.reading.faults import nearest
from app.flows.xpath.functions import ARGUMENTS, FUNCTIONS, held
from app.flows.xpath.functions.numbers import total
from app.flows.xpath.functions.texts import join
from app.flows.xpath.functions.values import flat, number_of, text_of
from app.flows.xpath.paths import Parsed
from app.flows.xpath.patterns import BadPattern, pattern
from app.flows.xpath.syntax import BadExpression

JAVAROSA = "http://openrosa.org/javarosa"
PLACE = "izwi-place"
_VARIABLES = ("doc", "here", "at", "locale", "run", "properties")
_ONLY_DOC = ("doc",)
_NOTHING: Mapping[str, Any] = {"boolean": False, "string": "", "number": float("nan"), "places": (), "texts": ()}
_UNWORKABLE = (etree.XPathError, ArithmeticError, LookupError, TypeError, ValueError)


def _texts(nodes: Any) -> list[str]:
    return flat([nodes]) if isinstance(nodes, list) else []


def _as_it_is(value: Any) -> Any:
    return value


class Moment(NamedTuple):
    """What an expression may know besides the answers: everything that a clock, a phone or a die would tell it."""

    at: str
    """The respondent's own date and time, as ISO 8601 writes it."""
    locale: str
    seed: int
    """The run's own number: random() and uuid() follow from it, and from the question."""
    instance: str = ""
    """The run's own name, if it has one: two runs with one seed then differ."""
    properties: Mapping[str, str] = {}
    """What property() gives: deviceid, username and the like."""


class Expression:
    """One compiled expression of a form; call it with the document's root and the node it belongs to.

    `want` is what it gives: boolean, string, number, the places of the list items that it selects, or the texts of nodes.
    A string may be what a question of a `data_type` holds.
    """

    __slots__ = (
        "_convert",
        "_names",
        "_nothing",
        "_run",
        "asks_who",
        "compared",
        "contents",
        "gathered",
        "gathers",
        "is_ordered",
        "leaves",
        "memo",
        "near",
        "needs",
        "paths",
        "reads",
        "reads_itself",
        "sites",
        "slots",
        "source",
        "stands",
        "timeless",
    )

    def __init__(
        self,
        source: str,
        parsed: Parsed,
        want: str,
        functions: Mapping[tuple[str | None, str], Any],
        data_type: str = "",
    ) -> None:
        as_held = held.call(data_type, parsed.text, parsed.truth, is_date=parsed.is_date)
        text = (
            as_held
            or {
                "boolean": f"boolean({parsed.truth})",
                "string": f"string({parsed.text})" if parsed.is_path else parsed.text,
                "number": parsed.text,
                "places": f"({parsed.text})/@{PLACE}",
                "texts": parsed.text,
            }[want]
        )
        # lxml hands every function and variable over anew at each evaluation: it gets only those that are used.
        used = {key: function for key, function in functions.items() if f"{key[1]}(" in text}
        self._names = tuple(name for name in _VARIABLES if f"${name}" in text)
        try:
            self._run = etree.XPath(text, namespaces={"jr": JAVAROSA}, extensions=used, smart_strings=False)
        except etree.XPathError as error:
            raise BadExpression(f"cannot be read ({error})") from None
        self._nothing = _NOTHING[want]
        # Values become what is wanted out here: another call of a function from inside XPath would cost more.
        self._convert: Callable[[Any], Any] = {"string": text_of, "number": number_of, "texts": _texts}.get(
            want, _as_it_is
        )
        self.paths = tuple(dict.fromkeys(parsed.paths))
        self.near = dict(parsed.near)
        counted = Counter(parsed.counted)
        self.contents = frozenset(path for path, uses in Counter(parsed.paths).items() if uses > counted[path])
        self.is_ordered = parsed.is_ordered
        self.gathers = parsed.gathers if want == "string" and not as_held else ()
        self.stands = parsed.stands if want == "string" and not as_held else 0
        self.compared = tuple(parsed.compared)
        self.reads_itself = parsed.reads_itself
        self.asks_who = "properties" in self._names
        # Whether its value follows from the answers alone, for everybody and at any time.
        self.timeless = not parsed.reads_itself and {"doc", "here"}.issuperset(self._names)
        # Set by the compiler where the value follows from a few answers alone: it is worked out once for each
        # combination of them. Left None for anything else, above all for texts with answers in them.
        self.memo: dict[tuple[str | None, ...], Any] | None = None
        self.reads: tuple[str, ...] = ()
        # Where those are not all answers: the questions and calculations that hold them.
        self.leaves: tuple[Any, ...] | None = None
        # Set by the compiler too: the calculations that it reads, those they read before them, each with the number of
        # repeats of which only the question's own instance matters; and the places of all elements that it looks at,
        # outside of repeats and in them. None where only the whole instance will do.
        self.needs: tuple[tuple[Any, int], ...] = ()
        self.slots: tuple[int, ...] | None = None
        self.sites: tuple[tuple[int, tuple[Any, ...], int], ...] = ()
        # Where it only counts, adds up or joins what one question holds: that question (None to count), the repeats that
        # it is in, and in how many of them only the same instance is meant. No elements need be made for it.
        self.gathered: tuple[Any, tuple[Any, ...], int] | None = None
        self.source = source

    def gather(self, texts: list[str]) -> Any:
        """What it comes to, if these are all texts that it counts, adds up or joins."""
        name, _, glue = self.gathers
        try:
            if name == "join":
                return join(None, glue, texts)
            return text_of(float(len(texts)) if name == "count" else total(None, texts))
        except _UNWORKABLE:
            return self._nothing

    def __call__(self, root: Any, node: Any, moment: Moment) -> Any:
        """Evaluate at `node` of the document `root`: a bool, str, float or list of places, as it was compiled for."""
        try:
            if self._names == _ONLY_DOC:
                return self._convert(self._run(node, doc=(root,)))
            return self._convert(self._run(node, **self._given(root, node, moment)))
        except _UNWORKABLE:
            return self._nothing

    def try_out(self, root: Any, node: Any, moment: Moment) -> None:
        """Evaluate it once while the form is loaded; raises `BadExpression` for what XPath itself cannot do."""
        try:
            self._run(node, **self._given(root, node, moment))
        except etree.XPathError as error:
            raise BadExpression(f"cannot be worked out ({error})") from None
        except _UNWORKABLE:
            return  # a matter of the answers: empty ones are no numbers and no dates

    def _given(self, root: Any, node: Any, moment: Moment) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name in self._names:
            if name == "doc":
                given[name] = (root,)
            elif name == "here":
                given[name] = (node,)
            elif name == "run":
                given[name] = f"{moment.instance} {moment.seed}"
            elif name == "properties":
                given[name] = json.dumps(dict(moment.properties))
            else:
                given[name] = getattr(moment, name)
        return given


def check_functions(parsed: Parsed) -> None:
    """Raise `BadExpression` for a function that this Izwi does not have, or that is called in a wrong way."""
    for name, count in parsed.functions:
        if name not in ARGUMENTS:
            meant = nearest(name, ARGUMENTS)
            rest = f"is it {meant}()?" if meant else "docs/xlsform.md lists those there are"
            raise BadExpression(f"the function {name}() is not supported; {rest}")
        least, most = ARGUMENTS[name]
        if not least <= count <= most:
            wanted = str(least) if least == most else f"{least} or more" if most > 9 else f"{least} to {most}"
            raise BadExpression(f"{name}() takes {wanted} value(s), not {count}")
        if name in _IN_PAIRS and (count - least) % 2:
            raise BadExpression(f"{name}() takes its values in pairs after the first {least - 2}")
    for source in parsed.patterns:
        try:
            pattern(source)
        except BadPattern as error:
            raise BadExpression(f"the pattern {source} cannot be used: {error}") from None


_IN_PAIRS = {"weighted-checklist", "indexed-repeat"}
__all__ = ["FUNCTIONS", "JAVAROSA", "PLACE", "BadExpression", "Expression", "Moment", "check_functions"]
