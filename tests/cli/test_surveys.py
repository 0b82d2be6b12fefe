"""`izwi surveys`, as a coordinator uses it who changes a survey that people are answering."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import main
from app.cli.doctor import doctor
from app.cli.exporting import export
from app.cli.handset import Network
from app.cli.phone import simulate
from app.cli.surveys import surveys
from app.settings import Settings
from app.store import schema
from app.store.unit import Database
from tests.conftest import Clock
from tests.phone import Phone

MEALS = """\
| survey | type | name | label |
|---|---|---|---|
| | select_one places | place | Where did you eat? |
| | integer | people | How many ate with you? |
| choices | list_name | name | label |
| | places | home | At home |
| | places | work | At work |
| settings | form_id | form_title | version |
| | meals | Meals | {version} |
"""


@pytest.fixture
def izwi(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory and a database of the test's own, and a folder to bring files from."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    monkeypatch.setenv("IZWI_KEYWORDS", '{"MEALS": "meals"}')
    return tmp_path


@pytest.fixture
def service(izwi: Path) -> Iterator[Network]:
    """The running service, in which the CLI is another process."""
    parts = main.assemble(Settings(survey="meals"), [])
    yield Network(parts, Clock())
    parts.close()


def run(*arguments: str, replies: str = "") -> Result:
    return CliRunner().invoke(surveys, list(arguments), input=replies)


def ok(*arguments: str, replies: str = "") -> str:
    result = run(*arguments, replies=replies)
    assert result.exit_code == 0, result.output
    return result.stdout


def brought(folder: Path, version: str, *edits: tuple[str, str]) -> str:
    """Write a version of the form; the file's path."""
    text = MEALS.format(version=version)
    for before, after in edits:
        text = text.replace(before, after)
    path = folder / f"meals_{version}.md"
    path.write_text(text)
    return str(path)


def statuses() -> dict[str, str]:
    listed = json.loads(ok("show", "meals", "--json"))["versions"]
    return {each["version"]: each["status"] for each in listed}


RENAMED = ("| work | At work |", "| market | At the market |")
REWORDED = ("How many ate with you?", "How many people ate with you?")


# -- add ------------------------------------------------------------------------------------------------------------


def test_a_form_becomes_a_draft_and_the_next_steps_are_said(izwi: Path) -> None:
    said = ok("add", brought(izwi, "1"))

    assert said == (
        "Meals (meals, version 1): 2 questions in English (en)\n\n"
        "Nothing is wrong: it can be asked as it is.\n\n"
        "It is stored as a draft; nobody is asked it yet.\n\n"
        "  izwi simulate meals --version 1    tries it on a phone in the terminal\n"
        "  izwi surveys publish meals    lets people get it\n"
    )
    assert statuses() == {"1": "draft"}


def test_a_form_that_cannot_be_asked_is_refused_with_its_faults(izwi: Path) -> None:
    result = run("add", brought(izwi, "1", ("select_one places", "select_one nosuch")))

    assert result.exit_code == 1
    assert "survey, row 2, place: there is no choice list nosuch" in result.stdout
    assert result.stderr == "Nothing was stored.\n"
    assert "meals" not in ok()


def test_the_same_file_again_changes_nothing_and_says_so(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))
    assert "This form is stored already: version 1 of meals, draft." in ok("add", brought(izwi, "1"))

    ok("publish", "meals", "--yes")
    said = ok("add", brought(izwi, "1"))
    assert said.endswith("This form is stored already: version 1 of meals, published.\n")

    ok("retire", "meals")
    assert "izwi surveys publish meals --version 1    lets people get it again" in ok("add", brought(izwi, "1"))


def test_another_content_under_the_same_version_is_refused_with_a_cure(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))
    ok("publish", "meals", "--yes")

    result = run("add", brought(izwi, "1", REWORDED))

    assert result.exit_code == 1
    assert (
        "version 1 of meals is stored already, with other content. Raise the version in the settings" in result.stderr
    )
    assert result.stderr.endswith("\nNothing was stored.\n")


def test_a_draft_that_was_mended_takes_the_place_of_the_first(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))

    assert "It takes the place of the draft with the same version" in ok("add", brought(izwi, "1", REWORDED))
    assert statuses() == {"1": "draft"}


# -- publish, retire ------------------------------------------------------------------------------------------------


def test_a_version_is_published_replaced_retired_and_published_again(service: Network, izwi: Path) -> None:
    first, second, third = (Phone(service, f"+26377000000{number}") for number in (1, 2, 3))
    ok("add", brought(izwi, "1"))
    ok("publish", "meals", "--yes")
    assert service.parts.library.refresh()
    first.dial()
    first.reply("1")

    ok("add", brought(izwi, "2", REWORDED))
    assert "1 person is answering version 1 now, and can finish it.\n" in ok("publish", "meals", "--yes")
    assert service.parts.library.refresh()
    second.dial()
    assert second.reply("1").text.startswith("How many people ate with you?")
    assert first.reply("3").final
    assert statuses() == {"1": "replaced", "2": "published"}

    said = ok("retire", "meals")
    assert said.endswith("Version 2 of meals is retired. To undo it:\n  izwi surveys publish meals --version 2\n")
    assert service.parts.library.refresh()
    assert third.dial().text == "This service is not available now."
    assert second.reply("4").final
    assert "meals  is not asked: retired" in ok()

    ok("publish", "meals", replies="y\n")
    assert service.parts.library.refresh()
    assert third.dial().text.startswith("Where did you eat?")
    assert statuses() == {"1": "replaced", "2": "published"}


