"""Records as ODK Central gives them: rows that are what `$metadata` says, tables that can be joined, sheets, choices."""

import csv
import io
import tempfile
import zipfile
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from lxml import etree

from app.flows.reading.compile import compile_form
from app.gateway.bringing import bring
from app.reports import nested
from app.reports.central import choosing, edmx, fields, rows, sheets
from app.reports.central.fields import Kind, Table
from app.reports.central.rows import Look
from app.reports.central.values import value
from app.reports.nested import Field
from tests.flows.test_records import FORMS
from tests.odata import Model
from tests.records import walk

RUNS = 25
ENDED = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def answered(name: str) -> tuple[list[Table], list[Any]]:
    """The tables of a form, and the records of some who answered it by chance."""
    form = bring(FORMS[name])
    flow = compile_form(form)
    found = [
        SimpleNamespace(
            uid=UUID(run.state.uid), xml=run.record, ended_at=ENDED, respondent=f"r{seed:05}", version=flow.version,
            run_id=seed,
        )
        for seed in range(RUNS) if (run := walk(flow, seed))
    ]  # fmt: skip
    assert len(found) > RUNS * 0.8
    return fields.tables(fields.merge([nested.fields_of(form.xform.decode())])), found


@pytest.mark.parametrize("name", FORMS)
def test_every_row_is_what_the_metadata_says(name: str) -> None:
    tables, found = answered(name)
    model = Model(edmx.metadata(name, tables))

    assert list(model.sets) == [table.name for table in tables]
    for table in tables:
        for record in found:
            for expand in (False, True):
                for row in rows.rows(record, table, Look(expand=expand)):
                    assert model.problems(table.name, row, expanded=expand) == []


@pytest.mark.parametrize("name", FORMS)
def test_all_that_is_in_a_record_is_in_its_rows(name: str) -> None:
    tables, found = answered(name)

    for record in found:
        texts = sorted(each.text for each in etree.fromstring(record.xml).iter() if not len(each) and each.text)
        cells = [cell for table in tables for line in sheets.cells(record, table) for cell in line]
        assert [
            text for text in set(texts) if text not in cells and f"'{text}" not in cells and len(text.split()) != 4
        ] == []
        given = [row for table in tables for row in rows.rows(record, table, Look())]
        assert sum(map(leaves, given)) >= len([text for text in texts if text != "NaN"])


def leaves(row: Any) -> int:
    if isinstance(row, dict) and "coordinates" not in row:
        return sum(leaves(each) for name, each in row.items() if not name.startswith("__") and "@" not in name)
    return row is not None


def test_repeats_in_repeats_lead_to_their_parents_and_are_the_same_when_expanded() -> None:
    tables, found = answered("family")
    by_name = {table.name: table for table in tables}
    deep = [table for table in tables if sum(step.kind == Kind.REPEAT for step in table.steps) == 2]
    assert deep
    seen = 0
    for record in found:
        ids = {name: [row["__id"] for row in rows.rows(record, table, Look())] for name, table in by_name.items()}
        everywhere = [each for some in ids.values() for each in some]
        assert len(everywhere) == len(set(everywhere))
        for table in tables[1:]:
            for row in rows.rows(record, table, Look()):
                parent = max((name for name in by_name if table.name.startswith(f"{name}.")), key=len)
                assert row[table.parent_column] in ids[parent]
                seen += table in deep
        (whole,) = rows.rows(record, by_name["Submissions"], Look(expand=True))
        assert sorted(expanded(whole)) == sorted(everywhere)
    assert seen > 5


def expanded(row: Any) -> list[str]:
    if isinstance(row, list):
        return [each for one in row for each in expanded(one)]
    if isinstance(row, dict):
        own = [row["__id"]] if "__id" in row else []
        return own + [each for one in row.values() for each in expanded(one)]
    return []


# -- several versions -------------------------------------------------------------------------------------------------


def leaf(name: str, kind: str = "string") -> Field:
    return Field(name, kind, False, ())


