"""ODK's XPath on libxml2: expressions compiled once per form, pure functions, no clock (the time is an argument).

An expression never stops a turn: what cannot be worked out is NaN, an empty text, false or no choices, as in ODK.
"""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from app.flows.faults import nearest
from app.flows.functions import ARGUMENTS, FUNCTIONS
from app.flows.patterns import BadPattern, pattern
from app.flows.xpath import BadExpression, Parsed

JAVAROSA = "http://openrosa.org/javarosa"
PLACE = "izwi-place"
_VARIABLES = ("doc", "here", "at", "locale")
_ONLY_DOC = ("doc",)
_NOTHING: Mapping[str, Any] = {"boolean": False, "string": "", "number": float("nan"), "places": ()}
_UNWORKABLE = (etree.XPathError, ArithmeticError, LookupError, TypeError, ValueError)


class Expression:
    """One compiled expression of a form; call it with the document's root and the node it belongs to.

    `want` is what it gives: boolean, string, number, or the places of the list items that it selects.
    """

    __slots__ = ("_names", "_nothing", "_run", "compared", "memo", "paths", "reads", "source", "timeless")

    def __init__(self, source: str, parsed: Parsed, want: str, functions: Mapping[tuple[str | None, str], Any]) -> None:
        text = {
            "boolean": f"boolean({parsed.truth})",
            "string": f"string({parsed.text})" if parsed.is_path else f"izwi-string({parsed.text})",
            "number": f"number({parsed.text})",
            "places": f"({parsed.text})/@{PLACE}",
        }[want]
        # lxml hands every function and variable over anew at each evaluation: it gets only those that are used.
        used = {key: function for key, function in functions.items() if f"{key[1]}(" in text}
        self._names = tuple(name for name in _VARIABLES if f"${name}" in text)
        try:
            self._run = etree.XPath(text, namespaces={"jr": JAVAROSA}, extensions=used, smart_strings=False)
        except etree.XPathError as error:
            raise BadExpression(f"cannot be read ({error})") from None
        self._nothing = _NOTHING[want]
        self.paths = tuple(dict.fromkeys(parsed.paths))
        self.compared = tuple(parsed.compared)
        self.timeless = not {"at", "locale"}.intersection(self._names)
        # Set by the compiler where the value follows from a few answers alone: it is worked out once for each
        # combination of them. Left None for anything else, above all for texts with answers in them.
        self.memo: dict[tuple[str | None, ...], Any] | None = None
        self.reads: tuple[str, ...] = ()
        self.source = source

    def __call__(self, root: Any, node: Any, at: str, locale: str) -> Any:
        """Evaluate at `node` of the document `root`: a bool, str, float or list of places, as it was compiled for."""
        try:
            if self._names == _ONLY_DOC:
                return self._run(node, doc=(root,))
            return self._run(node, **self._given(root, node, at, locale))
        except _UNWORKABLE:
            return self._nothing

    def try_out(self, root: Any, node: Any, at: str, locale: str) -> None:
        """Evaluate it once while the form is loaded; raises `BadExpression` for what XPath itself cannot do."""
        try:
            self._run(node, **self._given(root, node, at, locale))
        except etree.XPathError as error:
            raise BadExpression(f"cannot be worked out ({error})") from None
        except _UNWORKABLE:
            return  # a matter of the answers: empty ones are no numbers and no dates

    def _given(self, root: Any, node: Any, at: str, locale: str) -> dict[str, Any]:
        given = {"doc": (root,), "here": (node,), "at": at, "locale": locale}
        return {name: given[name] for name in self._names}


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
    for source in parsed.patterns:
        try:
            pattern(source)
        except BadPattern as error:
            raise BadExpression(f"the pattern {source} cannot be used: {error}") from None


__all__ = ["FUNCTIONS", "JAVAROSA", "PLACE", "BadExpression", "Expression", "check_functions"]