def test_publishing_shows_what_changes_and_asks(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))
    ok("publish", "meals", "--yes")
    ok("add", brought(izwi, "2", REWORDED))

    said = ok("publish", "meals", replies="\n")

    assert said == (
        "meals: from version 1 (published) to version 2 (draft)\n\n"
        "  people: the label changed from “How many ate with you?” to “How many people ate with you?”\n\n"
        "Publish version 2? [Y/n]: \n"
        "Version 2 of meals is published. A running service asks it within some seconds.\n"
    )


def test_where_results_would_not_line_up_it_takes_a_yes(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))
    ok("publish", "meals", "--yes")
    ok("add", brought(izwi, "2", RENAMED))

    for replies, says in (("\n", "Nothing was published.\n"), ("", "Nobody answered, so nothing was published; --yes")):
        refused = run("publish", "meals", replies=replies)
        assert refused.exit_code == 1
        assert says in refused.stderr
        assert statuses() == {"1": "published", "2": "draft"}

    said = ok("publish", "meals", replies="y\n")

    assert (
        "Results of 1 and 2 would no longer line up:\n"
        "  places (place), work: it can no longer be chosen, so its share before and after does not compare\n"
    ) in said
    assert "Publish version 2 although results would no longer line up? [y/N]: y\n" in said
    assert statuses() == {"1": "replaced", "2": "published"}


def test_one_can_go_back(izwi: Path) -> None:
    for version in ("1", "2"):
        ok("add", brought(izwi, version, *([REWORDED] if version == "2" else [])))
        ok("publish", "meals", "--yes")

    assert "from version 2 (published) to version 1 (replaced)" in ok("publish", "meals", "--version", "1", "--yes")

    assert statuses() == {"1": "published", "2": "replaced"}


def test_what_cannot_be_published_or_retired_is_said(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))
    assert run("retire", "meals").stderr == "No version of meals is published; name one with --version.\n"
    ok("add", brought(izwi, "2"))
    assert run("publish", "meals").stderr == "There are several drafts: name one with --version (1, 2).\n"
    assert run("publish", "meals", "--version", "9").stderr == "meals has no version 9. It has: 1, 2.\n"
    assert run("publish", "nosuch").stderr == "There is no survey nosuch. There are: leave_no_one_behind, meals.\n"

    ok("retire", "meals", "--version", "2")
    assert "is retired already; nothing was changed" in ok("retire", "meals", "--version", "2")
    ok("publish", "meals", "--yes")
    assert ok("publish", "meals") == "Version 1 of meals is published already; nothing was changed.\n"
    assert statuses() == {"1": "published", "2": "retired"}


def test_one_is_told_when_nothing_starts_the_survey(izwi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IZWI_KEYWORDS")
    ok("add", brought(izwi, "1"))

    assert "Nothing starts it yet: name it in IZWI_SURVEY, IZWI_SERVICE_CODES or IZWI_KEYWORDS" in ok(
        "publish", "meals", "--yes"
    )


# -- diff, show, list -----------------------------------------------------------------------------------------------


def test_the_diff_is_from_the_published_version_to_the_draft(izwi: Path) -> None:
    for version, edits in (("1", []), ("2", [REWORDED]), ("3", [REWORDED, RENAMED])):
        ok("add", brought(izwi, version, *edits))
        if version != "3":
            ok("publish", "meals", "--yes")

    def ends(*names: str) -> tuple[str, str]:
        found = json.loads(ok("diff", "meals", *names, "--json"))
        return found["from"]["version"], found["to"]["version"]

    assert ends() == ("2", "3")
    assert ends("3") == ("2", "3")
    assert ends("2") == ("1", "2")
    assert ends("1", "3") == ("1", "3")
    assert "Nothing that people see, and nothing that is stored, is different." in ok("diff", "meals", "2", "2")


def test_the_json_of_a_diff_has_all_that_the_words_say(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))
    ok("publish", "meals", "--yes")
    ok("add", brought(izwi, "2", RENAMED))

    found: dict[str, Any] = json.loads(ok("diff", "meals", "--json"))

    assert found["lines_up"] is False
    assert [each["kind"] for each in found["changes"]] == ["choice_added", "choice_removed"]
    assert found["changes"][1] == {
        "kind": "choice_removed", "name": "places", "choice": "work", "language": "", "before": "At work", "after": "",
        "questions": ["place"], "text": "places (place): the choice work removed, “At work”",
        "warning": "it can no longer be chosen, so its share before and after does not compare",
    }  # fmt: skip
    assert found["warnings"] == [f"places (place), work: {found['changes'][1]['warning']}"]


