"""Submissions in their order: the next page is found by an index, whatever else there is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from app import main
from app.store import submissions, surveys
from app.store.submissions import Key
from tests.submissions import store_submissions

FIRST = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("after", [None, Key(FIRST + timedelta(minutes=5), 3)])
def test_a_page_is_found_by_the_index_that_is_in_their_order(parts: main.Parts, after: Key | None) -> None:
    store_submissions(parts.database, "leave_no_one_behind", [FIRST + timedelta(minutes=each) for each in range(40)])
    survey_id = parts.database.read(surveys.ids)["leave_no_one_behind"]
    plans: list[str] = []

    @event.listens_for(parts.database.engine, "before_cursor_execute", retval=True)
    def _explain(connection: sa.Connection, cursor: Any, statement: str, given: Any, *_: Any) -> tuple[str, Any]:
        if statement.startswith("SELECT run.id AS run_id"):
            if not parts.database.sqlite:
                cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
            cursor.execute(f"EXPLAIN {'QUERY PLAN ' if parts.database.sqlite else ''}{statement}", given)
            plans.append("\n".join(str(row) for row in cursor.fetchall()))
        return statement, given

    found = list(submissions.every(parts.database, survey_id, after=after))

    assert len(found) == (5 if after else 40)
    assert plans
    assert all("ix_run_completed" in plan for plan in plans), plans
    assert not any("TEMP B-TREE" in plan or "Sort" in plan for plan in plans), plans
