"""`izwi check` and `izwi surveys`, as someone uses them who brings an Excel file and has never programmed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import main
from app.cli.forms import check
from app.cli.surveys import surveys
from app.settings import Settings
from tests.forms import FORMS

HARD = str(FORMS / "hard_to_read.md")
TARIFF = str(Path(__file__).parents[2] / "docs" / "tariff.csv")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(check, list(arguments))


def findings(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("--json", *arguments).stdout)["findings"]
    return found


def told(name: str, language: str = "") -> list[str]:
    return [each["problem"] for each in findings(HARD) if (each["name"], each["language"]) == (name, language)]


@pytest.fixture
def izwi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory of the test's own."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


def test_the_survey_that_ships_has_nothing_wrong() -> None:
    result = run("leave_no_one_behind", "--strict")

    assert result.exit_code == 0
    assert result.stdout.startswith("Leave No One Behind (leave_no_one_behind, version ")
    assert result.stdout.endswith("Nothing is wrong: it can be asked as it is.\n")


def test_a_form_with_every_type_is_drawn_and_what_is_left_out_is_told() -> None:
    path = str(FORMS / "clinic.md")

    assert [each["name"] for each in findings(path)] == ["phone", "photo"]
    shown = run(path).stdout
    assert "│ (1 to 10)\n" in shown
    assert "│ (zonke izinombolo ngohlelo lwenu)\n  │ ? Usizo\n" in shown
    assert "photo" not in shown.partition("Worth a look")[0]


def test_every_screen_is_drawn_with_its_room_and_its_sms() -> None:
    shown = run(str(FORMS / "household.md")).stdout

    assert "═══ Shona (sn) ═══" in shown
    assert (
        "agree below welcome\n"
        "  ┌──────────────────────────────────────────────\n"
        "  │ Welcome. This takes five minutes.\n"
        "  │ Do you agree to take part?\n"
        "  │ 1 Yes\n"
        "  │ 2 No\n"
        "  │ 88 Back\n"
        "  └ 79 of 160 septets\n"
        "    as SMS: 71 characters, 1 part\n"
    ) in shown
    assert "district\n" in shown
    assert "│ Which district of Mashonaland West?\n  │ 1 Kariba\n  │ 2 Chegutu\n" in shown


def test_all_pages_of_a_long_question_are_drawn() -> None:
    shown = run(HARD).stdout

    pages = [shown.find(f"page {number} of 3") for number in (1, 2, 3)]
    assert -1 < pages[0] < pages[1] < pages[2]
    assert "5 To sell, or for a trade such as bricks" in shown


def test_a_broken_form_ends_with_status_1_and_says_how_to_mend_it() -> None:
    result = run(str(FORMS / "broken" / "lists.md"))

    assert result.exit_code == 1
    assert result.stdout.startswith("\nIt cannot be asked as it is:\n")
    assert "  survey, row 2, a: there is no choice list yesno. Is it yes_no?\n" in result.stdout
    assert result.stdout.endswith("\n7 errors: it cannot be asked.\n")


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--strict"], 1)])
def test_a_warning_is_no_error_unless_one_is_strict(arguments: list[str], status: int) -> None:
    result = run(HARD, "--brief", *arguments)

    assert result.exit_code == status
    assert result.stdout.endswith("14 warnings: it can be asked.\n")
    assert "┌" not in result.stdout


@pytest.mark.parametrize(
    ("name", "language", "problem"),
    [
        ("water", "Ndebele (nd)", "there is no hint in this language; people see the one in English (en)"),
        ("why", "", "water is compared with 'nope', which is none of its choices"),
        ("why", "", "nobody will see this: its condition is never true"),
        ("why", "Ndebele (nd)", "there is no label in this language; people see the one in English (en)"),
        ("never", "", "nobody will see this: its condition is never true"),
        ("uses", "", "nobody will see this: its condition is never true"),
        ("uses", "Ndebele (nd)", "there is no constraint_message in this language; people see the one in English (en)"),
        ("uses", "English (en)", "on a dialled menu it takes 3 pages"),
        ("ward", "", "there are 25 choices to page through"),
        ("street", "English (en)", "GSM-7 phones do not have 🚰 (potable water symbol), so a page holds half as much"),
        ("most", "", "its choice_filter never leaves a choice"),
        ("late", "", "nobody will see this: the note done before it always ends the survey"),
        ("yes_no no", "Ndebele (nd)", "there is no label in this language; people see the one in English (en)"),
    ],
)
def test_what_should_be_looked_at_is_told(name: str, language: str, problem: str) -> None:
    assert problem in told(name, language)


def test_what_can_be_seen_is_not_called_unseen() -> None:
    unseen = {each["name"] for each in findings(HARD) if "nobody will see this" in each["problem"]}

    assert unseen == {"why", "never", "uses", "late"}


LOOK = str(FORMS / "worth_a_look.md")


@pytest.mark.parametrize(
    ("name", "language", "problem"),
    [
        ("age", "Shona (sn)", "its label lacks ${name}, 18 and has 16, unlike the one in English (en)"),
        ("age", "", "no answer ever satisfies its constraint"),
        ("", "", "INFO does not tell who asks, why, how long answers are kept, and whom to complain to"),
        ("", "", "nobody is screened out, so children may be asked"),
        ("ill", "Shona (sn)",
         "its label lacks https://example.org/a and has https://example.org/b, unlike the one in English (en)"),
        ("places away", "Shona (sn)", "its label lacks 5 and has 15, unlike the one in English (en)"),
        ("places nowhere", "", "no choice_filter ever lets it through (see where)"),
    ],
)  # fmt: skip
def test_words_that_differ_and_questions_that_give_away_are_told(name: str, language: str, problem: str) -> None:
    found = findings(LOOK)

    assert problem in [each["problem"] for each in found if (each["name"], each["language"]) == (name, language)]
    assert len(found) == 8  # and that nobody sees note_to_us


def test_nothing_is_said_of_messages_where_people_only_dial() -> None:
    shown = json.loads(run("--json", "--channel", "ussd", LOOK).stdout)["screens"]

    assert {each["channel"] for each in shown} == {"ussd"}
    assert "as SMS" not in run("--channel", "ussd", LOOK).stdout
    assert "How long it is:" in run("--channel", "sms", LOOK).stdout


def test_the_length_is_told_for_each_language_with_its_cost() -> None:
    shown = run("leave_no_one_behind", "--brief", "--tariff", TARIFF).stdout

    assert "English (en)  at most  18         25     13       about 5   13        20         USD 0.25" in shown
    assert "Ndebele (nd)  typical  17 " in shown
    assert "Prices: tariff.csv." in shown
    assert "cost" not in run("leave_no_one_behind", "--brief").stdout.partition("How long")[2]


def test_the_pace_and_the_prices_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_TARIFF", TARIFF)
    monkeypatch.setenv("IZWI_SCREEN_SECONDS", "10")
    monkeypatch.setenv("IZWI_USSD_SECONDS", "120")

    longest = json.loads(run("--json", "leave_no_one_behind").stdout)["lengths"][0]

    assert longest == {
        "language": "en", "way": "at_most", "questions": 18, "pages": 25, "seconds": 250, "sessions": 3,
        "messages": 13, "parts": 20,
        "costs": [
            {"operator": "any in Zimbabwe", "channel": "ussd", "currency": "USD", "amount": "0.15"},
            {"operator": "any in Zimbabwe", "channel": "sms", "currency": "USD", "amount": "1.100"},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot be read"), ("operator\n", "cannot be used: line 1: there is no column prefix, channel")],
)
def test_a_tariff_that_cannot_be_used_is_told(tmp_path: Path, content: str | None, problem: str) -> None:
    file = tmp_path / "prices.csv"
    if content is not None:
        file.write_text(content)

    result = run("leave_no_one_behind", "--tariff", str(file))

    assert result.exit_code == 2
    assert problem in result.stderr


def test_the_page_has_everything_and_needs_nothing(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    result = run(LOOK, "--html", str(file), "--tariff", TARIFF)
    page = file.read_text(encoding="utf-8")

    assert result.exit_code == 0
    assert result.stdout.endswith(f"8 warnings: it can be asked.\nThe page is in {file}.\n")
    assert "<title>Worth a &lt;look&gt;: izwi check</title>" in page
    assert " No, &lt;b&gt;not&lt;/b&gt; I" in page
    assert '<a href="#q-ill">survey, row 5, ill</a>' in page
    assert '<article class="question" id="q-ill">' in page
    assert '<th scope="row">Shona (sn)</th>' in page
    assert '<td data-head="cost USSD">USD 0.05</td>' in page
    assert 'lang="sn"><figure class="phone"><p class="shown">Tokudanai kuti ani?' in page.replace(
        "\n<figure", "<figure"
    )
    assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\(|<(?!a )\w+[^>]*\bhref=", page)


def test_a_page_is_written_for_a_form_that_cannot_be_asked(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    result = run(str(FORMS / "broken" / "lists.md"), "--html", str(file))

    assert result.exit_code == 1
    assert "there is no choice list yesno" in file.read_text(encoding="utf-8")
    assert run(LOOK, "--html", str(tmp_path / "nowhere" / "page.html")).exit_code == 2


def test_findings_come_in_the_order_of_the_file() -> None:
    places = [(each["sheet"], each["row"]) for each in findings(HARD)]

    assert places == sorted(places, key=lambda place: (place[0] != "survey", place[1]))
    assert places[-1] == ("choices", 3)


def test_the_json_keeps_its_shape() -> None:
    result = json.loads(run("--json", str(FORMS / "plain.md")).stdout)
    broken = json.loads(run("--json", str(FORMS / "broken" / "circles.md")).stdout)

    assert set(result) == set(broken)
    assert {key: result[key] for key in ("survey", "version", "languages", "questions", "ok", "findings")} == {
        "survey": "plain", "version": "1", "languages": {"en": "English"}, "questions": 2, "ok": True, "findings": [],
    }  # fmt: skip
    assert result["screens"][0] == {
        "name": "water", "notes": [], "end": False, "language": "en", "channel": "ussd", "parts": 1,
        "pages": [
            {"text": "Is clean water near?\n1 Yes\n2 No\n0 Skip", "encoding": "GSM-7", "units": 38, "outside": ""}
        ],
    }  # fmt: skip
    assert (broken["survey"], broken["ok"], broken["screens"]) == (None, False, [])
    assert set(broken["findings"][0]) == {"severity", "sheet", "row", "name", "language", "problem", "cure"}


def test_every_drawn_page_fits_its_room() -> None:
    for name in ("household.md", "plain.md", "hard_to_read.md"):
        for screen in json.loads(run("--json", str(FORMS / name)).stdout)["screens"]:
            rooms = {"ussd": {"GSM-7": 160, "UCS-2": 80}, "sms": {"GSM-7": 459, "UCS-2": 201}}
            for page in screen["pages"]:
                assert page["units"] <= rooms[screen["channel"]][page["encoding"]], screen


def test_a_survey_that_is_not_there_is_told_with_those_that_are() -> None:
    result = run("nosuch")

    assert result.exit_code == 1
    assert result.stderr.startswith(
        "There is no file nosuch, and no such survey ships with Izwi; there are: leave_no_one"
    )


def test_without_a_database_one_is_told_how_to_make_it(izwi: Path) -> None:
    result = CliRunner().invoke(surveys)

    assert result.exit_code == 1
    assert result.stderr == "There is no database yet: `izwi serve` or `izwi migrate` makes it.\n"
    assert not (izwi / "izwi.db").exists()


def test_surveys_are_listed_with_what_starts_them_and_their_runs(izwi: Path) -> None:
    parts = main.assemble(Settings(data_dir=izwi, channel="simulated"))
    parts.close()

    result = CliRunner().invoke(surveys)
    listed = json.loads(CliRunner().invoke(surveys, ["--json"]).stdout)["surveys"]

    assert "  languages  English (en), Shona (sn), Ndebele (nd)\n" in result.stdout
    assert "  started by any other service code, IZWI\n  runs       none yet\n" in result.stdout
    assert [each["id"] for each in listed] == ["leave_no_one_behind"]
    assert listed[0]["questions"] == 18
    assert listed[0]["runs"] == {}


@pytest.mark.parametrize("path", sorted(FORMS.glob("*.md")), ids=lambda path: path.stem)
def test_every_form_of_the_tests_can_be_looked_over_and_drawn(path: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"

    said = run(str(path), "--brief", "--html", str(page))

    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
