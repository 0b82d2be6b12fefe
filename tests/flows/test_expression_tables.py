"""What every function and conversion gives, row by row, from the tables in `tests/cases/expressions/`.

A row is an expression, a document, what it gives, and a note. The document is `name=value; name:type=value`, the
question itself being `q`; or XML, in which `type` is a question's data type, `repeat` marks a repeat and `here` the
question itself; or the name of a file in `documents/`. `~` before a number means nearly so, and `refused: ` that the
form is not taken, with those words in what its author reads.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from app.flows.flow import Choice
from app.flows.reading.itext import Texts
from app.flows.reading.model import Model
from app.flows.reading.scope import Scope
from app.flows.xpath.expressions import Moment
from app.flows.xpath.functions import ARGUMENTS

TABLES = Path(__file__).parents[1] / "cases" / "expressions"
MOMENT = Moment("2026-11-23T12:30:00.250+02:00", "sn", 7, "run-1", {"deviceid": "izwi:1", "username": "field1"})
LISTS = etree.parse(TABLES / "documents" / "lists.xml").getroot()
CHOICES = {"harare": {"en": "Harare", "sn": "Guta reHarare"}, "gweru": {"en": "Gweru"}}
CASES = [
    pytest.param(*row.values(), id=f"{table.stem}: {row['expression']} of {row['document'] or 'nothing'}"[:120])
    for table in sorted(TABLES.glob("*.csv"))
    for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines())
]


@pytest.mark.parametrize(("expression", "document", "expected", "note"), CASES)
def test_an_expression_gives_what_odk_gives(expression: str, document: str, expected: str, note: str) -> None:
    given = evaluate(expression, document)

    if expected.startswith("~"):
        assert float(given) == pytest.approx(float(expected[1:]), rel=1e-9, abs=1e-9), note
    elif expected.startswith("refused: "):
        assert given.startswith("refused: "), note
        assert expected.removeprefix("refused: ") in given, note
    else:
        assert given == expected, note


def test_there_are_cases_for_everything() -> None:
    calls = Counter(name for case in CASES for name in ARGUMENTS if f"{name}(" in case.values[0])

    assert {name for name in ARGUMENTS if calls[name] < 3} == set()
    assert len(CASES) >= 500
    assert len({case.values[:2] for case in CASES}) == len(CASES)


def evaluate(source: str, document: str, data_type: str = "") -> str:
    root = document_of(document)
    here = next(iter(root.xpath("//*[@here]")), None)
    node = root.find("q") if here is None else here
    scope = scope_of(root)
    for name, path in ((path.rsplit("/", 1)[-1], path) for path in scope.model.slots):
        source = source.replace(f"${{{name}}}", f" {path} ")
    expression = scope.expression(source, path_of(node), "string", "case", data_type=data_type)
    if expression is None:
        return f"refused: {scope.faults[0].problem}"
    return expression(root, node, MOMENT)


def document_of(written: str) -> Any:
    if (TABLES / "documents" / f"{written}.xml").exists():
        written = (TABLES / "documents" / f"{written}.xml").read_text(encoding="utf-8")
    if written.startswith("<"):
        return etree.fromstring(written, etree.XMLParser(remove_blank_text=True))
    root = etree.Element("data", version="2026112301")
    for each in filter(None, (part.strip() for part in written.split(";"))):
        name, _, value = each.partition("=")
        name, _, kind = name.partition(":")
        element = etree.SubElement(root, name.strip(), {"type": kind} if kind else {})
        element.text = value.replace(",,", ";") or None
    if root.find("q") is None:
        etree.SubElement(root, "q")
    return root


def scope_of(root: Any) -> Scope:
    walked = list(walk(root))
    elements: dict[str, Any] = {}
    binds: dict[str, Any] = {}
    for path, element in walked:
        elements.setdefault(path, element)
        if element.get("type"):
            binds[path] = etree.Element("bind", type=element.get("type"))
    model = Model(
        root=root,
        elements=elements,
        slots={path: slot for slot, path in enumerate(elements)},
        binds=binds,
        instances={each.get("id"): each for each in LISTS},
    )
    text = {"greeting": {"en": {"": value("Hello")}, "sn": {"": value("Mhoro")}}, "only": {"en": {"": value("Thanks")}}}
    scope = Scope(model, {}, Texts({"en": "English", "sn": "Shona"}, "en", text))
    scope.repeats = frozenset(path for path, element in walked if element.get("repeat") is not None)
    scope.choices["/data/town"] = {
        name: Choice(name, {locale: (text,) for locale, text in labels.items()}, {}, fixed=False)
        for name, labels in CHOICES.items()
    }
    return scope


def value(text: str) -> Any:
    element = etree.Element("value")
    element.text = text
    return element


def walk(element: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    path = f"{path}/{element.tag}"
    yield path, element
    for child in element:
        yield from walk(child, path)


def path_of(node: Any) -> str:
    return "/".join(["", *reversed([each.tag for each in node.iterancestors()]), node.tag])
