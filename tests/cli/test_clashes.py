"""Words that would begin two surveys by SMS, as `izwi surveys add`, `publish` and `izwi doctor` tell them."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app import main
from app.cli.doctor import doctor
from app.cli.forms import check
from app.cli.surveys import surveys
from app.gateway.clashes import clashes
from app.settings import Settings

FORM = """\
| survey | type | name | label | compact_tag |
|---|---|---|---|---|
| | integer | people | How many are you? | p |
| settings | form_id | version | prefix |
| | {survey} | 1 | {prefix} |
"""
SAME = "barns and wells have the same prefix {}, and barns gets every record"
TWICE = SAME.format("WP")


@pytest.fixture
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to bring forms from; the survey `wells` is published with the prefix WP."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    main.assemble(Settings(survey="wells"), []).close()
    ok("add", written(tmp_path, "wells", "WP"))
    ok("publish", "wells", "--yes")
    return tmp_path


def written(folder: Path, survey: str, prefix: str) -> str:
    path = folder / f"{survey}.md"
    path.write_text(FORM.format(survey=survey, prefix=prefix))
    return str(path)


def ok(*arguments: str) -> str:
    result = CliRunner().invoke(surveys, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_prefix_that_another_survey_has_is_told_when_it_is_brought_and_published(folder: Path) -> None:
    mend = "To mend it, give one of them another prefix in its settings sheet."
    assert f"SMS: {SAME.format('wp')}. {mend}\n" in ok("add", written(folder, "barns", "wp"))
    assert f"SMS: {SAME.format('wp')}. {mend}\n" in ok("publish", "barns", "--yes")
    assert SAME.format("wp") in " ".join(CliRunner().invoke(doctor, []).output.split())


def test_nothing_is_said_of_other_prefixes_and_of_the_survey_itself(folder: Path) -> None:
    assert "SMS:" not in ok("add", written(folder, "barns", "BN"))
    assert "SMS:" not in ok("publish", "barns", "--yes")
    assert "SMS:" not in ok("add", written(folder, "none", ""))
    assert "prefix" not in CliRunner().invoke(doctor, []).output


def test_a_prefix_that_is_a_keyword_of_another_survey_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_KEYWORDS", '{"wp": "wells", "barn": "wells"}')

    said = ok("add", written(folder, "barns", "BARN"))

    assert "SMS: the prefix BARN of barns is a keyword of wells, which gets such a message." in said
    assert "WP" not in said, "a survey's own keyword may be its prefix"


@pytest.mark.parametrize(
    ("keywords", "prefixes", "problems"),
    [
        ({}, {"wells": "WP", "barns": "WP"}, [TWICE]),
        ({}, {"wells": "WP", "barns": "WPX"}, []),
        ({"WP": "wells"}, {"wells": "WP"}, []),
        ({"Meals": "meals", "MEALS": "food"}, {}, ["the keywords Meals and MEALS are one, and begin food, not meals"]),
        ({"Meals": "meals", "MEALS": "meals"}, {}, []),
        ({"wp": "meals"}, {"wells": "WP."}, ["the prefix WP. of wells is a keyword of meals, which gets such a message"]),
    ],
)  # fmt: skip
def test_what_clashes(keywords: dict[str, str], prefixes: dict[str, str], problems: list[str]) -> None:
    settings = Settings(survey="wells", keywords=keywords)

    assert [each.problem for each in clashes(settings, prefixes)] == problems


def test_a_tag_in_a_repeat_is_told(tmp_path: Path) -> None:
    path = tmp_path / "roster.md"
    path.write_text(
        "| survey | type | name | label | compact_tag |\n| | text | village | Village? | v |\n"
        "| | begin_repeat | child | Child | |\n| | text | called | Name? | c |\n| | end_repeat | | | |\n"
        "| settings | form_id | prefix |\n| | roster | HH |\n"
    )

    said = CliRunner().invoke(check, [str(path), "--brief"]).output

    assert (
        "survey, row 4, called: a record by SMS cannot answer it: it is in the repeat child. "
        "Take the compact_tag c out; she is asked it after her record." in said
    )
    assert "village: a record" not in said
