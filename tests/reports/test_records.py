"""Finished records as they are given out: XML, the folders of ODK Briefcase, JSON as ODK Central nests it."""

import io
import json
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from lxml import etree

from app import main
from app.cli.handset import Network
from app.gateway import versions
from app.gateway.library import Library
from app.gateway.recording import Recording
from app.reports import nested, records
from app.settings import Settings
from app.store import records as stored
from app.store import surveys
from app.values import RunState
from tests.phone import Phone
from tests.records import XForm, problems
from tests.reports.test_answers import PATH, answered
from tests.talk import AT

MILK = """\
    | survey | type | name | label | relevant | calculation | repeat_count | bind::izwi:typed | bind::izwi:end |
    | | text | farm | Which farm? | | | | | |
    | | note | none | Farewell. | ${farm} = 'none' | | | | declined |
    | | geopoint | where | Where is it? | | | | yes | |
    | | begin_group | herd | The herd | | | | | |
    | | integer | cows | How many cows? | | | | | |
    | | begin_repeat | cow | A cow | | | ${cows} | | |
    | | decimal | litres | How many litres? | | | | | |
    | | text | sick | What ails her? | ${litres} < 1 | | | | |
    | | end_repeat | | | | | | | |
    | | end_group | | | | | | | |
    | | calculate | all | | | sum(${litres}) | | | |
    | settings | form_id | version | instance_name | | | | | |
    | | milk/1 | {version} | ${farm} | | | | | |
"""
STATES = (RunState.COMPLETED, RunState.DECLINED, RunState.SCREENED_OUT)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    codes = {"*384*66#": "milk/1"}
    return Settings(data_dir=tmp_path / "var", database_url=database_url, channel="simulated", service_codes=codes)


@pytest.fixture
def milked(parts: main.Parts, network: Network, tmp_path: Path) -> main.Parts:
    """A survey with a repeat, and three who answered it; the last of them a newer version, and with no."""
    publish(parts, tmp_path, "1")
    milk(network, 1, "Rudo's", "-17.83 31.05", "2", "0.5", "lame", "7")
    milk(network, 2, "A&B", "SKIP", "0")
    publish(parts, tmp_path, "2/b")
    milk(network, 3, "none")
    return parts


def milk(network: Network, number: int, *replies: str) -> None:
    phone = Phone(network, f"+26377000010{number}")
    phone.dial("*384*66#")
    phone.replies(*replies)


def publish(parts: main.Parts, folder: Path, version: str) -> None:
    file = folder / "milk.md"
    file.write_text(dedent(MILK).replace("{version}", version))
    versions.bring_published(parts.database, versions.read(file).content, datetime(2026, 11, 1, tzinfo=UTC))
    parts.library.refresh()


def exported(parts: main.Parts, kind: str, states: Any = STATES, survey: str | None = None) -> bytes:
    """The export as it is written, two records a page."""
    assert Recording(parts.settings, parts.database, Library(parts.database), parts.keys).make_all(AT) == 0

    def work(connection: Any) -> bytes:
        found = stored.export(connection, survey_name=survey, states=states, page=2)
        xform = partial(surveys.xform, connection)
        if kind == "json":
            text = io.StringIO()
            nested.write_json(text, found, xform)
            return text.getvalue().encode()
        out = io.BytesIO()
        _ = records.write_xml(out, found) if kind == "xml" else records.write_zip(out, found, xform)
        return out.getvalue()

    return parts.database.read(work)


def test_the_xml_is_one_document_of_records_as_they_are_stored(milked: main.Parts) -> None:
    document = etree.fromstring(exported(milked, "xml"))

    assert document.tag == "{urn:izwi:xforms}records"
    about = [dict(each.attrib) for each in document]
    assert [each["state"] for each in about] == ["completed", "completed", "declined"]
    assert [each["version"] for each in about] == ["1", "1", "2/b"]
    assert {each["submissionDate"] for each in about} == {"2026-11-23T10:00:00.000Z"}
    assert [each[0].get("id") for each in document] == ["milk/1"] * 3
    assert [each[0].findtext("farm") for each in document] == ["Rudo's", "A&B", "none"]


