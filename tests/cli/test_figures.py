"""`izwi report SURVEY`: the same figures in every format, and nothing of few people in any."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from app import main as service
from app.cli.root import main
from app.settings import Settings
from app.store import audit
from tests.reports.figures.respondents import SURVEY, complete

PEOPLE = [
    *[{"inequality": "RUR", "sex": "woman", "resources_which": "food water"}] * 60,
    *[{"inequality": "OLD", "sex": "man", "resources_which": "food"}] * 40,
    *[{"inequality": "DIS", "sex": "woman", "resources_which": "food"}] * 27,
    *[{"inequality": "LGB", "sex": "man", "resources_which": "water"}] * 13,
]


@pytest.fixture
def hub(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[service.Parts]:
    """A service with 140 respondents, thirteen of whom named a group at high risk."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    parts = service.assemble(Settings())
    parts.database.write(lambda connection: complete(connection, PEOPLE))
    yield parts
    parts.close()


def report(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", SURVEY, "--question", "inequality", *arguments])


def test_the_table_has_bars_hidden_numbers_and_what_they_mean(hub: service.Parts) -> None:
    result = report("--by", "sex")
    assert (result.exit_code, result.stderr) == (0, "")
    bars = result.stdout.partition("Answered")[0]
    lines = {line.split("  ")[1]: line for line in bars.splitlines() if line.startswith("  ")}
    assert "█" in lines["Rural communities"]
    assert "%" in lines["Rural communities"]
    assert lines["LGBT people"].endswith(" ·")
    assert "· is not shown" in result.stdout
    assert "Not a probability sample" in result.stdout


def test_all_formats_have_the_same_figures(hub: service.Parts) -> None:
    rows = list(csv.DictReader(io.StringIO(report("--by", "sex", "--format", "csv").stdout)))
    (page,) = json.loads(report("--by", "sex", "--format", "json").stdout)
    from_json = {
        (row["choice"], "; ".join(filter(None, column["group"]))): figure["n"]
        for row in page["rows"]
        for column, figure in zip(page["columns"], row["figures"], strict=True)
    }
    assert {(row["choice"], row["group"]): int(row["n"]) if row["n"] else None for row in rows} == from_json
    assert from_json["LGB", ""] is None
    assert from_json["RUR", ""] in {60, 65}


def test_the_page_runs_nothing_fetches_nothing_and_tells_who_cannot_see_it(hub: service.Parts, tmp_path: Path) -> None:
    file = tmp_path / "figures.html"
    assert report("--by", "sex", "--format", "html", "--output", str(file)).exit_code == 0
    tree = etree.HTML(file.read_text())
    assert tree.xpath("//script | //link | //img | //@src | //@href | //@onclick") == []
    assert len(tree.xpath("//svg[@role='img']/title")) == len(tree.xpath("//svg/desc")) == 1
    assert "LGBT people: not shown" in tree.xpath("string(//svg/desc)")


def test_a_picture_has_one_question(hub: service.Parts) -> None:
    picture = etree.fromstring(report("--format", "svg").stdout.encode())
    assert picture.tag.endswith("svg")
    refused = CliRunner().invoke(main, ["report", SURVEY, "--format", "svg"])
    assert "name it with --question" in refused.stderr


def test_without_a_question_there_is_an_overview(hub: service.Parts) -> None:
    result = CliRunner().invoke(main, ["report", SURVEY, "--language", "sn"])
    assert result.exit_code == 0
    assert result.stdout.count("Answered") > 8
    assert result.stdout.count("Not a probability sample") == 1


def test_what_cannot_be_shown_is_told(hub: service.Parts) -> None:
    assert "There is no colour in" in report("--by", "colour").stderr
    assert "There is no survey nothing" in CliRunner().invoke(main, ["report", "nothing"]).stderr


def test_who_looked_is_in_the_trail(hub: service.Parts) -> None:
    report()
    assert ("report figures", SURVEY) in [(each.action, each.subject) for each in hub.database.read(audit.every)]


def test_an_operator_sees_no_figures(hub: service.Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_TERMINAL_ROLE", "operator")
    assert "may not see what people answered" in report().stderr


def test_weighted_figures_say_to_what(hub: service.Parts) -> None:
    plain, weighted = report(), report("--weights", "rake")

    assert weighted.exit_code == 0, weighted.output
    assert "weighted to zimbabwe_2022" in weighted.output
    assert "weighted to" not in plain.output
