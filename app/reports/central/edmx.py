"""`$metadata` and the service document: what the tables of a form are, in the names that ODK Central gives them."""

from typing import Any

from lxml import etree

from app.reports.central.fields import ROOT, Kind, Node, Table, identifier
from app.reports.central.values import TYPES

_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
_SUBMISSION = "org.opendatakit.submission"
_SYSTEM = {
    "submissionDate": "Edm.DateTimeOffset", "updatedAt": "Edm.DateTimeOffset", "deletedAt": "Edm.DateTimeOffset",
    "submitterId": "Edm.String", "submitterName": "Edm.String", "attachmentsPresent": "Edm.Int64",
    "attachmentsExpected": "Edm.Int64", "status": f"{_SUBMISSION}.Status", "reviewState": f"{_SUBMISSION}.ReviewState",
    "deviceId": "Edm.String", "edits": "Edm.Int64", "formVersion": "Edm.String",
}  # fmt: skip
_ENUMS = {
    "Status": ("notDecrypted", "missingEncryptedFormData"),
    "ReviewState": ("hasIssues", "edited", "rejected", "approved"),
}
_CAN = "Org.OData.Capabilities.V1"


def service(root: str, tables: list[Table]) -> dict[str, Any]:
    """The service document: the tables that there are."""
    sets = [{"name": table.name, "kind": "EntitySet", "url": table.name} for table in tables]
    return {"@odata.context": f"{root}/$metadata", "value": sets}


def metadata(form: str, tables: list[Table]) -> bytes:
    """The types of all fields, in EDMX."""
    space = f"org.opendatakit.user.{identifier(form)}"
    document = etree.Element(f"{{{_EDMX}}}Edmx", {"Version": "4.0"}, nsmap={"edmx": _EDMX})
    services = etree.SubElement(document, f"{{{_EDMX}}}DataServices")
    _system(_schema(services, _SUBMISSION))
    schema = _schema(services, space)
    for table in tables:
        _entity(schema, table, space)
    for table in tables:
        _groups(schema, table.nodes, tuple(step.title for step in table.steps), space)
    container = _add(schema, "EntityContainer", Name=identifier(form))
    for table in tables:
        _set(container, table, space)
    made: bytes = etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return made


def _schema(services: Any, space: str) -> Any:
    schema = etree.SubElement(services, f"{{{_EDM}}}Schema", nsmap={None: _EDM})
    schema.set("Namespace", space)
    return schema


def _system(schema: Any) -> None:
    system = _add(schema, "ComplexType", Name="metadata")
    for name, kind in _SYSTEM.items():
        _add(system, "Property", Name=name, Type=kind)
    for name, members in _ENUMS.items():
        enum = _add(schema, "EnumType", Name=name)
        for member in members:
            _add(enum, "Member", Name=member)


def _entity(schema: Any, table: Table, space: str) -> None:
    entity = _add(schema, "EntityType", Name=table.name)
    _add(_add(entity, "Key"), "PropertyRef", Name="__id")
    _add(entity, "Property", Name="__id", Type="Edm.String", Nullable="false")
    if table.steps:
        _add(entity, "Property", Name=table.parent_column, Type="Edm.String")
    else:
        _add(entity, "Property", Name="__system", Type=f"{_SUBMISSION}.metadata")
    _properties(entity, table.nodes, tuple(step.title for step in table.steps), space)


def _groups(schema: Any, nodes: tuple[Node, ...], way: tuple[str, ...], space: str) -> None:
    """A type for each group, but not for those in repeats, which are of other tables."""
    for node in nodes:
        if node.kind == Kind.GROUP:
            here = (*way, node.title)
            _properties(_add(schema, "ComplexType", Name=".".join(here)), node.nodes, here, space)
            _groups(schema, node.nodes, here, space)


def _properties(kind: Any, nodes: tuple[Node, ...], way: tuple[str, ...], space: str) -> None:
    for node in nodes:
        name = ".".join((*way, node.title))
        if node.kind == Kind.REPEAT:
            _add(kind, "NavigationProperty", Name=node.title, Type=f"Collection({space}.{ROOT}.{name})")
        else:
            told = f"{space}.{name}" if node.kind == Kind.GROUP else TYPES.get(node.type, "Edm.String")
            _add(kind, "Property", Name=node.title, Type=told)


def _set(container: Any, table: Table, space: str) -> None:
    """A table, and what a reader may ask of it: no sorting, a filter by when and by whom only."""
    made = _add(container, "EntitySet", Name=table.name, EntityType=f"{space}.{table.name}")
    level = f"{_CAN}.ConformanceLevelType/Minimal"
    _add(_add(made, "Annotation", Term=f"{_CAN}.ConformanceLevel"), "EnumMember").text = level
    _add(made, "Annotation", Term=f"{_CAN}.BatchSupported", Bool="false")
    for term, can, holds in (
        ("CountRestrictions", "Countable", "true"), ("SortRestrictions", "Sortable", "false"),
        ("ExpandRestrictions", "Expandable", "false"),
    ):  # fmt: skip
        record = _add(_add(made, "Annotation", Term=f"{_CAN}.{term}"), "Record")
        _add(record, "PropertyValue", Property=can, Bool=holds)
    record = _add(_add(made, "Annotation", Term=f"{_CAN}.FilterRestrictions"), "Record")
    _add(record, "PropertyValue", Property="Filterable", Bool="true")
    names = _add(_add(record, "PropertyValue", Property="NonFilterableProperties"), "Collection")
    for node in table.nodes:
        if node.kind != Kind.REPEAT:
            _add(names, "PropertyPath").text = node.title


def _add(parent: Any, tag: str, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{_EDM}}}{tag}", attributes)