def test_fields_of_earlier_versions_stay_and_no_two_have_one_name() -> None:
    new = Field(
        "data",
        "string",
        False,
        (leaf("b", "int"), leaf("a-b"), leaf("2c", "decimal"), Field("g", "string", False, (leaf("x"),))),
    )
    old = Field(
        "data",
        "string",
        False,
        (
            leaf("a.b"),
            leaf("b", "date"),
            leaf("2c", "int"),
            Field("g", "string", False, (leaf("y", "long"),)),
            leaf("gone"),
        ),
    )

    merged = fields.merge([new, old])

    assert [(node.title, node.type) for node in fields.walk(merged)] == [
        ("b", "string"), ("a_b", "string"), ("_2c", "decimal"), ("g", "structure"), ("x", "string"), ("y", "int"),
        ("a_b_2", "string"), ("gone", "string"), ("meta", "structure"), ("instanceID", "string"),
    ]  # fmt: skip
    assert [node.path for node in fields.walk(merged)][3:6] == ["/g", "/g/x", "/g/y"]


def test_a_record_whose_version_had_no_group_there_has_nothing_in_it() -> None:
    new = Field(
        "data", "string", False, (Field("g", "string", False, (leaf("x"),)), Field("r", "string", True, (leaf("z"),)))
    )
    old = Field("data", "string", False, (leaf("g"), leaf("r")))
    tables = fields.tables(fields.merge([new, old]))
    record = SimpleNamespace(uid=UUID(int=1), xml="<data><g>1</g></data>", ended_at=ENDED, respondent="r1", version="1")

    (row,) = rows.rows(record, tables[0], Look())

    assert row["g"] == {"x": None}
    assert rows.rows(record, tables[1], Look()) == []


# -- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("int", "7", 7), ("int", "-7", -7), ("int", "7.9", 7), ("int", "many", None), ("int", "9" * 19, None),
        ("int", "nan", None), ("int", "1e999", None), ("int", "", None),
        ("decimal", "0.5", 0.5), ("decimal", "inf", None), ("boolean", "true", True), ("boolean", "x", None),
        ("string", "7", "7"), ("date", "2026-11-23", "2026-11-23"),
        ("geopoint", "-17.83 31.05 0 0", {"type": "Point", "coordinates": [31.05, -17.83, 0]}),
        ("geopoint", "-17.83", None), ("geopoint", "here there", None), ("geopoint", "nan 1 2 3", None),
        ("geotrace", "1 2; 3 4 5;", {"type": "LineString", "coordinates": [[2, 1], [4, 3, 5]]}),
        ("geoshape", "1 2;3 4;1 2", {"type": "Polygon", "coordinates": [[[2, 1], [4, 3], [2, 1]]]}),
    ],
)  # fmt: skip
def test_a_value_is_of_its_type_or_nothing(kind: str, text: str, expected: Any) -> None:
    assert value(kind, text, wkt=False) == expected


def test_places_can_be_had_as_well_known_text() -> None:
    assert value("geopoint", "-17.83 31.05 0 0", wkt=True) == "POINT (31.05 -17.83 0)"
    assert value("geotrace", "1 2;3 4", wkt=True) == "LINESTRING (2 1,4 3)"
    assert value("geoshape", "1 2;3 4;1 2", wkt=True) == "POLYGON ((2 1,4 3,2 1))"


# -- choosing fields ----------------------------------------------------------------------------------------------------


def test_only_the_chosen_fields_are_given() -> None:
    tables, found = answered("family")
    root = tables[0]
    group = next(
        node for node in root.nodes if node.kind == Kind.GROUP and any(each.kind == Kind.VALUE for each in node.nodes)
    )
    inside = next(node for node in group.nodes if node.kind == Kind.VALUE)

    chosen, look = choosing.choose(root, f"__id, __system/submissionDate,{group.title}/{inside.title}", wkt=False)
    (row,) = rows.rows(found[0], chosen, look)

    assert row.keys() == {"__id", "__system", group.title}
    assert row["__system"] == {"submissionDate": "2026-11-23T10:00:00.000Z"}
    assert row[group.title].keys() == {inside.title}
    whole, look = choosing.choose(root, f"{group.title},{group.title}/{inside.title}", wkt=False)
    assert list(whole.nodes) == [group]
    assert rows.rows(found[0], whole, look)[0].keys() == {group.title}


