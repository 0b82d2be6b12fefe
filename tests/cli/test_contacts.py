"""`izwi contacts`, as a coordinator uses it who has a list of phones in a spreadsheet."""

import csv
import json
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from uuid_utils.compat import uuid7

from app import main
from app.channels import operators
from app.cli.contacts import contacts
from app.gateway.contacts import importing, mapping, reading
from app.gateway.contacts.importing import FileChanged, Import
from app.gateway.contacts.numbers import Numbers
from app.gateway.contacts.report import Category
from app.gateway.contacts.rows import Reader
from app.models import people, surveys
from app.settings import Settings
from app.store import contacts as stored
from app.values import Msisdn

LIST = """\
Cell,Language,Province,Age,Group
0770000001,Shona,Masvingo,33,farmers
770000002,Ndebele,Midlands,41,farmers; youth
0770000001,Shona,Harare,99,
0242000000,Shona,Harare,50,
none,Shona,Harare,50,

+263770000003,,,,
"""


@pytest.fixture
def parts(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[main.Parts]:
    """A data directory and a database of the test's own, with its keys."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    made = main.assemble(Settings(), [])
    yield made
    made.close()


@pytest.fixture
def folder(parts: main.Parts, tmp_path: Path) -> Path:
    """Where the lists lie."""
    return tmp_path


def run(*arguments: str, replies: str = "") -> Result:
    return CliRunner().invoke(contacts, list(arguments), input=replies)


def ok(*arguments: str, replies: str = "") -> str:
    result = run(*arguments, replies=replies)
    assert result.exit_code == 0, result.output
    return result.stdout


def written(folder: Path, text: str, name: str = "list.csv") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def known(parts: main.Parts) -> dict[str, dict[str, Any]]:
    """The last two figures of each contact's number → what is stored of it."""
    return parts.database.read(lambda connection: _known(parts, connection))


def _known(parts: main.Parts, connection: sa.Connection) -> dict[str, dict[str, Any]]:
    rows = connection.execute(sa.select(people.contact).order_by(people.contact.c.id)).mappings().all()
    numbers = stored.addresses(connection, parts.keys, [row["id"] for row in rows])
    members = sa.select(people.group_member.c.contact_id, people.contact_group.c.name).join(people.contact_group)
    groups: dict[int, list[str]] = {}
    for contact_id, name in connection.execute(members.order_by(people.contact_group.c.name)):
        groups.setdefault(contact_id, []).append(name)
    return {
        numbers[row["id"]].msisdn.e164[-2:]: {
            "locale": row["locale"], "operator": row["operator"], "stopped": row["stopped_at"] is not None,
            "groups": groups.get(row["id"], []), **json.loads(row["attributes"]),
        }
        for row in rows
    }  # fmt: skip


# -- the report, before anything is done ----------------------------------------------------------------------------


def test_columns_and_every_row_are_shown_before_anything_is_done(parts: main.Parts, folder: Path) -> None:
    said = ok("import", written(folder, LIST), "--dry-run")

    assert said == (
        "list.csv: CSV in UTF-8, separated by commas\n\n"
        "  Cell      phone number\n"
        "  Language  language\n"
        "  Province  attribute province\n"
        "  Age       attribute age\n"
        "  Group     groups\n\n"
        "         7 rows\n"
        "         3 have a mobile number, 1 of them repaired\n"
        "             3 new\n"
        "         1 left out: the same number as a row above\n"
        "         1 left out: not a mobile phone\n"
        "         1 left out: no number that can be read\n"
        "         1 left out: blank\n\n"
        "Repaired numbers\n"
        "         1 its first 0 was lost\n\n"
        "Left out, no number that can be read\n"
        "         1 not a phone number: something else than figures is in it\n\n"
        "Left out, not a mobile phone\n"
        "         1 a landline, not a mobile phone\n\n"
        "Languages\n"
        "         1 nd\n"
        "         1 none\n"
        "         1 sn\n\n"
        "Rows that are left out\n"
        "  row 4: the same number as in row 2 (+263…01)\n"
        "  row 5: a landline, not a mobile phone\n"
        "  row 6: not a phone number: something else than figures is in it\n\n"
        "New attributes: age (number), province (text)\n\n"
        "Nothing was imported: --dry-run only reports.\n"
    )
    assert known(parts) == {}


def test_it_asks_before_it_writes(parts: main.Parts, folder: Path) -> None:
    refused = run("import", written(folder, LIST), replies="n\n")
    assert (refused.exit_code, refused.stderr) == (1, "Nothing was imported.\n")
    assert known(parts) == {}

    said = ok("import", written(folder, LIST), replies="y\n")

    assert "Add 3 contacts and change 0? [Y/n]: y\n" in said
    assert said.endswith("\nDone: 3 contacts are new, 0 changed. The same file again changes nothing.\n")
    assert len(known(parts)) == 3


def test_with_nobody_to_ask_it_only_reports_and_says_so_with_its_status(parts: main.Parts, folder: Path) -> None:
    result = run("import", written(folder, LIST))

    assert result.exit_code == 3
    assert "             3 new\n" in result.stdout
    assert result.stderr == "Nobody answered, so nothing was imported; --yes imports without asking.\n"
    assert known(parts) == {}


def test_the_report_file_has_every_row_and_numbers_only_masked(folder: Path) -> None:
    output = folder / "report.csv"

    ok("import", written(folder, LIST), "--dry-run", "--report", str(output))

    assert list(csv.reader(output.read_text().splitlines())) == [
        ["row", "category", "reason", "number"],
        ["2", "new", "", "+263…01"],
        ["3", "new", "its first 0 was lost", "+263…02"],
        ["4", "duplicate", "the same number as in row 2", "+263…01"],
        ["5", "not_mobile", "a landline, not a mobile phone", ""],
        ["6", "invalid", "not a phone number: something else than figures is in it", ""],
        ["7", "blank", "", ""],
        ["8", "new", "", "+263…03"],
    ]


# -- what is stored -------------------------------------------------------------------------------------------------


def test_contacts_have_what_their_rows_say(parts: main.Parts, folder: Path) -> None:
    ok("import", written(folder, LIST), "--yes", "--group", "Pilot", "--language", "English")

    assert known(parts) == {
        "01": {
            "locale": "sn", "operator": "Econet", "stopped": False, "groups": ["Pilot", "farmers"],
            "province": "Masvingo", "age": 33,
        },
        "02": {
            "locale": "nd", "operator": "Econet", "stopped": False, "groups": ["Pilot", "farmers", "youth"],
            "province": "Midlands", "age": 41,
        },
        "03": {"locale": "en", "operator": "Econet", "stopped": False, "groups": ["Pilot"]},
    }  # fmt: skip


def test_the_import_is_on_record_with_its_mapping_and_counts(parts: main.Parts, folder: Path) -> None:
    path = written(folder, LIST)
    ok("import", path, "--yes")

    with parts.database.engine.connect() as connection:
        row = connection.execute(sa.select(people.contact_import)).mappings().one()
    assert row["digest"] == reading.digest(Path(path))
    assert json.loads(row["mapping"])["Cell"] == "phone"
    counts = json.loads(row["counts"])
    assert sum(counts[str(each)] for each in Category) == counts["rows"] == 7
    assert counts["reasons"] == {
        "a landline, not a mobile phone": 1,
        "not a phone number: something else than figures is in it": 1,
    }


def test_the_same_file_again_changes_nothing_and_says_so(parts: main.Parts, folder: Path) -> None:
    path = written(folder, LIST)
    ok("import", path, "--yes")
    before = known(parts)

    said = ok("import", path)

    assert "             3 known already, nothing changes\n" in said
    assert "This very file was imported on " in said
    assert said.endswith("\nNothing is to be done: all contacts are as this file says.\n")
    assert known(parts) == before


def test_a_newer_file_changes_what_it_says_and_empty_cells_leave_what_was(parts: main.Parts, folder: Path) -> None:
    ok("import", written(folder, LIST), "--yes")
    newer = "Cell,Language,Province,Age,Group,Ward\n0770000001,Ndebele,,34,women,7\n0770000002,,,,,\n0770000004,,,,,\n"

    said = ok("import", written(folder, newer), "--yes")

    assert "             1 new\n             1 known already, something changes\n" in said
    assert "             1 known already, nothing changes\n" in said
    after = known(parts)
    assert after["01"] == {
        "locale": "nd", "operator": "Econet", "stopped": False, "groups": ["farmers", "women"],
        "province": "Masvingo", "age": 34, "ward": 7,
    }  # fmt: skip
    assert (after["02"]["locale"], after["02"]["age"]) == ("nd", 41)


def test_a_value_that_does_not_fit_its_attribute_is_left_out_and_the_rest_is_taken(
    parts: main.Parts, folder: Path
) -> None:
    ok("import", written(folder, LIST), "--yes")
    newer = "Cell,Province,Age\n0770000001,Harare,unknown\n0770000005,Harare,young\n"
    output = folder / "report.csv"

    said = ok("import", written(folder, newer), "--yes", "--report", str(output))

    assert "Values left out; the rest of their rows is taken\n         2 age is not a number\n" in said
    assert "3,new,left out: age is not a number,+263…05" in output.read_text()
    after = known(parts)
    assert (after["01"]["province"], after["01"]["age"]) == ("Harare", 33)
    assert after["05"]["province"] == "Harare"
    assert "age" not in after["05"]


def test_who_asked_for_silence_is_left_as_she_is(parts: main.Parts, folder: Path) -> None:
    ok("import", written(folder, LIST), "--yes")
    silent = sa.update(people.contact).where(people.contact.c.locale == "nd").values(stopped_at=datetime.now(UTC))
    parts.database.write(lambda connection: connection.execute(silent))

    said = ok("import", written(folder, LIST.replace("Midlands", "Harare")), "--group", "new", "--yes")

    assert "             1 asked for silence, left as they are\n" in said
    after = known(parts)["02"]
    assert (after["stopped"], after["province"], after["groups"]) == (True, "Midlands", ["farmers", "youth"])


def test_a_language_that_she_chose_herself_stays(parts: main.Parts, folder: Path) -> None:
    ok("import", written(folder, LIST), "--yes")

    def choose(connection: sa.Connection) -> None:
        contact_id = stored.find(connection, parts.keys, Msisdn("+263770000001"))
        assert contact_id is not None
        stored.set_locales(connection, {contact_id: "nd"})
        survey = sa.select(surveys.survey.c.id).limit(1).scalar_subquery()
        row = {"uid": uuid7(), "pseudonym": "p", "contact_id": contact_id, "survey_id": survey, "position": 1}
        connection.execute(sa.insert(people.respondent).values(row | {"created_at": datetime.now(UTC)}))

    parts.database.write(choose)

    assert "Nothing is to be done" in ok("import", written(folder, LIST))
    assert known(parts)["01"]["locale"] == "nd"


def test_a_phone_number_in_another_column_is_not_kept_in_the_clear(parts: main.Parts, folder: Path) -> None:
    text = "Cell,Remark\n0770000001,fine\n0770000002,call 5\n0770000003,fine\n0770000004,077 000 0009\n"

    said = ok("import", written(folder, text), "--yes")

    assert "         1 remark looks like a phone number\n" in said
    assert "remark" not in known(parts)["04"]


def test_nothing_that_is_shown_or_stored_has_a_number_in_it(parts: main.Parts, folder: Path) -> None:
    path, output = str(folder / "sample.csv"), folder / "report.csv"
    ok("sample", "--count", "400", "--output", path)

    result = run("import", path, "--yes", "--report", str(output))

    with parts.database.engine.connect() as connection:
        rows = connection.execute(sa.select(people.contact.c.attributes)).scalars().all()
        record = connection.execute(sa.select(people.contact_import.c.counts, people.contact_import.c.mapping)).one()
    shown = [result.output, output.read_text(), *rows, *record]
    assert result.exit_code == 0
    assert [found for text in shown for found in re.findall(r"7[0-9 ]{6,}", text)] == []


# -- the sample, and files of other kinds ---------------------------------------------------------------------------


def test_the_sample_of_ten_thousand_is_accounted_for_row_by_row(parts: main.Parts, folder: Path) -> None:
    path, output = str(folder / "sample.csv"), folder / "report.csv"
    ok("sample", "--output", path)

    said = ok("import", path, "--yes", "--report", str(output))

    with output.open() as file:
        categories = Counter(row["category"] for row in csv.DictReader(file))
    assert categories == {"new": 9656, "duplicate": 94, "not_mobile": 50, "invalid": 200}
    assert "    10,000 rows\n     9,656 have a mobile number" in said
    assert json.loads(ok("count", "--json"))["contacts"] == 9656
    assert "Nothing is to be done" in ok("import", path)


def test_an_excel_file_is_read_as_a_csv_file_is(parts: main.Parts, folder: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["Province", "Nhare", "Born"],
        ["Harare", 770000001, datetime.fromisoformat("1990-02-01")],
        [None, 770000002.0],
    ):
        book.active.append(row)
    book.save(folder / "list.xlsx")

    said = ok("import", str(folder / "list.xlsx"), "--yes")

    assert "list.xlsx: Excel, sheet Sheet\n" in said
    assert "New attributes: born (date, day first), province (text)" in said
    assert known(parts)["01"]["born"] == "1990-02-01"
    assert set(known(parts)) == {"01", "02"}


def test_who_knows_better_names_the_columns(parts: main.Parts, folder: Path) -> None:
    text = "Rudo;0770000001;Harare\nTendai;0770000002;Gweru\n"

    said = ok("import", written(folder, text), "--yes", "--column", "phone=B", "--column", "town = C")

    assert "  A  left out: has no header; --column NAME=A brings it in\n" in said
    assert known(parts)["02"]["town"] == "Gweru"


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("a,b\n1,2\n", [], "list.csv: no column holds phone numbers"),
        (LIST, ["--column", "phone"], "--column phone: write NAME=COLUMN, for example phone="),
        (LIST, ["--skip", "Nothing"], "list.csv: there is no column Nothing"),
        (LIST, ["--language", "Klingonese"], "Klingonese is no language that is known"),
        (LIST, ["--region", "XX"], "XX is no country; write its two letters, e.g. ZW"),
        (LIST, ["--region", "Zimbabwe"], "IZWI_REGION"),
        (LIST, ["--group", " "], "--group: a name has between 1 and 64 characters"),
        (LIST + '0770000009,"Shona\n', [], "a quotation mark is not where it should be"),
        ("", [], "list.csv: it is empty"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_a_cure(
    parts: main.Parts, folder: Path, text: str, options: list[str], says: str
) -> None:
    result = run("import", written(folder, text), "--yes", *options)

    assert result.exit_code in {1, 2}
    assert says in result.stderr
    assert known(parts) == {}


def test_a_list_of_operators_that_is_wrong_is_said_with_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IZWI_OPERATORS", written(folder, "operator,codes,prefixes\nA,1,077\n", "operators.csv"))

    result = run("import", written(folder, LIST), "--yes")

    assert result.exit_code == 1
    assert "operators.csv: line 2: the prefix is '077'" in result.stderr


# -- long files, and what happens in between ------------------------------------------------------------------------


def job(parts: main.Parts, path: Path) -> Import:
    shipped = operators.read(None)
    numbers = Numbers("ZW", shipped)
    file = reading.read(path)
    columns = mapping.guess(file, numbers, [], [])
    return Import(parts.database, parts.keys, shipped, file, columns, Reader(file, columns, numbers, {}, []))


def nothing(_: object) -> None:
    """Nobody listens."""


def test_an_import_that_was_interrupted_is_run_again_and_nothing_is_doubled(parts: main.Parts, folder: Path) -> None:
    path = folder / "sample.csv"
    ok("sample", "--count", "2500", "--output", str(path))
    first = job(parts, path)
    report = first.look(nothing, nothing, locale=None)

    with pytest.raises(KeyboardInterrupt):
        first.write(report, _power_cut, at=datetime.now(UTC))
    assert count(parts) == importing.BATCH

    said = ok("import", str(path), "--yes")

    assert f"         {importing.BATCH:,} known already, nothing changes\n" in said
    assert f"Done: {report.to_write - importing.BATCH:,} contacts are new, 0 changed." in said
    assert count(parts) == report.to_write


def _power_cut(done: int) -> None:
    raise KeyboardInterrupt


def count(parts: main.Parts) -> int:
    statement = sa.select(sa.func.count()).select_from(people.contact)
    return int(parts.database.read(lambda connection: connection.execute(statement).scalar_one()))


def test_a_file_that_changes_while_somebody_thinks_is_not_written(parts: main.Parts, folder: Path) -> None:
    path = Path(written(folder, LIST))
    begun = job(parts, path)
    report = begun.look(nothing, nothing, locale=None)
    path.write_text(LIST + "0770000009,,,,\n")

    with pytest.raises(FileChanged):
        begun.write(report, nothing, at=datetime.now(UTC))
    assert known(parts) == {}


def test_a_phone_that_dials_between_the_two_ways_becomes_one_contact(parts: main.Parts, folder: Path) -> None:
    begun = job(parts, Path(written(folder, LIST)))
    report = begun.look(nothing, nothing, locale=None)
    dialled = [Msisdn("+263770000001")]
    parts.database.write(lambda connection: stored.find_or_add(connection, parts.keys, dialled, datetime.now(UTC)))

    counts = begun.write(report, nothing, at=datetime.now(UTC))

    assert (counts[Category.NEW], counts[Category.CHANGED]) == (2, 1)
    assert known(parts)["01"]["province"] == "Masvingo"


def test_a_long_file_is_never_held_as_a_whole(parts: main.Parts, folder: Path) -> None:
    path = folder / "sample.csv"
    ok("sample", "--output", str(path))
    begun = job(parts, path)
    tracemalloc.start()

    begun.look(nothing, nothing, locale=None)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 7_000_000  # its rows alone would be twice that


# -- what there is --------------------------------------------------------------------------------------------------


def test_groups_attributes_and_contacts_are_counted(folder: Path) -> None:
    assert ok("count") == "contacts   0\nlanguages  none\noperators  none\n"
    assert "No group is there yet" in ok("groups")
    assert "No attribute is there yet" in ok("attributes")

    ok("import", written(folder, LIST), "--yes")

    assert ok("count") == "contacts   3\nlanguages  1 unknown, 1 nd, 1 sn\noperators  3 Econet\n"
    assert ok("groups") == "farmers  2\nyouth    1\n"
    assert ok("attributes") == "age       number    2\nprovince  text      2\n"
    assert json.loads(ok("groups", "--json"))["groups"][0] == {"name": "farmers", "contacts": 2}
