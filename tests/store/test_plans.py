"""What is asked of the database all the time is answered out of an index, on a table of any size."""

import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from app.store import answers, contacts, exports, flags, outbox, recipients, reports, runs, sessions
from app.store.unit import Database
from tests.submissions import store_submissions

ALL_THE_TIME = {
    "the runs under way on some phones": runs._ACTIVE,
    "how many people answered on some phones": contacts._POSITIONS,
    "the numbers of some phones": contacts._NUMBERS,
    "sessions with their runs": sessions._FIND,
    "what is due": outbox._DUE,
    "what is due of some broadcasts": outbox._DUE_OF_BROADCASTS,
    "claiming": outbox._CLAIM,
    "what an attempt still holds": outbox._HELD,
    "replies to one phone": outbox._REPLIES,
    "the messages that reports are about": reports._MESSAGES,
    "reports that are there": reports._KEPT,
    "who is due in a broadcast": recipients._DUE,
    "who is under way on some phones": recipients._UNDER_WAY,
    "the runs of a survey on some phones": recipients._RUNS_SINCE,
    "the typed answers of some runs": flags._ANSWERS,
    "phones whose numbers are beside each other": flags._NEAR,
    "the completed runs on some phones": flags._COMPLETED,
    "runs in which the same was chosen": flags._ALIKE,
    "answers with the flags of their runs": answers._EXPORT,
    "the answers of some runs, to be given out": exports._ANSWERS,
    "the same with all that is known of them": exports._IN_FULL,
    "the last invitation of a phone": recipients._INVITATION,
}
# Lists that are written out when a statement is run.
LISTS = {"kind": "'reply', 'help'", "hashes": "?, ?", "aggregate_strings": "' '"}


@pytest.mark.parametrize("what", ALL_THE_TIME)
def test_no_table_is_read_from_end_to_end(sqlite_template: Path, what: str) -> None:
    statement: Any = ALL_THE_TIME[what]
    text = str(statement.compile(dialect=sqlite.dialect()))
    text = re.sub(r"__\[POSTCOMPILE_([a-z_]+?)(_\d+)?\]", lambda found: LISTS[found[1]], text)
    connection = sqlite3.connect(f"file:{sqlite_template}?mode=ro", uri=True)
    plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + text, [None] * text.count("?"))]
    connection.close()

    scans = [step for step in plan if step.startswith("SCAN") and "json_each" not in step and "USING" not in step]
    assert scans == [], plan


def test_a_list_of_keys_is_looked_up_key_by_key(sqlite_template: Path) -> None:
    """With `= 1` behind the list, as SQLAlchemy writes truths for SQLite, every row would be looked at."""
    engine = sa.create_engine(f"sqlite:///{sqlite_template}")
    with engine.connect() as connection:
        text = str(runs._ACTIVE.compile(engine))
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + text, ("[1]",)).all()
    engine.dispose()

    assert any("SEARCH run USING" in row[3] for row in plan), plan


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (flags._ALIKE, "ix_record_vector"),
        (flags._ANSWERS, "uq_answer_run_id_question_position"),
        (flags._COMPLETED, "ix_run_contact_id"),
    ],
)
def test_postgresql_judges_runs_out_of_indexes_too(fresh_postgres: str, statement: Any, index: str) -> None:
    """Its tables are small here, so it is told to read none from end to end where it can do otherwise."""
    database = Database(fresh_postgres)
    store_submissions(database, "leave_no_one_behind", [datetime(2026, 1, 1, tzinfo=UTC)] * 300)
    engine = database.engine
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.exec_driver_sql("SET enable_seqscan = off")
        text = str(statement.compile(engine, compile_kwargs={"render_postcompile": True}))
        given = {
            "runs": [1],
            "contacts": [1],
            "own": [1],
            "since": datetime(2026, 1, 1, tzinfo=UTC),
            "param_1": 1,
            "state_1": "completed",
            "mode_1": "facilitator",
        }
        plan = "\n".join(row[0] for row in connection.exec_driver_sql("EXPLAIN " + text, given))
    database.close()

    assert index in plan, plan
    assert "Seq Scan" not in plan
