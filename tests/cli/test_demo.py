"""`izwi demo-data`: simulated respondents that come again, are told apart, and go without a trace."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import main
from app.cli.demo import demo_data
from app.cli.handset import Network
from app.gateway.demo import crowd
from app.gateway.demo.plan import Plan, pseudonym
from app.gateway.library import Library
from app.gateway.recording import Recording
from app.models import metadata
from app.settings import Settings
from tests.conftest import Clock
from tests.phone import Phone
from tests.reports.test_answers import PATH

NOW = datetime(2026, 11, 28, tzinfo=UTC)
SURVEYS = Path(__file__).parents[1] / "surveys"
SAID = "answer.question, answer.position, answer.value, answer.raw, answer.medium, answer.answered_at"
PEOPLE = "answer JOIN run ON run.id = answer.run_id JOIN respondent ON respondent.id = run.respondent_id"

ALWAYS = "4a60df4f41e9ceb1b060e07015292d87bf867aa24ed190d38824befbb2c1ad3c"


@pytest.fixture
def parts(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[main.Parts]:
    """A service that two real people have answered, and an environment for commands."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    made = main.assemble(Settings(), [*SURVEYS.glob("market.md"), *SURVEYS.glob("shared.md")])
    network = Network(made, Clock())
    for number, replies in ((1, (*PATH, "We walk far.")), (2, ("1", "2"))):
        phone = Phone(network, f"+26377000000{number}")
        phone.dial()
        phone.replies(*replies)
    yield made
    made.close()


def simulate(*arguments: str) -> Result:
    return CliRunner().invoke(demo_data, ["--respondents", "60", "--until", "2026-10-31", *arguments])


def rows(parts: main.Parts, statement: str) -> list[tuple[Any, ...]]:
    return parts.database.read(lambda connection: [tuple(row) for row in connection.execute(sa.text(statement))])


def everything(parts: main.Parts) -> dict[str, list[str]]:
    """All rows of all tables but the trail, which says that it was done."""

    def look(connection: sa.Connection) -> dict[str, list[str]]:
        tables = [table for table in metadata.sorted_tables if table.name != "audit"]
        return {table.name: sorted(str(tuple(row)) for row in connection.execute(sa.select(table))) for table in tables}

    return parts.database.read(look)


def test_the_same_seed_makes_the_same_people_again(parts: main.Parts) -> None:
    said = f"SELECT respondent.pseudonym, {SAID} FROM {PEOPLE} WHERE pseudonym LIKE 'demo-%' ORDER BY 1, 2, 3"
    ends = "SELECT uid, state, reason, question, started_at, ended_at, memory FROM run ORDER BY uid"
    assert simulate().exit_code == 0
    first, ended = rows(parts, said), rows(parts, ends)
    simulate("--remove")

    assert simulate().exit_code == 0

    assert rows(parts, said) == first
    assert rows(parts, ends) == ended
    assert len(first) > 300


def test_a_seed_makes_the_people_that_it_has_always_made(parts: main.Parts) -> None:
    simulate("--survey", "market")

    ends = "SELECT pseudonym, state, reason, question, locale FROM run JOIN respondent ON respondent.id = respondent_id"
    found = [
        *rows(parts, f"SELECT respondent.pseudonym, {SAID} FROM {PEOPLE} WHERE pseudonym LIKE 'demo-%'"),
        *rows(parts, f"{ends} WHERE pseudonym LIKE 'demo-%'"),
    ]
    # Each database writes a moment in its own way: the same to the second.
    plain = sorted([str(each)[:19].replace("T", " ") for each in row] for row in found)
    assert sha256(repr(plain).encode()).hexdigest() == ALWAYS


def test_it_is_the_same_whether_one_process_makes_them_or_several(parts: main.Parts, tmp_path: Path) -> None:
    library = Library(parts.database)
    library.refresh()
    plan = Plan("market", 450, 7, datetime(2026, 11, 1, tzinfo=UTC), 30)
    settings = Settings(data_dir=tmp_path, database_url=parts.settings.database, channel="simulated")
    version = library.newest("market")
    assert version is not None
    made = [
        list(chain.from_iterable(crowd.simulated(settings, library, plan, version.version_id, 1, processes=count)))
        for count in (1, 2)
    ]

    assert made[0] == made[1]
    assert [each.pseudonym for each in made[0]] == [pseudonym(plan, number) for number in range(450)]