def test_a_field_that_is_not_there_or_of_a_repeat_cannot_be_chosen() -> None:
    tables, _ = answered("family")
    repeat = tables[1]
    way = "/".join(step.title for step in repeat.steps)

    for name in ("nothing", "", "__system/colour", f"{way}/nothing"):
        with pytest.raises(choosing.NoSuchField):
            choosing.choose(tables[0], name, wkt=False)
    with pytest.raises(choosing.InRepeat):
        choosing.choose(tables[0], f"{way}/{repeat.nodes[0].title}", wkt=False)
    with pytest.raises(choosing.NoSuchField):
        choosing.choose(repeat, "__system", wkt=False)
    assert choosing.choose(repeat, repeat.parent_column, wkt=False)[1].only == {repeat.parent_column}


# -- sheets -------------------------------------------------------------------------------------------------------------


def packed(name: str, **how: Any) -> tuple[dict[str, list[dict[str, str]]], list[Any]]:
    tables, found = answered(name)
    out = io.BytesIO()
    draft = partial(tempfile.TemporaryFile, "w+", encoding="utf-8", newline="")
    assert sheets.write_zip(out, found, name, tables, draft, **how) == len(found)
    archive = zipfile.ZipFile(out)
    assert archive.testzip() is None
    return {
        each: list(csv.DictReader(io.TextIOWrapper(archive.open(each), "utf-8"))) for each in archive.namelist()
    }, found


def test_the_sheets_of_a_form_can_be_joined_by_their_keys() -> None:
    made, found = packed("family")
    root, *others = made.values()

    assert [row["KEY"] for row in root] == [f"uuid:{record.uid}" for record in found]
    assert all(name.startswith("family-") for name in list(made)[1:])
    keys = {row["KEY"] for rows in made.values() for row in rows}
    assert sum(map(len, others)) > 20
    assert {row["PARENT_KEY"] for rows in others for row in rows} <= keys
    first = list(root[0])
    assert (first[0], first[-9], first[-1]) == ("SubmissionDate", "SubmitterID", "FormVersion")
    assert "meta-instanceID" in first


def test_the_groups_can_be_left_out_of_the_names_of_columns() -> None:
    assert any("-" in column for column in packed("family")[0]["family.csv"][0])
    assert not any("-" in column for column in packed("family", short=True)[0]["family.csv"][0])


def test_repeats_of_one_name_get_sheets_of_their_own() -> None:
    def repeat(name: str, *inside: Field) -> Field:
        return Field(name, "string", True, inside)

    form = Field("data", "string", False, (
        repeat("cow", leaf("a")), Field("g", "string", False, (repeat("cow", leaf("b")),)), repeat("hen", leaf("c")),
    ))  # fmt: skip
    out = io.BytesIO()
    sheets.write_zip(out, [], "farm/1", fields.tables(fields.merge([form])), partial(tempfile.TemporaryFile, "w+"))

    assert zipfile.ZipFile(out).namelist() == ["farm_1.csv", "farm_1-cow~1.csv", "farm_1-cow~2.csv", "farm_1-hen.csv"]


def test_a_spreadsheet_runs_nothing_that_a_respondent_wrote() -> None:
    tables = fields.tables(fields.merge([Field("data", "string", False, (leaf("word"), leaf("place", "geopoint")))]))
    xml = "<data><word>=1+1</word><place>-17.83 31.05 0 0</place></data>"
    record = SimpleNamespace(uid=UUID(int=1), xml=xml, ended_at=ENDED, respondent="r1", version="1")

    ((_, word, *place, _, _, _, _, _, _, _, _, _, _, _),) = sheets.cells(record, tables[0])

    assert (word, place) == ("'=1+1", ["-17.83", "31.05", "0", "0"])