def test_a_first_draft_has_nothing_to_be_compared_with(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))

    assert run("diff", "meals").stderr == (
        "There is nothing to compare version 1 of meals with: no other was published.\n"
    )


def test_all_versions_are_shown_with_their_dates_and_runs(service: Network, izwi: Path) -> None:
    ok("add", brought(izwi, "1"))
    ok("publish", "meals", "--yes")
    service.parts.library.refresh()
    Phone(service, "+263770000001").dial()
    ok("add", brought(izwi, "2", REWORDED))
    ok("publish", "meals", "--yes")

    lines = [line.split() for line in ok("show", "meals").splitlines()]

    assert [line[:3] for line in lines if line[0] == "version"] == [
        ["version", "1", "replaced"],
        ["version", "2", "published"],
    ]
    assert [line[0] for line in lines] == ["version", "file", "published", "runs", "version", "file", "runs"]
    assert ["runs", "1", "active"] in lines
    assert lines[1][:3] == ["file", "meals_1.md,", "brought"]


def test_the_list_names_drafts_and_what_is_not_asked(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))
    before = json.loads(ok("--json"))
    ok("publish", "meals", "--yes")
    ok("add", brought(izwi, "2", REWORDED))
    after = json.loads(ok("--json"))

    assert before["not_asked"] == [{"id": "meals", "status": "draft", "drafts": ["1"]}]
    assert after["not_asked"] == []
    assert {each["id"]: each["drafts"] for each in after["surveys"]} == {"leave_no_one_behind": [], "meals": ["2"]}
    assert "  drafts     2 (`izwi surveys diff meals`)\n" in ok()


# -- the other commands ---------------------------------------------------------------------------------------------


def test_a_draft_is_tried_by_its_id(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))
    ok("publish", "meals", "--yes")
    ok("add", brought(izwi, "2", REWORDED))

    draft = CliRunner().invoke(simulate, ["meals"], input="1\n4\n")
    published = CliRunner().invoke(simulate, ["meals", "--version", "1"], input="1\n4\n")

    assert draft.stderr == "This is version 2, draft.\n"
    assert "CON How many people ate with you?" in draft.output
    assert "CON How many ate with you?" in published.output
    assert "Stored: run completed, 2 answers" in published.output
    assert json.loads(ok("show", "meals", "--json"))["versions"][1]["runs"] == {}


def test_a_draft_of_the_survey_that_ships_is_tried_before_it(izwi: Path) -> None:
    ok("add", brought(izwi, "2099", ("| meals |", "| leave_no_one_behind |")))

    played = CliRunner().invoke(simulate, ["leave_no_one_behind"], input="1\n")
    shipped = CliRunner().invoke(simulate, ["leave_no_one_behind", "--version", "2026-11"], input="1\n")

    assert "Where did you eat?" in played.output
    assert shipped.exit_code == 1
    assert "leave_no_one_behind has no version 2026-11. It has: " in shipped.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["meals", "--save", "saved.txt"], "get it with `izwi surveys download`"),
        (["nosuch", "--version", "1"], "No version of nosuch is stored"),
        (["FILE", "--version", "1"], "A file is one version"),
    ],
)
def test_what_cannot_be_tried_is_said(izwi: Path, arguments: list[str], says: str) -> None:
    path = brought(izwi, "1")
    ok("add", path)

    result = CliRunner().invoke(simulate, [path if each == "FILE" else each for each in arguments])

    assert result.exit_code == 2
    assert says in result.stderr


def test_answers_of_a_retired_survey_can_be_exported(service: Network, izwi: Path) -> None:
    ok("add", brought(izwi, "1"))
    ok("publish", "meals", "--yes")
    service.parts.library.refresh()
    phone = Phone(service, "+263770000001")
    phone.dial()
    phone.reply("2")
    service.clock.pass_time(seconds=timedelta(days=1).total_seconds())
    ok("retire", "meals")

    result = CliRunner().invoke(export, ["answers", "--survey", "meals", "--format", "jsonl"])

    assert json.loads(result.stdout)["value_label"] == "At work"


def test_the_doctor_says_that_a_survey_is_not_asked(izwi: Path) -> None:
    ok("add", brought(izwi, "1"))

    assert "the survey meals is not asked now → `izwi surveys publish meals` asks it" in " ".join(
        CliRunner().invoke(doctor, []).output.split()
    )


def test_tables_of_an_older_izwi_are_named_and_not_read(izwi: Path, database_url: str) -> None:
    database = Database(database_url)
    schema.downgrade(database.engine, "0001_the_whole_path")
    database.close()

    result = run("show", "meals")

    assert result.exit_code == 1
    assert result.stderr.startswith("The tables are at 0001_the_whole_path, this Izwi needs ")
