"""Who is missing, at the terminal: tables, CSV and JSON of the same figures."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import main as service
from app.cli.root import main
from app.settings import Settings
from tests.reports.missing.world import SURVEY, World

WOMAN = {"province": "ZW19", "residence": "town", "sex": "woman", "age_band": "18-24"}


@pytest.fixture
def world(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    parts = service.assemble(Settings())
    made = World(parts)
    sent = made.broadcast("voices")
    for number in range(40):
        answers = WOMAN | {"residence": "town" if number < 25 else "rural"}
        made.run(answers=answers | ({"age_band": "65+"} if number % 4 == 0 else {}))
        made.run(
            "expired", question="adult", phone=made.recipient(sent, made.phone()), locale="sn" if number < 3 else "en"
        )
    made.write()
    yield made
    parts.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def said(*arguments: str) -> str:
    found = run(*arguments)
    assert found.exit_code == 0, found.output
    return found.stdout


def test_coverage_is_a_table_with_the_words_above_it(world: World) -> None:
    shown = said("coverage", SURVEY, "--by", "residence")

    assert shown.startswith("Not a probability sample. The respondents came by themselves")
    assert "40 respondents\n" in shown
    (town,) = [line.split() for line in shown.splitlines() if line.startswith("town ")]
    assert town == ["town", "25", "62.5%", "38.6%", "1.62", "0"]


def test_weights_say_what_they_cost_and_for_whom_they_cannot_speak(world: World) -> None:
    shown = said("weights", SURVEY)

    assert "design effect (Kish)" in shown
    assert "so these are weighted as one (100.0% of the\npopulation): ZW10, ZW11" in shown


def test_response_shows_dispositions_and_rates_and_of_others_participation_only(world: World) -> None:
    broadcast, others = said("response", SURVEY).split("\nBy themselves: ")

    assert broadcast.startswith("Broadcast voices: 40 people\nA list sample:")
    assert "2.12  R      40      broke off before half of the questions" in broadcast
    assert "RR1                    0.0%" in broadcast
    assert others.startswith("40 people\nNo sample:")
    assert "RR1" not in others
    assert "completed              100.0%" in others
    assert said("response", SURVEY, "--broadcast", "voices") == broadcast


def test_the_funnel_shows_who_left_where_and_hides_few(world: World) -> None:
    whole = said("funnel", SURVEY)
    (line,) = [line.split() for line in whole.splitlines() if line.startswith("language ")]
    assert whole.startswith("40 completed, 0 under way\n")
    assert line == ["language", "story", "80", "40", "40"]

    split = said("funnel", SURVEY, "--by", "language")
    assert "language en: 40 completed, 0 under way\n" in split
    assert "language sn: 0 completed, 0 under way" in split
    assert "80" not in split  # of two sides, of which one is few, neither is shown


@pytest.mark.parametrize("command", [["coverage"], ["weights"], ["response"], ["funnel", "--by", "hour"]])
def test_every_answer_is_csv_and_json_too(world: World, tmp_path: Path, command: list[str]) -> None:
    name, *options = command
    file = tmp_path / "found.csv"

    said(name, SURVEY, *options, "--format", "csv", "--output", str(file))
    rows = list(csv.DictReader(StringIO(file.read_text())))
    document = json.loads(said(name, SURVEY, *options, "--format", "json"))

    assert rows
    assert all(None not in row and None not in row.values() for row in rows)
    assert document["survey"] == SURVEY


def test_another_population_is_taken_from_a_file(world: World, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.csv"
    file.write_text("province,sex,residence,age,population\n,,rural,,9\n,,town,,1\n")

    found = json.loads(said("coverage", SURVEY, "--margins", str(file), "--format", "json"))

    assert found["population"] == "elsewhere"
    assert [row["expected"] for row in found["tables"][0]["rows"]] == [0.9, 0.1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["coverage", "nothing"], "There is no survey nothing that anybody was asked. There are: leave_no_one_behind."),
        (["coverage", SURVEY, "--by", "sex,age"], "The population is not told by sex and age together."),
        (
            ["response", SURVEY, "--broadcast", "x"],
            "There is no broadcast x of leave_no_one_behind. There are: voices.",
        ),
    ],
)
def test_what_cannot_be_said_is_refused_with_what_helps(world: World, arguments: list[str], told: str) -> None:
    found = run(*arguments)

    assert found.exit_code == 1
    assert found.stderr.startswith(told)


def test_a_file_that_cannot_be_used_is_told(world: World, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("province,people\n")

    found = run("weights", SURVEY, "--margins", str(file))

    assert found.exit_code == 1
    assert found.stderr.startswith("The file with the population cannot be used: the columns are province")
