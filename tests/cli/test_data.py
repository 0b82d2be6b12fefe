"""`izwi export data` and `izwi dictionary`: whole files, what is said about them, and the same over the API."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from app import main
from app.cli.root import main as izwi
from app.reports.formats import delimited
from app.settings import Settings
from app.store import audit
from tests.reports.wells import fill
from tests.web.conftest import until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to export to, and a service with answers about wells."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    parts = main.assemble(Settings())
    fill(parts)
    made = tmp_path / "out"
    made.mkdir()
    yield made
    parts.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(izwi, list(arguments))


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_data_comes_as_a_file_and_what_is_elsewhere_is_said(folder: Path) -> None:
    file = folder / "wells.csv"

    result = run("export", "data", "wells", "--output", str(file))

    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines() == [
        f"4 rows written to {file}.",
        "Repeats are tables of their own: --table user, --table trip. The format xlsx has all of them.",
    ]
    assert [each.name for each in folder.iterdir()] == ["wells.csv"]
    shown = run("export", "data", "wells", "--table", "user")
    assert (shown.stderr, [row["called"] for row in rows(shown.stdout)]) == ("", ["Rudo", "Chipo", ""])


def test_options_do_what_they_say(folder: Path) -> None:
    def said(*options: str) -> list[dict[str, str]]:
        result = run("export", "data", "wells", *options)
        assert result.exit_code == 0, result.output
        return rows(result.stdout)

    assert [row["works"] for row in said("--labels", "--language", "sn", "--where", "works=no")] == ["Kwete"]
    assert [row["uses"] for row in said("--reasons", "--state", "stopped", "--state", "expired")] == ["not_asked"] * 2
    assert said("--hxl", "--raw", "--multiples", "joined")[0]["province"] == "#adm1"
    assert len(said("--long", "--asked-in", "sn", "--version", "1")) == 6 + 5
    assert said("--from", "2026-11-24", "--to", "2026-11-24", "--channel", "sms")[0]["respondent"] == "p0x1"
    assert run("export", "data", "wells", "--without-flags", "all").stderr.startswith("0 runs were left out")
    assert run("export", "data", "wells", "--no-bom").stdout_bytes.startswith(b"respondent")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("nosuch",), "There is no survey 'nosuch'. There are: leave_no_one_behind, wells."),
        (("wells", "--table", "cow"), "There is no repeat 'cow'. There are: user, trip."),
        (
            ("wells", "--format", "dta", "--long"),
            "A row an answer is for these formats: csv, jsonl, parquet, flow-results.",
        ),
    ],
)
def test_what_cannot_be_written_is_told_and_leaves_nothing(
    folder: Path, options: tuple[str, ...], sentence: str
) -> None:
    result = run("export", "data", *options, "--output", str(folder / "file"))

    assert (result.exit_code, result.stderr) == (1, f"{sentence}\n")
    assert list(folder.iterdir()) == []


def test_an_export_that_fails_leaves_the_file_that_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "wells.csv"
    file.write_text("old")

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(delimited, "write_csv", full)
    result = run("export", "data", "wells", "--output", str(file))

    assert isinstance(result.exception, OSError)
    assert [(each.name, each.read_text()) for each in folder.iterdir()] == [("wells.csv", "old")]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_killed_export_leaves_no_file_that_looks_whole(folder: Path, kind: str) -> None:
    parts = main.assemble(Settings())
    fill(parts, times=150, first=1)
    parts.close()
    file = folder / f"wells.{kind}"
    command = [sys.executable, "-m", "app", "export", "data", "wells", "--format", kind, "--state", "all"]
    child = subprocess.Popen([*command, "--output", str(file)], cwd=ROOT, stderr=subprocess.DEVNULL)

    until(lambda: child.poll() is not None or any(folder.iterdir()))
    os.kill(child.pid, signal.SIGKILL)
    ended = child.wait()

    left = [each.name for each in folder.iterdir()]
    assert ended == -signal.SIGKILL
    assert [name for name in left if not name.startswith(".")] == []


def test_who_took_data_is_in_the_trail(folder: Path) -> None:
    run("export", "data", "wells")

    parts = main.assemble(Settings())
    noted = [(each.actor, each.action, each.subject) for each in parts.database.read(audit.every)]
    parts.close()
    assert noted == [("terminal", "export data", "wells")]


def test_a_dictionary_tells_what_was_asked_and_what_came_of_it(folder: Path) -> None:
    told = json.loads(run("dictionary", "wells", "--format", "json").stdout)

    variables = {each["name"]: each for each in told["variables"]}
    assert variables["works"]["counts"] == {"asked": 4, "answered": 2, "skipped": 0, "refused": 1, "dont_know": 1}
    assert variables["uses"]["relevant"] == "works is Yes"
    assert variables["works"]["choices"][2] == {
        "name": "dont_know", "code": 3, "labels": {"en": "Don't know", "sn": "Handizivi"}, "missing": "dont_know",
    }  # fmt: skip
    assert (variables["paid"]["versions"], variables["minutes"]["repeats"]) == (["2"], ["user", "trip"])
    everything = json.loads(run("dictionary", "wells", "--format", "json", "--state", "all").stdout)
    assert {each["name"]: each for each in everything["variables"]}["works"]["counts"]["asked"] == 5


def test_a_dictionary_is_a_table_a_file_or_a_page(folder: Path) -> None:
    table = run("dictionary", "wells", "--language", "sn").stdout
    assert "Rinoshanda here?" in table
    assert "asked if: works is Yes" in table
    listed = {row["variable"]: row for row in rows(run("dictionary", "wells", "--format", "csv").stdout)}
    assert (listed["uses"]["who is asked"], listed["stood"]["asked"], listed["stood"]["skipped"]) == (
        "works is Yes",
        "4",
        "1",
    )
    assert listed["works"]["question (sn)"] == "Rinoshanda here?"
    page = run("dictionary", "wells", "--format", "md").stdout
    assert page.startswith("# Wells & pumps: dictionary\n")
    assert "| 4 | refused | =Not saying |" in page
    run("dictionary", "wells", "--format", "xlsx", "--output", str(folder / "d.xlsx"))
    assert openpyxl.load_workbook(folder / "d.xlsx").sheetnames == ["Dictionary", "Choices"]
