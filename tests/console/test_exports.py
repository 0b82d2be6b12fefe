"""Exports: what a page gives is what the command writes; long work shows how far it is, and its file is given once."""

import csv
import io
import json
import re
import zipfile
from html import unescape
from pathlib import Path

import openpyxl
import pytest

from app.reports.formats import kinds
from app.store import audit
from app.values import Role
from tests.cli.test_data import run
from tests.console.conftest import House, Visitor, words
from tests.console.people import SURVEY
from tests.console.people import fill as fill_with_people
from tests.reports.wells import fill
from tests.web.conftest import until


def made(visitor: Visitor, path: str, form: dict[str, object]) -> tuple[str, bytes]:
    """Order a file and fetch it: its name and its content."""
    sent = visitor.post(path, form)
    assert sent.status_code == 303, words(sent.text)
    task = sent.headers["location"]
    until(lambda: "/file" in (page := visitor.get(task).text) or 'role="alert"' in page, seconds=60)
    assert 'role="alert"' not in visitor.get(task).text, words(visitor.get(task).text)
    answer = visitor.get(f"{task}/file")
    assert answer.status_code == 200
    name = re.search(r'filename="?([^";]+)', answer.headers["content-disposition"])
    assert name
    return name[1], answer.content


@pytest.fixture
def wells(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A service whose survey of wells was answered, and the commands beside it."""
    fill(house.parts)
    monkeypatch.setenv("IZWI_DATA_DIR", str(house.parts.settings.data_dir))
    monkeypatch.setenv("IZWI_DATABASE_URL", house.parts.settings.database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    return house


def test_a_file_of_data_is_what_the_command_writes(wells: House) -> None:
    form = {
        "survey": "wells", "format": "csv", "state": ["completed", "stopped"], "where": "province=ma", "language": "sn",
        "values": "labels", "multiples": "split", "no_bom": "1", "reasons": "1",
    }  # fmt: skip
    name, content = made(wells.visitor(Role.ANALYST), "/exports/data", form)

    options = ("--state", "completed", "--state", "stopped", "--where", "province=ma", "--language", "sn", "--labels")
    told = run("export", "data", "wells", *options, "--multiples", "split", "--no-bom", "--reasons").stdout_bytes
    assert name == "wells.csv"
    assert content == told
    assert len(content.splitlines()) > 1
    noted = [(each.actor, each.action, each.subject) for each in wells.parts.database.read(audit.every)]
    assert ("The analyst", "export data", "wells") in noted


def test_answers_records_and_consents_are_what_the_commands_write(wells: House) -> None:
    visitor = wells.visitor(Role.ADMIN)

    assert (
        made(visitor, "/exports/answers", {"kind": "jsonl"})[1]
        == run("export", "answers", "--format", "jsonl").stdout_bytes
    )
    assert (
        made(visitor, "/exports/records", {"kind": "xml"})[1]
        == run("export", "records", "--format", "xml").stdout_bytes
    )
    name, content = made(visitor, "/exports/consents", {"kind": "csv", "survey": "wells"})
    assert content == run("export", "consents", "--survey", "wells").stdout_bytes
    assert name == "consents.csv"


@pytest.mark.parametrize("kind", list(kinds.FORMATS))
def test_every_format_is_made(wells: House, kind: str) -> None:
    name, content = made(wells.visitor(Role.ANALYST), "/exports/data", {"survey": "wells", "format": kind})

    assert name == f"wells.{kinds.FORMATS[kind].ending}"
    if kind == "xlsx":
        assert openpyxl.load_workbook(io.BytesIO(content))["Data (codes)"].max_row > 1
    elif name.endswith(".zip"):
        assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    else:
        assert len(content) > 100


def test_a_file_is_given_once_to_whoever_ordered_it_and_leaves_nothing_behind(wells: House) -> None:
    visitor, other = wells.visitor(Role.ANALYST), wells.visitor(Role.ADMIN)
    task = visitor.post("/exports/data", {"survey": "wells", "format": "csv"}).headers["location"]
    until(lambda: "/file" in visitor.get(task).text, seconds=60)

    assert "can be fetched once, within an hour" in visitor.reads(task)
    assert other.get(f"{task}/file").status_code == 404
    assert visitor.get(f"{task}/file").status_code == 200
    until(lambda: visitor.get(f"{task}/file").status_code == 404)
    assert "It is not here any more" in visitor.reads(task)
    assert files_left(wells) == []


def files_left(house: House) -> list[Path]:
    return [each for each in (house.parts.settings.data_dir / "fetch").rglob("*") if each.is_file()]


def test_a_long_export_says_how_far_it_is_and_can_be_ended(house: House) -> None:
    fill_with_people(house.parts, 1000)
    visitor = house.visitor(Role.ANALYST)
    first = visitor.post("/exports/data", {"survey": SURVEY, "format": "xlsx"}).headers["location"]
    second = visitor.post("/exports/data", {"survey": SURVEY, "format": "csv"}).headers["location"]

    assert "Waiting for what was begun before it" in visitor.reads(second)
    visitor.post(f"{second}/end")
    until(lambda: re.search(r"[1-9]\d* of \d", page := words(visitor.get(first).text)) or "rows" in page, seconds=60)
    until(lambda: "rows" in words(visitor.get(first).text), seconds=60)
    until(lambda: "nothing of it is left" in words(visitor.get(second).text), seconds=60)
    assert len(files_left(house)) == 1


def test_the_number_of_rows_is_told_before_anything_is_written(wells: House) -> None:
    visitor = wells.visitor(Role.ANALYST)

    page = visitor.reads("/exports?survey=wells&format=csv&state=completed&state=stopped")
    written = run("export", "data", "wells", "--state", "completed", "--state", "stopped").stdout
    assert f"{len(list(csv.reader(io.StringIO(written)))) - 1} runs" in page
    assert re.search(r"columns, roughly \d+ kB", page)


def test_what_cannot_be_given_is_told_and_what_was_chosen_is_kept(wells: House) -> None:
    visitor = wells.visitor(Role.ANALYST)
    sent = visitor.post("/exports/data", {"survey": "wells", "format": "xlsx", "shape": "long", "from": "2026-11-01"})

    assert sent.status_code == 422
    assert "A row an answer is for these formats" in words(sent.text)
    assert 'value="2026-11-01"' in sent.text
    assert re.search(r'value="long" checked', sent.text)
    assert visitor.post("/exports/data", {"survey": "wells", "format": "csv", "from": "yesterday"}).status_code == 422


def test_a_format_whose_library_is_not_there_says_what_to_install(
    wells: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "find_spec", lambda name: None if name == "pyarrow" else object())
    visitor = wells.visitor(Role.ANALYST)

    page = visitor.get("/exports?survey=wells").text
    assert "pip install '.[parquet]'" in unescape(page)
    assert re.search(r'value="parquet" disabled', page)
    sent = visitor.post("/exports/data", {"survey": "wells", "format": "parquet"})
    assert sent.status_code == 422
    assert ".[parquet]" in words(sent.text)


def test_who_may_not_export_answers_sees_what_she_may_take(wells: House) -> None:
    coordinator = wells.visitor(Role.COORDINATOR)

    page = coordinator.reads("/exports")
    assert "Consents" in page
    assert "by analysts and admins only" in page
    assert coordinator.post("/exports/data", {"survey": "wells"}).status_code == 403
    assert coordinator.post("/exports/answers").status_code == 403
    assert coordinator.get("/exports/dictionary/wells").status_code == 403
    assert made(coordinator, "/exports/consents", {})[0] == "consents.csv"


def test_the_dictionary_is_a_page_and_a_file(wells: House) -> None:
    visitor = wells.visitor(Role.ANALYST)
    page = visitor.reads("/exports/dictionary/wells?counts=1")
    rows = list(csv.DictReader(io.StringIO(visitor.get("/exports/dictionary/wells?format=csv").text)))

    told = json.loads(run("dictionary", "wells", "--format", "json").stdout)
    assert [row["variable"] for row in rows] == [each["column"] for each in told["variables"]]
    assert [int(row["answered"]) for row in rows] == [each["counts"]["answered"] for each in told["variables"]]
    assert all(each["column"] in page for each in told["variables"])
    assert json.loads(visitor.get("/exports/dictionary/wells?format=json").text) == told
    assert openpyxl.load_workbook(io.BytesIO(visitor.get("/exports/dictionary/wells?format=xlsx").content)).sheetnames


def test_the_views_are_named(wells: House) -> None:
    page = wells.visitor(Role.ANALYST).reads("/exports?survey=wells")

    assert {"answers", "runs", "survey_wells", "survey_wells_labels"} <= set(page.split())
