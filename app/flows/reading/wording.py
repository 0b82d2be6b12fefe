"""The words of a form: labels, hints and messages by language, with the expressions that stand in them."""

from collections.abc import Mapping
from typing import Any

from app.flows.flow import Text
from app.flows.reading import itext
from app.flows.reading.markup import XF
from app.flows.reading.scope import Scope
from app.flows.xpath.expressions import JAVAROSA, Expression

_JR = f"{{{JAVAROSA}}}"


class Wording:
    """Reads the words of a form; what is wrong in them becomes a fault of their question."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.texts = scope, scope.texts

    def message(self, path: str, attribute: str) -> Mapping[str, Text]:
        """The sentence that says why an answer is not taken, if the form has one."""
        source = self.scope.model.bind(path, _JR + attribute)
        return {} if not source else self.localized(source, None, path)[0]

    def labels(self, control: Any, path: str) -> tuple[Mapping[str, Text], Mapping[str, Text]]:
        """The words of a question or a choice."""
        label = control.find(f"{XF}label")
        return ({}, {}) if label is None else self.localized(label.get("ref") or "", label, path)

    def hints(self, control: Any, path: str) -> tuple[Mapping[str, Text], Mapping[str, Text]]:
        """What answers a reply of `?`: the hint, and the longer one for those who still do not know."""
        hint = control.find(f"{XF}hint")
        ref = "" if hint is None else hint.get("ref") or ""
        guidance = self.texts.guidance(itext.key_of(ref)) if ref else {}
        found = {} if hint is None else self.localized(ref, hint, path)[0]
        return found, self.rendered(guidance, {}, path)[0]

    def localized(self, ref: str, inline: Any, path: str) -> tuple[Mapping[str, Text], Mapping[str, Text]]:
        """Texts by language, plain and short: from itext where `ref` names one, else from the element or the words."""
        default = self.texts.default
        if ref.startswith("jr:itext("):
            return self.rendered(*self.texts.forms(itext.key_of(ref)), path)
        if ref:
            return {default: (ref,)}, {}
        return self.rendered({default: inline} if inline is not None else {}, {}, path)

    def rendered(
        self, plain: Mapping[str, Any], short: Mapping[str, Any], path: str
    ) -> tuple[dict[str, Text], dict[str, Text]]:
        """Texts by language, plain and short, with the places where answers stand in them."""
        both = ({locale: self.text(value, path) for locale, value in each.items()} for each in (plain, short))
        plains, shorts = ({locale: text for locale, text in each.items() if text} for each in both)
        return plains, shorts

    def text(self, value: Any, path: str) -> Text:
        """Turn an element with `<output>`s into pieces; blank lines and doubled spaces are no use on a small screen."""
        pieces: list[str | Expression] = [value.text or ""]
        for child in value:
            source = child.get("value") or child.get("ref")
            expression = self.scope.expression(source, path, "string", "label") if source else "".join(child.itertext())
            pieces.extend([expression] if expression else [])
            pieces.append(child.tail or "")
        pieces = [itext.tidy(piece) if isinstance(piece, str) else piece for piece in pieces]
        if isinstance(pieces[0], str):
            pieces[0] = pieces[0].lstrip()
        if isinstance(pieces[-1], str):
            pieces[-1] = pieces[-1].rstrip()
        return tuple(piece for piece in pieces if piece)
