"""What analysts ask most is answered out of indexes, however many answers there are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app import main
from app.cli.demo import demo_data
from app.settings import Settings
from app.store.unit import Database

WIDE = "survey_leave_no_one_behind"
ONE = "0190aaaa-0000-7000-8000-000000000000"
ASKED = {
    "the answers to one question of a survey": (
        "SELECT value, count(*) FROM answers WHERE survey = 'leave_no_one_behind' AND question = 'sex' GROUP BY value",
        # PostgreSQL may look the question up in all runs at once: here they are all of this survey.
        {"answer": "uq_answer_run_id_question_position"},
    ),
    "the runs of a survey by state and time": (
        "SELECT run FROM runs WHERE survey = 'leave_no_one_behind' AND state = 'completed' AND started_at > '2026-10-30'",
        {"run": "ix_run_survey_version_id_started_at"},
    ),
    "the answers of a respondent": (
        "SELECT question, value FROM answers WHERE respondent = 'demo-x'",
        {"respondent": "uq_respondent_pseudonym", "run": "ix_run_respondent_id", "answer": "uq_answer_run_id_question_position"},
    ),
    "runs with some of their values by time": (
        f"SELECT sex, province FROM {WIDE} WHERE started_at > '2026-10-30'",
        {"run": "ix_run_survey_version_id_started_at", "answer": "uq_answer_run_id_question_position"},
    ),
    "the values of a respondent": (
        f"SELECT sex, province FROM {WIDE} WHERE respondent = 'demo-x'",
        {"respondent": "uq_respondent_pseudonym", "run": "ix_run_respondent_id", "answer": "uq_answer_run_id_question_position"},
    ),
    "the values of a run": (
        f"SELECT sex, province FROM {WIDE} WHERE run = '{ONE}'",
        {"run": "uq_run_uid", "answer": "uq_answer_run_id_question_position"},
    ),
}  # fmt: skip


@pytest.fixture
def database(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Some answers, of which the database knows how they are spread."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    parts = main.assemble(Settings())
    assert CliRunner().invoke(demo_data, ["--respondents", "300", "--until", "2026-10-31"]).exit_code == 0
    if not parts.database.sqlite:
        parts.database.write(lambda connection: connection.exec_driver_sql("ANALYZE"))
    yield parts.database
    parts.close()


def plan(database: Database, statement: str) -> list[str]:
    def explain(connection: sa.Connection) -> list[str]:
        if database.sqlite:
            return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
        connection.exec_driver_sql("SET LOCAL search_path = analysis, public")
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # so few rows are read faster without an index
        return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}")]

    return database.read(explain)


@pytest.mark.parametrize("what", ASKED)
def test_it_is_answered_out_of_indexes(database: Database, what: str) -> None:
    statement, indexes = ASKED[what]

    steps = "\n".join(plan(database, statement))

    if database.sqlite and what == "the values of a run":
        # SQLite keeps the names of runs as bytes: there all runs of the survey are looked at, and docs/data.md says so.
        indexes = {"answer": "uq_answer_run_id_question_position"}
        assert "SEARCH run USING" in steps
    if database.sqlite:
        assert "SCAN a" not in steps, steps
        assert "SCAN run" not in steps, steps
        assert "SEARCH a USING INDEX" in steps or "answer" not in indexes, steps
        assert (
            "ix_run_survey_version_id_started_at" in steps
            or "ix_run_survey_version_id_started_at" not in indexes.values()
        )
    else:
        assert {name for name in indexes.values() if name not in steps} == set(), steps
        assert "Seq Scan on answer" not in steps, steps
        assert "Seq Scan on run" not in steps, steps


def test_a_query_reads_the_columns_that_it_names_and_no_others(database: Database) -> None:
    few, many = (plan(database, f"SELECT {columns} FROM {WIDE}") for columns in ("sex", "*"))

    def lookups(steps: list[str]) -> int:
        return sum(
            "SEARCH a USING" in step or "Index Cond: ((run_id = run" in step or "Scan using uq_answer" in step
            for step in steps
        )

    assert 1 <= lookups(few) <= 2
    assert lookups(many) > 20
