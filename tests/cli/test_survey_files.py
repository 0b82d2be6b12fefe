"""Surveys with attached files on their way in and out: what is stored of them, and what is given back."""

import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.phone import simulate
from app.cli.surveys import surveys
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from app.gateway.bringing import bring
from app.settings import Settings
from app.store import schema
from app.store.unit import Database
from tests.forms import as_xlsx

WARDS = """\
| survey | type | name | label |
|---|---|---|---|
| | select_one_from_file wards.csv | ward | Which ward? |
| settings | form_id | version |
| | homes | {version} |
"""


@pytest.fixture
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of the test's own, and a folder with a form and the list that it takes its choices from."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    database = Database(Settings().database)
    schema.upgrade(database.engine)
    database.close()
    (tmp_path / "homes.md").write_text(WARDS.format(version=1))
    (tmp_path / "wards.csv").write_text("name,label\nw1,North\nw2,South\n")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(surveys, list(map(str, arguments)))


def ok(*arguments: str | Path) -> bytes:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout_bytes


def add_and_publish(file: Path) -> None:
    ok("add", file)
    ok("publish", "homes", "--yes")


def test_what_lay_beside_a_form_is_in_the_xform_and_needed_no_more(folder: Path) -> None:
    add_and_publish(folder / "homes.md")
    (folder / "wards.csv").unlink()

    stored = compile_form(load(ok("download", "homes"), "homes.xml"))

    choices = stored.by_name["ward"].choices
    assert choices is not None
    assert [each.name for each in choices.choices] == ["w1", "w2"]
    assert ok("download", "homes", "--format", "brought") == (folder / "homes.md").read_bytes()
    assert "2 South" in CliRunner().invoke(simulate, ["homes"], input="1\n").output


def test_a_zip_is_given_back_as_it_was_brought(folder: Path) -> None:
    pack = folder / "pack.zip"
    with zipfile.ZipFile(pack, "w") as archive:
        for name in ("homes.md", "wards.csv"):
            archive.write(folder / name, name)
    add_and_publish(pack)

    assert ok("download", "homes", "--format", "brought") == pack.read_bytes()
    assert b"<label>South</label>" in ok("download", "homes")


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_form_is_given_back_with_the_files_that_lay_beside_it(folder: Path) -> None:
    (folder / "other.csv").write_text("name,label\nx,X\n")  # the form does not name it
    add_and_publish(folder / "homes.md")
    back = folder / "back" / "here"

    ok("download", "homes", "--folder", back)

    assert content_of(back) == {
        "homes.md": (folder / "homes.md").read_bytes(),
        "homes-media/wards.csv": (folder / "wards.csv").read_bytes(),
    }
    (folder / "wards.csv").write_text("name,label\nw9,Nowhere\n")
    assert b"This form is stored already: version 1 of homes, published." in ok("add", back / "homes.md")
    assert ok("download", "homes", "--format", "brought") == (folder / "homes.md").read_bytes()
    assert run("download", "homes", "--folder", back).stderr.startswith("There is something in")


def test_an_excel_form_with_files_is_given_back_byte_for_byte(folder: Path) -> None:
    file, media = folder / "excel.xlsx", folder / "excel-media"
    sheet = [["type", "name", "label"], ["select_one_from_file wards.csv", "ward", "Which ward?"]]
    file.write_bytes(as_xlsx({"survey": sheet, "settings": [["form_id"], ["excel"]]}))
    media.mkdir()
    (folder / "wards.csv").rename(media / "wards.csv")
    ok("add", file)

    ok("download", "excel", "--folder", folder / "back")

    assert content_of(folder / "back") == {
        "excel.xlsx": file.read_bytes(),
        "excel-media/wards.csv": b"name,label\nw1,North\nw2,South\n",
    }
    assert ok("download", "excel", "--format", "brought") == file.read_bytes()


