"""The model of an XForm: the empty instance, its binds, and the lists of choices beside it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from app.flows import spelling
from app.flows.reading.markup import IZWI, XF
from app.flows.spelling import Spelling
from app.flows.xpath.expressions import PLACE

_BODY = "{http://www.w3.org/1999/xhtml}body"
_PARTS = frozenset(["label", "hint", "value", "output", "copy", "setvalue"])
_PREFIX = re.compile(r"[\w.-]+:(?=[\w.-])")


@dataclass(frozen=True, slots=True)
class Model:
    """What a form's questions are about. Paths are written without namespaces, which XForms expressions do not use."""

    root: Any
    elements: Mapping[str, Any]
    slots: Mapping[str, int]
    """Path → where its element stands in the instance, counted in document order from the root."""
    binds: Mapping[str, Any]
    instances: Mapping[str, Any]
    external: frozenset[str] = field(default_factory=frozenset)
    """Lists that the form only points to; their rows are in another file."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Our own marks of the whole form."""
    controls: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What asks for a path: the control, and the kind of file where it wants one."""
    spelling: Spelling | None = None
    """The names of the instance as the form writes them, where they have namespaces."""

    def path(self, control: Any) -> str:
        """The instance path that a control or a bind belongs to."""
        ref = (control.get("ref") or control.get("nodeset") or "").strip()
        if bind := control.get("bind"):
            ref = next((path for path, each in self.binds.items() if each.get("id") == bind), ref)
        return absolute(ref, self.root.tag)

    def bind(self, path: str, attribute: str) -> str:
        """An attribute of the bind of a path, or an empty string."""
        bind = self.binds.get(path)
        return "" if bind is None else (bind.get(attribute) or "").strip()

    def mark(self, path: str, name: str) -> str:
        """Our own mark on the bind of a path, or an empty string."""
        bind = self.binds.get(path)
        return "" if bind is None else (bind.get(f"{IZWI}{name}") or "").strip().lower()

    def shape(self) -> tuple[tuple[int, str, str | None], ...]:
        """For each element, in document order: the place of its parent, its name, and the value it brings along."""
        places = {element: place for place, element in enumerate(self.root.iter())}
        return tuple((places.get(each.getparent(), -1), each.tag, each.text) for each in self.root.iter())

    def data_type(self, path: str) -> str:
        """The data type of a path without its namespace."""
        return (self.bind(path, "type") or "string").rpartition(":")[2]


def _one_instance_each(root: Any) -> Any:
    """Keep one instance of each repeat: an XForm has a template of it beside the first, and may bring more."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.attrib.pop("template", None) is not None:
                for twin in [each for each in child.itersiblings() if each.tag == child.tag]:
                    parent.remove(twin)
    return root


def read(tree: Any) -> Model | None:
    """Read the model of a form, or return None if there is none with an instance."""
    model = tree.find(f".//{XF}model")
    instances = [] if model is None else model.findall(f"{XF}instance")
    if not instances or not len(instances[0]):
        return None
    settings = {key.removeprefix(IZWI): value for key, value in instances[0][0].items() if key.startswith(IZWI)}
    root = _one_instance_each(_plain(instances[0][0]))
    walked = list(_walk(root))
    lists = {each.get("id"): each for each in instances[1:]}
    return Model(
        root=root,
        elements=dict(walked),
        slots={path: slot for slot, (path, _) in enumerate(walked)},
        binds={absolute((each.get("nodeset") or "").strip(), root.tag): each for each in tree.iter(f"{XF}bind")},
        instances={name: _numbered(_plain(each)) for name, each in lists.items() if len(each)},
        external=frozenset(name for name, each in lists.items() if each.get("src") or not len(each)),
        settings=settings,
        controls=dict(_controls(tree, root.tag)),
        spelling=spelling.read(instances[0][0]),
    )


def _controls(tree: Any, root: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the paths that something of the body is about, with what it is."""
    body = tree.find(_BODY)
    for element in () if body is None else body.iter():
        tag, ref = etree.QName(element).localname, (element.get("ref") or "").strip()
        if ref and tag not in _PARTS:
            yield absolute(ref, root), (tag, element.get("mediatype") or "")


def absolute(ref: str, root: str) -> str:
    """Write a path as the model knows it: from the root on, without namespaces."""
    ref = _PREFIX.sub("", ref)
    return ref if ref.startswith("/") or not ref else f"/{root}/{ref}"


def name_of(path: str) -> str:
    """The name of a question is the last step of its path."""
    return path.rsplit("/", 1)[-1]


def _plain(element: Any) -> Any:
    """Copy an instance without namespaces, and without the blanks around tags."""
    copy = etree.Element(etree.QName(element).localname, {etree.QName(k).localname: v for k, v in element.items()})
    copy.text = (element.text or "").strip() or None
    for child in element:
        copy.append(_plain(child))
    return copy


def _numbered(instance: Any) -> Any:
    """Give each item of a list its place: libxml2 would copy an element of another document, but not an attribute."""
    for place, item in enumerate(instance[0]):
        item.set(PLACE, str(place))
    return instance


def _walk(element: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    path = f"{path}/{element.tag}"
    yield path, element
    for child in element:
        yield from _walk(child, path)
