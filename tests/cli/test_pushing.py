"""`izwi push` and `izwi surveys pull`, as people use them who have a project at KoboToolbox or ODK Central."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from pyxform.xls2xform import convert

from app.cli.auditing import audit
from app.cli.doctor import doctor
from app.cli.pushing import push
from app.cli.reporting import report
from app.cli.surveys import surveys
from app.gateway import versions
from app.models.runs import record
from app.settings import BadSettings, load
from app.store import surveys as stored
from app.store.unit import Database
from app.worker.pushing import Pushing
from tests.openrosa.server import PASSWORD, USER, Project
from tests.submissions import store_submissions
from tests.web.central import milk

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FARM = """\
| survey | type | name | label |
|---|---|---|---|
| | text | farm | Which farm? |
| settings | form_id | version | |
| | farm | 1 | |
"""

TOWNS = """\
| survey | type | name | label |
|---|---|---|---|
| | select_one_from_file towns.csv | town | Which town? |
| settings | form_id | version | |
| | towns | 3 | |
"""


@pytest.fixture
def project() -> Iterator[Project]:
    made = Project(auth="digest", like="kobo")
    yield made
    made.close()


class Office:
    """Whoever types, and the worker."""

    def __init__(self, url: str, project: Project, folder: Path) -> None:
        self.database = Database(url.replace("postgresql://", "postgresql+psycopg://", 1))
        self.project = project
        file = folder / "farm.md"
        file.write_text(FARM)
        versions.bring_published(self.database, versions.read(file).content, AT)

    def xform(self, name: str = "farm") -> bytes:
        (version,) = self.database.read(lambda connection: stored.of_survey(connection, name))
        return self.database.read(lambda connection: stored.xform(connection, version.id)).encode()

    def store(self, count: int) -> list[str]:
        made = lambda number, uid: milk(number, uid).replace('"milk/1"', '"farm"')  # noqa: E731
        return [f"uuid:{uid}" for uid in store_submissions(self.database, "farm", [AT] * count, made)]

    def work(self) -> None:
        worker = Pushing(load(), self.database)
        while worker.work(datetime.now(UTC)):
            continue
        worker.close()


@pytest.fixture
def office(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Project) -> Iterator[Office]:
    target = {"url": project.url, "user": USER, "password": PASSWORD, "surveys": ["farm"]}
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_TARGETS", json.dumps({"kobo": target, "idle": {"url": project.url}}))
    made = Office(database_url, project, tmp_path)
    yield made
    made.database.close()


def run(command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_records_that_were_made_before_are_sent_and_stand_in_the_status(office: Office) -> None:
    names = office.store(3)
    assert run(push, "status").output == "No record was pushed yet.\n"
    office.project.add_form("farm", "1", office.xform())

    assert run(push, "start", "kobo").output.startswith("3 records are queued for kobo.")
    assert run(push, "start", "kobo").output.startswith("0 records are queued")
    office.work()

    assert sorted(office.project.kept) == sorted(names)
    (row,) = json.loads(run(push, "status", "--json").output)
    assert (row["target"], row["survey"], row["version"], row["state"], row["records"]) == (
        "kobo",
        "farm",
        "1",
        "there",
        3,
    )
    assert "push start  kobo  (farm)" in run(audit, "list").output


def test_a_form_that_is_not_there_is_told_with_what_to_upload(office: Office) -> None:
    office.store(2)
    run(push, "start", "kobo")
    office.work()

    for told in (run(push, "status").output, run(doctor).output):
        text = " ".join(told.split())
        assert "the form is not there" in text
        assert "izwi surveys download farm --version 1 --output form.xml" in text
        assert "izwi push retry kobo" in text
    office.project.add_form("farm", "1", office.xform())
    assert run(push, "retry", "kobo").output == "2 records are tried again.\n"
    office.work()
    assert len(office.project.kept) == 2
    assert "stopped on their way" not in run(doctor).output


def test_a_wrong_password_is_told_by_the_doctor(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"url": office.project.url, "user": USER, "password": "guess", "surveys": ["farm"]}
    monkeypatch.setenv("IZWI_TARGETS", json.dumps({"kobo": wrong}))
    office.store(1)
    run(push, "start", "kobo")
    office.work()

    told = " ".join(run(doctor).output.split())
    assert "1 records of farm stopped on their way to kobo: 401" in told
    assert "the user, password or token in IZWI_TARGETS is wrong" in told
    assert "guess" not in told
    monkeypatch.setenv("IZWI_TARGETS", "{}")
    assert "guess" not in run(doctor, "--settings").output


def test_what_was_taken_back_is_listed_for_the_officer(office: Office) -> None:
    (name,) = office.store(1)
    office.project.add_form("farm", "1", office.xform())
    run(push, "start", "kobo")
    office.work()
    assert run(push, "forgotten").output == "There is none.\n"

    office.database.write(lambda connection: connection.execute(sa.delete(record)))

    assert run(push, "forgotten").output == f"kobo  farm  {name}\n"
    assert json.loads(run(push, "forgotten", "--json").output)[0]["sure"] is True
    assert "`izwi push forgotten` lists them" in " ".join(run(doctor).output.split())


def test_a_target_that_is_not_named_or_gets_nothing_is_said(office: Office) -> None:
    assert "IZWI_TARGETS names no 'central'. There are: kobo, idle." in run(push, "start", "central").output
    assert "names no survey whose records go to idle" in run(push, "start", "idle").output
    assert run(push, "retry", "central").exit_code == 1


def test_the_record_of_processing_names_other_projects(office: Office) -> None:
    assert "| kobo | 127.0.0.1 | pseudonymous records of farm |" in run(report, "processing").output


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"url": "http://kobo.example.org"}, "https:// only"), ({"url": "https://user:secret@kobo.example.org"}, "match"),
        ({"url": "https://kobo.example.org", "pass": "x"}, "no such key"), ({"url": "kobo"}, "match"),
    ],
)  # fmt: skip
def test_a_target_that_is_not_safe_is_refused(target: Any, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_TARGETS", json.dumps({"kobo": target}))

    with pytest.raises(BadSettings, match=told) as caught:
        load()
    assert "secret" not in str(caught.value)


def test_a_form_is_pulled_with_its_lists_and_becomes_a_draft(office: Office, tmp_path: Path) -> None:
    sheet = tmp_path / "towns.md"
    sheet.write_text(TOWNS)
    office.project.add_form("towns", "3", convert(sheet, validate=False).xform.encode())
    office.project.media = {"towns.csv": b"name,label\ngweru,Gweru\nmutare,Mutare\n"}

    listed = run(surveys, "pull", "kobo")
    pulled = run(surveys, "pull", "kobo", "towns")

    assert "towns  version 3" in listed.output
    assert pulled.exit_code == 0, pulled.output
    assert "It is stored as a draft" in pulled.output
    (draft,) = office.database.read(lambda connection: stored.of_survey(connection, "towns"))
    assert draft.status == "draft"
    assert b"Mutare" in office.xform("towns")


def test_a_form_that_cannot_be_pulled_stores_nothing(office: Office) -> None:
    office.project.add_form("broken", "1", b"<h:html xmlns:h='http://www.w3.org/1999/xhtml'/>")

    assert "has no form 'nothing'. It has: broken." in run(surveys, "pull", "kobo", "nothing").output
    broken = run(surveys, "pull", "kobo", "broken")
    assert (broken.exit_code, "Nothing was stored." in broken.output) == (1, True)
    office.project.auth = "token"
    assert "did not give its forms: 401" in run(surveys, "pull", "kobo").output
    assert {each.survey for each in office.database.read(stored.every)} == {"leave_no_one_behind", "farm"}