def test_what_is_in_a_zip_is_given_back_file_by_file(folder: Path) -> None:
    with zipfile.ZipFile(folder / "pack.zip", "w") as archive:
        archive.writestr("form/homes.md", WARDS.format(version=1))
        archive.writestr("form/media/wards.csv", "name,label\nw1,North\n")
    ok("add", folder / "pack.zip")

    ok("download", "homes", "--folder", folder / "back")

    assert content_of(folder / "back") == {
        "homes.md": WARDS.format(version=1).encode(),
        "homes-media/wards.csv": b"name,label\nw1,North\n",
    }


def test_a_form_without_files_is_given_back_alone(folder: Path) -> None:
    (folder / "plain.csv").write_bytes(b"survey\n,type,name,label\n,text,why,Why?\n")
    ok("add", folder / "plain.csv")

    ok("download", "plain", "--folder", folder / "back")

    assert content_of(folder / "back") == {"plain.csv": (folder / "plain.csv").read_bytes()}


def test_a_list_with_other_rows_is_other_content(folder: Path) -> None:
    add_and_publish(folder / "homes.md")
    (folder / "wards.csv").write_text("name,label\nw1,North\nw2,East\n")

    refused = run("add", folder / "homes.md")

    assert refused.exit_code == 1
    assert "version 1 of homes is stored already, with other content. Raise the version" in refused.stderr


def test_a_new_version_with_other_rows_says_which(folder: Path) -> None:
    add_and_publish(folder / "homes.md")
    (folder / "homes.md").write_text(WARDS.format(version=2))
    (folder / "wards.csv").write_text("name,label\nw1,North\nw3,West\n")
    ok("add", folder / "homes.md")

    said = ok("diff", "homes").decode()

    assert "wards (ward): the choice w3 added, “West”" in said
    assert "wards (ward), w2: it can no longer be chosen" in said


def test_a_list_that_the_form_does_not_use_changes_nothing(folder: Path) -> None:
    add_and_publish(folder / "homes.md")
    (folder / "ward.csv").write_text("name,label\nx,X\n")  # the form has the word ward, and takes no such file

    assert b"This form is stored already: version 1 of homes, published." in ok("add", folder / "homes.md")


def test_a_form_whose_list_is_missing_is_not_stored(folder: Path) -> None:
    (folder / "wards.csv").unlink()

    refused = run("add", folder / "homes.md")

    assert "survey, row 2, ward: the file wards.csv is missing. Put it beside the form" in refused.stdout
    assert refused.stderr == "Nothing was stored.\n"


# -- what is given back ---------------------------------------------------------------------------------------------


def test_the_xform_is_the_one_that_the_file_makes(folder: Path) -> None:
    add_and_publish(folder / "homes.md")

    stored = load(ok("download", "homes"), "homes.xml")

    assert stored.xform == bring(folder / "homes.md").xform
    ok("download", "homes", "--format", "brought", "--output", folder / "again.md")
    assert (folder / "again.md").read_bytes() == (folder / "homes.md").read_bytes()


def test_an_excel_file_comes_back_byte_for_byte(folder: Path) -> None:
    sheets = {
        "survey": [["type", "name", "label"], ["text", "why", "Why?"]],
        "settings": [["form_id", "version"], ["excel", "1"]],
    }
    (folder / "excel.xlsx").write_bytes(as_xlsx(sheets))
    ok("add", folder / "excel.xlsx")

    assert ok("download", "excel", "--format", "brought") == (folder / "excel.xlsx").read_bytes()


def test_the_published_version_is_the_one_that_is_downloaded(folder: Path) -> None:
    add_and_publish(folder / "homes.md")
    (folder / "homes.md").write_text(WARDS.format(version=2))
    ok("add", folder / "homes.md")

    assert b'version="1"' in ok("download", "homes")
    assert b'version="2"' in ok("download", "homes", "--version", "2")
    assert run("download", "homes", "--output", folder / "no" / "file").exit_code == 1