def test_a_process_more_is_begun_where_it_has_enough_to_do() -> None:
    assert [crowd.processes_for(count, 4) for count in (1, 2000, 4000, 7999, 8000, 100_000)] == [1, 1, 2, 3, 4, 4]


def test_removing_them_leaves_everything_as_it_was(parts: main.Parts) -> None:
    before = everything(parts)
    assert simulate().exit_code == 0
    assert Recording(parts.settings, parts.database, Library(parts.database), parts.keys).make_all(NOW) == 0
    assert len(everything(parts)["record"]) > 20

    result = simulate("--remove")

    assert result.stdout == "60 simulated respondents were removed.\n"
    after = everything(parts)
    for table in ("record", "flag"):  # the real ones' were made too
        after[table] = before[table]
    assert after == before
    assert simulate("--remove").stdout == "There are no simulated respondents.\n"


def test_they_are_marked_and_have_no_phone(parts: main.Parts) -> None:
    simulate()

    assert rows(parts, "SELECT count(*) FROM respondent WHERE pseudonym LIKE 'demo-%' AND contact_id IS NULL") == [
        (60,)
    ]
    assert rows(parts, "SELECT count(*) FROM contact") == [(2,)]
    channels = (
        "SELECT DISTINCT name FROM channel JOIN session ON session.channel_id = channel.id WHERE contact_id IS NULL"
    )
    assert rows(parts, channels) == [("demo",)]


def test_they_end_in_every_way_and_come_by_both_media(parts: main.Parts) -> None:
    simulate("--respondents", "200")

    states = {state for (state,) in rows(parts, "SELECT DISTINCT state FROM run")}
    assert states >= {"completed", "declined", "expired", "screened_out"}
    media = dict(rows(parts, "SELECT medium, count(DISTINCT run_id) FROM session GROUP BY medium"))
    assert media["ussd"] > media["sms"] > 20
    (several,) = rows(
        parts, "SELECT count(*) FROM (SELECT run_id FROM session GROUP BY run_id HAVING count(*) > 1) AS s"
    )
    assert several[0] > 10
    lost = "SELECT count(*) FROM answer JOIN run ON run.id = answer.run_id WHERE run.state = 'screened_out'"
    assert rows(parts, lost) == [(0,)]


def test_who_lives_where_is_as_in_the_census(parts: main.Parts) -> None:
    simulate("--respondents", "400")

    found = dict(
        rows(
            parts, "SELECT value, count(*) FROM answer WHERE question = 'province' AND value LIKE 'ZW%' GROUP BY value"
        )
    )
    assert found["ZW19"] > 2 * found["ZW10"]  # Harare and Bulawayo have 16 and 4 of 100 people


@pytest.mark.parametrize("survey", ["market", "shared"])
def test_other_surveys_can_be_simulated_too(parts: main.Parts, survey: str) -> None:
    result = simulate("--survey", survey)

    assert result.stdout.startswith(f"60 simulated respondents of {survey} are there")
    ends = "SELECT name, state, count(*) FROM run JOIN survey ON survey.id = run.survey_id GROUP BY name, state"
    assert {(name, state): count for name, state, count in rows(parts, ends)}[survey, "completed"] > 5


def test_the_same_seed_is_not_taken_twice(parts: main.Parts) -> None:
    simulate()

    again = simulate()

    assert (again.exit_code, "Simulated respondents of seed 1 are there already" in again.stderr) == (1, True)
    assert simulate("--seed", "2").exit_code == 0
    assert rows(parts, "SELECT count(*) FROM respondent WHERE pseudonym LIKE 'demo-%'") == [(120,)]


def test_a_live_service_has_to_be_forced(parts: main.Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_PRODUCTION", "true")

    refused = simulate()

    assert (refused.exit_code, "--even-in-production" in refused.stderr) == (1, True)
    assert rows(parts, "SELECT count(*) FROM run") == [(2,)]
    assert simulate("--even-in-production").exit_code == 0


def test_an_unknown_survey_is_told(parts: main.Parts) -> None:
    result = simulate("--survey", "unheard_of")

    assert result.exit_code == 1
    assert "There is no published survey unheard_of. There are: leave_no_one_behind, market, shared." in result.stderr
