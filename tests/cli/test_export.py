"""`izwi export`: files that are whole or not there, and what is said about them."""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from lxml import etree

from app import main
from app.cli.exporting import export
from app.cli.handset import Network
from app.models.care import flag
from app.models.runs import run as stored_run
from app.reports import records
from app.settings import Settings
from tests.conftest import Clock
from tests.phone import Phone
from tests.reports.test_answers import PATH


@pytest.fixture
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to export to, and a service that two have answered: one to the end, one with no."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    parts = main.assemble(Settings())
    network = Network(parts, Clock())
    for number, replies in ((1, (*PATH, "We walk far.")), (2, ("1", "2"))):
        phone = Phone(network, f"+26377000000{number}")
        phone.dial()
        phone.replies(*replies)
    made = tmp_path / "out"
    made.mkdir()
    yield made
    parts.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(export, list(arguments))


def test_records_come_to_the_screen_as_json_lines_of_completed_runs(folder: Path) -> None:
    result = run("records")

    assert (result.exit_code, result.stderr) == (0, "")
    (record,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert record["story"] == "We walk far."


def test_other_ends_are_asked_for(folder: Path) -> None:
    def states(*arguments: str) -> list[str]:
        return [json.loads(line)["__system"]["state"] for line in run("records", *arguments).stdout.splitlines()]

    assert states("--state", "declined") == ["declined"]
    assert states("--state", "completed", "--state", "declined") == ["completed", "declined"]
    assert states("--state", "all") == ["completed", "declined"]
    assert states("--state", "screened_out") == []


def test_an_xml_file_is_written_and_said(folder: Path) -> None:
    file = folder / "records.xml"

    result = run("records", "--format", "xml", "--output", str(file))

    assert result.stderr == f"1 records written to {file}.\n"
    assert result.stdout == ""
    assert len(etree.fromstring(file.read_bytes())) == 1
    assert list(folder.iterdir()) == [file]


def test_a_zip_comes_as_a_file_and_through_a_pipe(folder: Path) -> None:
    file = folder / "records.zip"

    assert run("records", "--format", "zip", "--output", str(file)).exit_code == 0
    piped = run("records", "--format", "zip").stdout_bytes

    names = zipfile.ZipFile(file).namelist()
    assert names[-1] == "forms/leave_no_one_behind/leave_no_one_behind.xml"
    assert piped.startswith(b"PK")


def test_a_file_that_cannot_be_finished_leaves_the_old_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "records.xml"
    file.write_text("old")

    def full(_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(records, "moment", full)
    result = run("records", "--format", "xml", "--output", str(file))

    assert isinstance(result.exception, OSError)
    assert [each.name for each in folder.iterdir()] == ["records.xml"]
    assert file.read_text() == "old"


def test_what_cannot_be_exported_is_said(folder: Path) -> None:
    missing = run("records", "--survey", "nosuch")
    assert (missing.exit_code, missing.stderr) == (
        1,
        "There is no survey 'nosuch'. There are: leave_no_one_behind.\n",
    )

    nowhere = run("records", "--output", str(folder / "no" / "file.json"))
    assert (nowhere.exit_code, nowhere.stderr) == (1, f"There is no folder {folder / 'no'}.\n")


def test_answers_are_written_as_before(folder: Path) -> None:
    file = folder / "answers.csv"

    result = run("answers", "--output", str(file))

    assert result.stderr.endswith(f" answers written to {file}.\n")
    assert file.read_bytes().startswith(b"respondent,survey,version,")
    assert run("answers").stdout_bytes == file.read_bytes()


def flag_first(kind: str) -> None:
    """Flag the run of her who went to the end."""
    parts = main.assemble(Settings())
    first = sa.select(sa.func.min(stored_run.c.id)).scalar_subquery()
    values = {"run_id": first, "kind": kind, "at": datetime(2026, 11, 23, tzinfo=UTC)}
    parts.database.write(lambda connection: connection.execute(sa.insert(flag).values(values)))
    parts.close()


def answers(*arguments: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in run("answers", "--format", "jsonl", *arguments).stdout.splitlines()]


def test_answers_say_how_their_run_came_about(folder: Path) -> None:
    flag_first("straight")
    flag_first("many")

    rows = answers()

    assert {(row["mode"], row["proxy"]) for row in rows} == {("self", "no")}
    assert [row["flags"] for row in rows if row["question"] == "language"] == ["many straight", ""]


def test_an_export_judges_what_nobody_has_judged_yet(folder: Path) -> None:
    parts = main.assemble(Settings())
    clock = Clock()
    network = Network(parts, clock)
    network.names = count(100)
    phone = Phone(network, "+263770000003")
    phone.dial()
    for words in (*PATH, "We walk far."):
        clock.pass_time(seconds=1)
        phone.reply(words)
    parts.close()

    assert {row["respondent"] for row in answers()} - {row["respondent"] for row in answers("--without-flags", "fast")}
    assert {row["flags"] for row in answers("--without-flags", "fast", "--without-flags", "identical")} == {""}


def test_flagged_runs_are_left_out_where_somebody_wants_it_and_only_there(folder: Path) -> None:
    flag_first("fast")
    whole, two = len(answers()), len(answers("--without-flags", "fast"))
    assert whole > two == 2  # language and consent of her who declined

    assert len(answers("--without-flags", "all")) == two
    assert len(answers("--without-flags", "straight, fast")) == two
    assert len(answers("--without-flags", "straight", "--without-flags", "fast")) == two
    assert len(answers("--without-flags", "identical")) == whole
    assert run("answers", "--without-flags", "fast").stderr == "1 runs were left out for their flags.\n"
    assert run("answers", "--without-flags", "many").stderr == "0 runs were left out for their flags.\n"
    nothing = run("records", "--without-flags", "fast")
    assert (nothing.stdout, nothing.stderr) == ("", "1 runs were left out for their flags.\n")
    assert run("records", "--without-flags", "fast", "--state", "declined").stderr.startswith("0 runs")
    assert run("records", "--survey", "leave_no_one_behind").stdout.count("\n") == 1


def test_a_flag_that_there_is_not_is_refused(folder: Path) -> None:
    result = run("answers", "--without-flags", "fast,slow")

    assert result.exit_code == 2
    assert "There is no flag 'slow'" in result.stderr


def test_without_the_keys_nothing_is_exported_for_the_trail_could_not_be_gone_on_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IZWI_DATA_DIR", str(folder / "elsewhere"))
    monkeypatch.setenv("IZWI_DATABASE_URL", Settings().database_url)

    result = run("answers")

    assert result.exit_code == 1
    assert "no keys.json" in result.output
    assert not (folder / "elsewhere" / "keys.json").exists()