def test_every_record_that_is_given_out_is_an_instance_of_its_form(milked: main.Parts, phone: Phone) -> None:
    answered(phone, "We walk <far> & long.")
    archive = zipfile.ZipFile(io.BytesIO(exported(milked, "zip")))
    found = 0

    for name in archive.namelist():
        if name.endswith("submission.xml"):
            folder, record = name.split("/instances/")[0], archive.read(name).partition(b"?>")[2].decode()
            version = etree.fromstring(record).get("version").replace("/", "_")
            form = XForm(archive.read(f"{folder}/versions/{version}.xml").partition(b"?>")[2])
            (uid,) = [name.split("/")[-2].removeprefix("uuid")]
            assert list(problems(form, record, uid)) == []
            found += 1
    assert found == 4


def test_the_zip_has_the_folders_of_briefcase_and_the_newest_form(milked: main.Parts) -> None:
    archive = zipfile.ZipFile(io.BytesIO(exported(milked, "zip")))

    names = archive.namelist()
    assert [each for each in names if "/instances/" not in each] == [
        "forms/milk_1/versions/1.xml",
        "forms/milk_1/versions/2_b.xml",
        "forms/milk_1/milk_1.xml",
    ]
    assert sum(each.endswith("/submission.xml") for each in names) == 3
    assert archive.read("forms/milk_1/milk_1.xml") == archive.read("forms/milk_1/versions/2_b.xml")
    assert archive.getinfo(names[0]).date_time == (2026, 11, 23, 10, 0, 0)


def test_the_json_is_nested_as_the_form_and_has_every_field(milked: main.Parts) -> None:
    first, second, third = [json.loads(line) for line in exported(milked, "json").decode().splitlines()]

    name = first["__id"]
    assert first == {
        "__id": name,
        "__system": {
            "submissionDate": "2026-11-23T10:00:00.000Z", "submitterId": first["__system"]["submitterId"],
            "formVersion": "1", "formId": "milk/1", "state": "completed", "language": "en",
        },
        "farm": "Rudo's", "none": None, "where": {"type": "Point", "coordinates": [31.05, -17.83, 0]},
        "herd": {
            "cows": 2,
            "cow": [
                {"__id": f"{name}/herd/cow[1]", "litres": 0.5, "sick": "lame"},
                {"__id": f"{name}/herd/cow[2]", "litres": 7, "sick": None},
            ],
        },
        "all": "7.5", "meta": {"instanceID": name, "instanceName": "Rudo's"},
    }  # fmt: skip
    assert (second["where"], second["herd"]["cow"]) == (None, [])
    assert (third["__system"]["state"], third["herd"]["cows"]) == ("declined", None)
    assert len({each["__system"]["submitterId"] for each in (first, second, third)}) == 3


def test_records_of_one_survey_and_of_some_ends_can_be_had(milked: main.Parts, phone: Phone) -> None:
    answered(phone, "Nothing to add.")

    def lines(**options: Any) -> list[str]:
        return [json.loads(each)["__system"]["formId"] for each in exported(milked, "json", **options).splitlines()]

    assert lines(states=[RunState.COMPLETED]) == ["milk/1", "milk/1", "leave_no_one_behind"]
    assert lines(states=[RunState.DECLINED]) == ["milk/1"]
    assert lines(survey="leave_no_one_behind") == ["leave_no_one_behind"]


@pytest.mark.parametrize("kind", ["xml", "zip", "json"])
def test_an_export_is_the_same_every_time_and_has_no_phone_number(milked: main.Parts, phone: Phone, kind: str) -> None:
    answered(phone, "Nothing to add.")

    once, twice = exported(milked, kind), exported(milked, kind)

    assert once == twice
    content = once
    if kind == "zip":
        archive = zipfile.ZipFile(io.BytesIO(once))
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert b"770000" not in content


def test_runs_that_did_not_end_have_no_record(parts: main.Parts, phone: Phone) -> None:
    phone.dial()
    phone.replies(*PATH)

    assert exported(parts, "json") == b""
    assert len(etree.fromstring(exported(parts, "xml"))) == 0
