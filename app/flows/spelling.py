"""How a form itself writes the names in its instance. Expressions do not look at namespaces, so the engine has none;
a record is given out with them, and with the attributes that the form has there, as ODK Collect does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from app.flows.reading.markup import XF
from app.flows.xpath.expressions import JAVAROSA

_TEMPLATE = f"{{{JAVAROSA}}}template"


@dataclass(frozen=True, slots=True)
class Spelling:
    """The names and attributes with a namespace, by path, and the prefixes that the form has for namespaces."""

    names: Mapping[str, tuple[str, Mapping[str, str]]]
    prefixes: Mapping[str | None, str]

    def written(self, root: Any) -> Any:
        """The same instance in the form's own spelling."""
        return self._copied(root, f"/{root.tag}", None)

    def _copied(self, element: Any, path: str, parent: Any) -> Any:
        tag, attributes = self.names.get(path) or (element.tag, dict(element.attrib))
        if parent is None:
            copy = etree.Element(tag, dict(attributes), nsmap=dict(self.prefixes))
        else:
            copy = etree.SubElement(parent, tag, dict(attributes))
        copy.text = element.text
        for child in element:
            self._copied(child, f"{path}/{child.tag}", copy)
        return copy


def read(root: Any) -> Spelling | None:
    """Read the spelling of a form's primary instance; None where all its names are plain."""
    names: dict[str, tuple[str, Mapping[str, str]]] = {}
    namespaces = set()
    for path, element in _walk(root, ""):
        tag = element.tag.removeprefix(XF)
        attributes = {key: value for key, value in element.items() if key != _TEMPLATE}
        if path not in names and any(name.startswith("{") for name in (tag, *attributes)):
            names[path] = tag, attributes
            namespaces |= {name[1:].partition("}")[0] for name in (tag, *attributes) if name.startswith("{")}
    prefixes = {prefix: uri for prefix, uri in _declared(root) if uri in namespaces}
    if None in prefixes and not root.tag.startswith("{" + prefixes[None]):
        del prefixes[None]
    return Spelling(names, prefixes) if names else None


def _walk(element: Any, path: str) -> Iterator[tuple[str, Any]]:
    path = f"{path}/{etree.QName(element).localname}"
    yield path, element
    for child in element:
        yield from _walk(child, path)


def _declared(root: Any) -> Iterator[tuple[str | None, str]]:
    for element in root.iter():
        for prefix, uri in element.nsmap.items():
            # What lxml made up for our own marks is written as everybody knows it.
            yield ("izwi" if prefix and prefix.startswith("ns") and uri == "urn:izwi:xforms" else prefix), uri
