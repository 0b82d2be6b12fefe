"""A small reader of OData feeds that knows the standard and not how ours is made: types from EDMX, rows checked against them,
pages followed to their end.
"""

import base64
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import httpx
from lxml import etree

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"
_DATE, _ZONE = r"\d{4}-\d\d-\d\d", r"(?:Z|[+-]\d\d:\d\d)"
_TEXTS = {"Edm.Date": _DATE, "Edm.DateTimeOffset": rf"{_DATE}T\d\d:\d\d:\d\d(?:\.\d+)?{_ZONE}"}
_SHAPES = {"Edm.GeographyPoint": "Point", "Edm.GeographyLineString": "LineString", "Edm.GeographyPolygon": "Polygon"}


class Model:
    """What `$metadata` says."""

    def __init__(self, document: bytes) -> None:
        tree = etree.fromstring(document)
        assert (tree.tag, tree.get("Version")) == (f"{EDMX}Edmx", "4.0")
        self.types: dict[str, dict[str, str]] = {}
        self.links: dict[str, dict[str, str]] = {}
        self.enums: dict[str, list[str]] = {}
        self.keys: dict[str, list[str]] = {}
        for schema in tree.iter(f"{EDM}Schema"):
            for kind in schema:
                name = f"{schema.get('Namespace')}.{kind.get('Name')}"
                assert name not in self.types, f"{name} is there twice"
                match etree.QName(kind).localname:
                    case "EntityType" | "ComplexType":
                        self._add(name, kind)
                    case "EnumType":
                        self.enums[name] = [each.get("Name") for each in kind]
        (container,) = tree.iter(f"{EDM}EntityContainer")
        assert re.fullmatch(r"[A-Za-z_]\w*", container.get("Name"))
        self.sets = {each.get("Name"): each.get("EntityType") for each in container.findall(f"{EDM}EntitySet")}
        self._holds()

    def _add(self, name: str, kind: Any) -> None:
        named = [each.get("Name") for each in kind if each.get("Name")]
        assert len(named) == len(set(named)), f"{name} has a property twice"
        assert all(re.fullmatch(r"[A-Za-z_][\w-]*", each) for each in named), named
        self.types[name] = {each.get("Name"): each.get("Type") for each in kind.findall(f"{EDM}Property")}
        self.links[name] = {each.get("Name"): each.get("Type") for each in kind.findall(f"{EDM}NavigationProperty")}
        self.keys[name] = [each.get("Name") for each in kind.iter(f"{EDM}PropertyRef")]

    def _holds(self) -> None:
        """Every type that is named is there, and every key is one of its properties."""
        known = self.types.keys() | self.enums.keys()
        for name, properties in self.types.items():
            assert {each for each in properties.values() if not each.startswith("Edm.")} <= known, name
            assert {each[len("Collection(") : -1] for each in self.links[name].values()} <= known, name
            assert set(self.keys[name]) <= properties.keys()
        assert set(self.sets.values()) <= known

    def problems(self, table: str, row: Any, *, expanded: bool = False) -> list[str]:
        """What is wrong with a row of a table."""
        return list(self._of(self.sets[table], row, table, expanded))

    def _of(self, kind: str, row: Any, where: str, expanded: bool) -> Iterator[str]:
        links = self.links[kind]
        told = {f"{name}@odata.navigationLink" for name in links}
        wanted = self.types[kind].keys() | told | (links.keys() if expanded else set())
        # Whatever was reached by another row's link to it may lack the name of that row.
        missing = {each for each in wanted - row.keys() if not (expanded and re.fullmatch("__.*-id", each))}
        yield from (f"{where} lacks {name}" for name in sorted(missing))
        yield from (f"{where} has {name}, which is not declared" for name in sorted(row.keys() - wanted))
        for name, told_type in self.types[kind].items():
            if row.get(name) is not None:
                yield from self._value(told_type, row[name], f"{where}/{name}", expanded)
        for name, told_type in links.items():
            for each in row.get(name) or ():
                yield from self._of(told_type[len("Collection(") : -1], each, f"{where}/{name}", expanded)

    def _value(self, kind: str, value: Any, where: str, expanded: bool) -> Iterator[str]:
        if kind in self.types:
            yield from self._of(kind, value, where, expanded)
        elif kind in self.enums:
            if value not in self.enums[kind]:
                yield f"{where} is no {kind}"
        elif not _fits(kind, value):
            yield f"{where} is no {kind}: {value!r}"


def _fits(kind: str, value: Any) -> bool:
    if kind == "Edm.Int64":
        return type(value) is int and abs(value) < 2**63
    if kind == "Edm.Decimal":
        return type(value) in {int, float}
    if kind == "Edm.Boolean":
        return type(value) is bool
    if kind in _SHAPES:
        return isinstance(value, dict) and value["type"] == _SHAPES[kind] and isinstance(value["coordinates"], list)
    return isinstance(value, str) and bool(re.fullmatch(_TEXTS.get(kind, r"(?s).*"), value))


class Feed:
    """A reader with a name and a token, such as Excel."""

    def __init__(self, url: str, name: str, token: str) -> None:
        self.url = url
        basic = base64.b64encode(f"{name}:{token}".encode()).decode()
        self.client = httpx.Client(headers={"authorization": f"Basic {basic}"}, trust_env=False, timeout=60)

    def get(self, path: str = "", **query: Any) -> httpx.Response:
        """One request below the feed."""
        given = {f"${name}": value for name, value in query.items()}
        return self.client.get(f"{self.url}/{path}" if path else self.url, params=given or None)

    def tables(self) -> list[str]:
        """What the service document lists."""
        return [each["url"] for each in self.get().json()["value"]]

    def model(self) -> Model:
        """What `$metadata` says."""
        return Model(self.get("$metadata").content)

    def page(self, path: str, **query: Any) -> Any:
        """A page that is given."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["odata-version"] == "4.0"
        return answer.json()

    def pages(self, table: str, **query: Any) -> Iterator[Any]:
        """All pages of a table, by their links."""
        page = self.page(table, **query)
        while True:
            yield page
            if "@odata.nextLink" not in page:
                return
            answer = self.client.get(page["@odata.nextLink"])
            assert answer.status_code == 200, answer.text
            page = answer.json()

    def follow(self, link: str) -> list[Any]:
        """The rows that a link of a row leads to, which is relative to the feed."""
        answer = self.client.get(
            urljoin(f"{self.url}/", link.replace("uuid:", "./uuid:", 1) if link[:5] == "uuid:" else link)
        )
        assert answer.status_code == 200, answer.text
        rows: list[Any] = answer.json()["value"]
        return rows

    def rows(self, table: str, **query: Any) -> list[Any]:
        """All rows of a table."""
        return [row for page in self.pages(table, **query) for row in page["value"]]

    def close(self) -> None:
        self.client.close()
