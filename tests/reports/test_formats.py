"""Files for analysts, opened by programs that others wrote: values and labels are those of the database."""

import io
import json
import re
import uuid
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import hxl
import openpyxl
import pandas
import pytest
from frictionless import Package, system

from app import main
from app.reports.data.asking import Wish, how_of, which_of
from app.reports.data.extract import Extract
from app.reports.formats import reasons, statistics, workbook
from tests.reports.statistics import PSPP, Read, read_sav, run_script
from tests.reports.test_data import ZONE, Office
from tests.reports.wells import AT, LONG, STORY

CODES = {"province": "1", "works": "1", "uses": "cook drink", "uses_1": "1", "uses_2": "1", "stood": "3"}


@pytest.fixture
def office(parts: main.Parts) -> Office:
    return Office(parts)


def moment(text: str) -> datetime:
    """As Excel knows moments: without a zone."""
    return datetime.fromisoformat(text)


def sheet(book: Any, name: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in book[name].iter_rows(values_only=True)]


def column(rows: Sequence[Sequence[Any]], name: str) -> list[Any]:
    return [row[rows[0].index(name)] for row in rows[1:]]


def test_a_workbook_has_all_that_belongs_to_the_data(office: Office) -> None:
    book = openpyxl.load_workbook(io.BytesIO(office.take("xlsx", language="sn")))

    assert book.sheetnames == [
        "Read me", "Data (codes)", "user (codes)", "trip (codes)", "Data (labels)", "user (labels)", "trip (labels)",
        "Dictionary", "Choices", "Frequencies", "Paradata",
    ]  # fmt: skip
    codes, labels = sheet(book, "Data (codes)"), sheet(book, "Data (labels)")
    assert column(codes, "province") == ["mw", "ma", "ma", "mw"]
    assert column(codes, "stood") == [3, None, -4, 0]
    assert column(codes, "metres") == [12.5, None, 7, None]
    assert column(codes, "dug")[0] == moment("1987-05-01")
    assert column(codes, "started_at")[0] == moment("2026-11-23T08:00")
    assert column(labels, "Dunhu") == ["Mash West", "Manicaland", "Manicaland", "Mash West"]
    assert column(labels, "Rinoshanda here?") == ["Hongu", "Kwete", "Handizivi", "Handitauri"]
    assert column(sheet(book, "trip (codes)"), "repeat_position") == ["1.1", "1.2", "3.1"]
    asked = dict(
        zip(column(sheet(book, "Dictionary"), "variable"), column(sheet(book, "Dictionary"), "asked"), strict=True)
    )
    assert (asked["works"], asked["stood"], asked["paid"]) == (4, 4, 1)
    assert ("works", "refused", 4, "=Not saying", "Handitauri") in sheet(book, "Choices")
    frequencies = {(row[0], row[2]): row[4] for row in sheet(book, "Frequencies")[1:]}
    assert (frequencies["works", "yes"], frequencies["works", "refused"], frequencies["uses", "cook"]) == (1, 1, 1)
    assert len(sheet(book, "Paradata")) == 1 + 14 + 6 + 5 + 5


def test_a_formula_of_a_respondent_is_a_text_in_a_workbook(office: Office) -> None:
    book = openpyxl.load_workbook(io.BytesIO(office.take("xlsx")))

    (cell,) = [each for row in book["Data (codes)"].iter_rows() for each in row if each.value == STORY]
    assert (cell.data_type, cell.hyperlink) == ("s", None)


def test_a_sheet_that_is_full_goes_on_in_another(office: Office) -> None:
    out, wish = io.BytesIO(), Wish(kind="xlsx")
    which, how = which_of(wish, office.dictionary, ZONE), how_of(wish, office.dictionary)
    office.parts.database.read(
        lambda connection: workbook.write(out, Extract(connection, office.dictionary, which, how, at=AT), most=3)
    )

    book = openpyxl.load_workbook(out)

    parts = [sheet(book, "Data (codes)"), sheet(book, "Data (codes) 2")]
    assert [column(each, "respondent") for each in parts] == [["p0x0", "p0x1"], ["p0x2", "p0x3"]]
    assert len(book.sheetnames) == len(set(book.sheetnames))


def statistical(read: Read) -> None:
    """What any program must find in the first table."""
    first, second, third, fourth = read.codes
    assert {name: first[name] for name in CODES} == CODES
    assert (second["stood"], second["uses_1"], second["paid"]) == ("-9998", "-9999", "-9999")
    assert (third["works"], fourth["works"], third["stood"]) == ("-9996", "-9997", "-4")
    assert read.labels[0]["province"] == "Mash West"
    assert [row["works"] for row in read.labels] == ["Hongu", "Kwete", "Handizivi", "Handitauri"]
    assert (read.labels[0]["uses_1"], read.labels[1]["stood"]) == ("Yes", "Skipped")
    assert first["story"] == STORY
    assert float(first["metres"]) == 12.5


def test_an_spss_file_has_values_labels_and_why_there_is_no_answer(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "wells.sav"
    path.write_bytes(office.take("sav", language="sn"))

    read = read_sav(path)

    assert read.reader == ("pspp" if PSPP else "pyreadstat")
    statistical(read)
    assert [row["story"] for row in read.codes][1].split() == ["Mvura,", "“kure”", "nhasi"]


def test_a_stata_file_is_read_by_pandas(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "wells.dta"
    path.write_bytes(office.take("dta"))

    with pandas.io.stata.StataReader(
        path, convert_missing=True, convert_dates=False, convert_categoricals=False
    ) as reader:
        frame, words, labels = reader.read(), reader.value_labels(), reader.variable_labels()

    def said(name: str) -> list[Any]:
        return [str(cell) if isinstance(cell, pandas.io.stata.StataMissingValue) else cell for cell in frame[name]]

    assert said("works") == [1, 2, ".d", ".c"]
    assert said("stood") == [3, ".b", -4, 0]
    assert said("uses_1") == [1, ".a", ".a", ".a"]
    assert said("paid") == [1, ".a", ".a", ".a"]
    assert frame["story"][0] == STORY
    assert labels["stood"] == f"{LONG[:79]}…"
    assert labels["works"] == 'Does it "work"?'
    texts = {code: text for each in words.values() for code, text in each.items() if "Mashonaland" in text}
    assert texts == {1: "Mashonaland West"}
    dated = pandas.read_stata(path, convert_categoricals=False)
    assert dated["dug"][0] == pandas.Timestamp(1987, 5, 1)
    assert dated["started_at"][0] == pandas.Timestamp(2026, 11, 23, 8, 0)


def test_too_much_for_memory_is_refused_with_advice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MOST_CELLS", 10)

    with pytest.raises(Exception, match="--format scripts"):
        office.take("sav")


def test_an_empty_table_is_a_file_too(office: Office, tmp_path: Path) -> None:
    for kind in ("sav", "dta", "parquet", "xlsx", "scripts", "datapackage", "flow-results", "jsonl"):
        assert office.take(kind, where=("stood=99",)) != b"" or kind == "jsonl", kind
    assert office.rows(where=("stood=99",)) == []


def test_a_parquet_file_is_read_by_duckdb(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "wells.parquet"
    path.write_bytes(office.take("parquet"))

    query = f"SELECT respondent, works, stood, metres, dug, uses__cook, story, ended_at > started_at FROM '{path}' ORDER BY 1"
    rows = duckdb.sql(query).fetchall()

    assert rows[0] == ("p0x0", "yes", 3, 12.5, date(1987, 5, 1), 1, STORY, True)
    assert rows[2] == ("p0x2", "dont_know", -4, 7.0, None, None, None, True)


def test_a_data_package_is_valid(office: Office, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(office.take("datapackage", language="sn"))) as archive:
        archive.extractall(tmp_path)

    with system.use_context(trusted=True):
        report = Package(str(tmp_path / "datapackage.json")).validate()

    assert report.valid, report.flatten(["type", "note"])
    assert [task.stats["rows"] for task in report.tasks] == [4, 3, 3]
    described = json.loads((tmp_path / "datapackage.json").read_text())
    (works,) = [each for each in described["resources"][0]["schema"]["fields"] if each["name"] == "works"]
    assert (works["title"], works["categories"][0]) == ("Rinoshanda here?", {"value": "yes", "label": "Hongu"})


def test_hxl_tags_are_read_by_libhxl(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "wells.csv"
    path.write_bytes(office.take(hxl=True, neutral=True))

    with path.open("rb") as file:
        source = hxl.data(file)
        tags = {each.header: each.display_tag for each in source.columns}
        provinces = [row.get("#adm1") for row in source]

    assert (tags["province"], tags["stood"], tags["respondent"]) == ("#adm1", "#affected+times", "#respondent+id")
    assert tags["uses__cook"] == "#indicator+uses+cook"
    assert provinces == ["mw", "ma", "ma", "mw"]


def test_flow_results_are_as_their_specification_says(office: Office) -> None:
    with zipfile.ZipFile(io.BytesIO(office.take("flow-results"))) as archive:
        about, rows = json.loads(archive.read("wells.json")), json.loads(archive.read("wells-data.json"))

    (resource,) = about["resources"]
    assert (about["profile"], about["flow_results_specification_version"]) == ("flow-results-package", "1.0.0-rc1")
    assert (uuid.UUID(about["id"]).version, resource["path"]) == (4, "wells-data.json")
    assert [each["name"] for each in resource["schema"]["fields"]] == [
        "timestamp", "row_id", "contact_id", "question_id", "response", "response_metadata",
    ]  # fmt: skip
    questions = resource["schema"]["questions"]
    assert questions["uses"] == {
        "type": "select_many",
        "label": "What for?",
        "type_options": {"choices": ["drink", "cook"]},
    }
    assert {row[3] for row in rows} <= set(questions)
    assert len({row[1] for row in rows}) == len(rows) == 14 + 6 + 5 + 5 - 5  # without what was skipped
    assert all(len(row) == 6 and re.fullmatch(r"[-0-9]{10}T[0-9:.]{15}\+00:00", row[0]) for row in rows)
    answers = {(row[2], row[3]): row[4] for row in rows}
    assert (answers["p0x0", "uses"], answers["p0x0", "stood"], answers["p0x0", "metres"]) == (
        ["cook", "drink"],
        3,
        12.5,
    )
    for row in rows:
        if questions[row[3]]["type"] == "select_one":
            assert row[4] in questions[row[3]]["type_options"]["choices"]


def test_scripts_load_and_label(office: Office, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(office.take("scripts", language="sn"))) as archive:
        archive.extractall(tmp_path)
        names = set(archive.namelist())

    tables = {"wells", "wells__user", "wells__trip"}
    assert names == {"README.txt", *(f"{each}.csv" for each in tables)} | {
        f"load_{each}.{ending}" for each in tables for ending in ("sps", "do", "R")
    }
    read = run_script(tmp_path, "load_wells.sps")
    if read is not None:
        statistical(read)
    text = {ending: (tmp_path / f"load_wells.{ending}").read_text() for ending in ("sps", "do", "R")}
    assert f"MISSING VALUES stood ({reasons.LOWEST} THRU {reasons.HIGHEST})." in text["sps"]
    assert "4 '=Not saying'" not in text["sps"]
    assert "-9997 'Handitauri'" in text["sps"]
    assert 'label define l_works 1 `"Hongu"\' 2 `"Kwete"\'' in text["do"]
    assert '.c `"Handitauri"\'' in text["do"]
    assert 'attr(data[["works"]], "label") <- "Rinoshanda here?"' in text["R"]
    head = (tmp_path / "wells.csv").read_text().splitlines()[0].split(",")
    for name in head:
        assert all(name in each for each in text.values()), name
