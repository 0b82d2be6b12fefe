"""What is not kept: words after some days, and whose answers are whose after a survey has been closed for long enough."""

import json

import pytest

from app.gateway import versions
from app.store import retention, surveys
from app.worker.keeping import Keeping
from tests.worker.conftest import NUMBER, Post
from tests.worker.test_erasing import dial, run

STORY = "mvura iri kure"


@pytest.fixture
def keeping(post: Post) -> Keeping:
    return Keeping(post.parts.settings, post.parts.database)


def words(post: Post) -> dict[str, int]:
    """How many rows of each table still have words."""
    columns = {"inbound": "text", "outbox": "body", "turn": "screen", "session": "text"}
    return {
        table: post.rows(f"SELECT count(*) FROM {table} WHERE {column} <> ''")[0][0]
        for table, column in columns.items()
    }


def test_words_go_after_a_week_and_answers_stay(post: Post, keeping: Keeping) -> None:
    dial(post, "1", "1", "1")
    post.text("HELP")
    post.deliver()
    before = words(post)
    answers = post.rows("SELECT question, value, raw FROM answer ORDER BY id")
    assert all(before.values())

    post.clock.pass_time(days=6.9)
    keeping.empty_words(post.clock())
    assert words(post) == before
    post.clock.pass_time(days=0.2)
    keeping.empty_words(post.clock())

    assert set(words(post).values()) == {0}
    assert post.rows("SELECT question, value, raw FROM answer ORDER BY id") == answers
    assert post.rows("SELECT count(*) FROM turn WHERE typed IS NOT NULL") == [(0,)]
    removed = {each.what: each.rows for each in post.parts.database.read(retention.removed)}
    assert removed == {"inbound": 1, "outbox": 1, "session": 2, "turn": 5}
    keeping.empty_words(post.clock())
    assert {each.what: each.rows for each in post.parts.database.read(retention.removed)} == removed
    said = run(post, "retention").output
    assert "kept for 7 days" in said
    assert "removed          5 turn" in said
    assert {
        each["what"]: each["rows"] for each in json.loads(run(post, "retention", "--json").output)["removed"]
    } == removed


def test_what_comes_later_goes_later(post: Post, keeping: Keeping) -> None:
    dial(post, "1")
    post.clock.pass_time(days=4)
    dial(post, "1", session="s2")
    post.clock.pass_time(days=4)
    keeping.empty_words(post.clock())
    assert words(post)["turn"] == 2

    post.clock.pass_time(days=4)
    keeping.empty_words(post.clock())

    assert words(post)["turn"] == 0


def links(post: Post) -> list[int]:
    """Rows that join an answer to a phone, by each way there is."""
    ways = (
        "SELECT count(*) FROM run JOIN contact ON contact.id = run.contact_id",
        "SELECT count(*) FROM respondent JOIN contact ON contact.id = respondent.contact_id",
        "SELECT count(*) FROM run JOIN session ON session.run_id = run.id WHERE session.contact_id IS NOT NULL",
        "SELECT count(*) FROM turn JOIN session ON session.id = session_id WHERE turn.run_id > 0 AND contact_id > 0",
    )
    return [post.rows(each)[0][0] for each in ways]


def test_a_month_after_a_survey_was_closed_nobody_knows_whose_answers_are_whose(post: Post, keeping: Keeping) -> None:
    dial(post, "1", "2")
    for words_ in ("IZWI", "2", "2 "):
        post.text(words_)
    exported = run(post, "export", "answers").output
    assert all(links(post))
    database = post.parts.database
    (version,) = database.read(lambda connection: surveys.of_survey(connection, "leave_no_one_behind"))
    versions.retire(database, version, post.clock())

    post.clock.pass_time(days=29)
    keeping.cut_links(post.clock())
    assert all(links(post))
    post.clock.pass_time(days=2)
    keeping.cut_links(post.clock())

    assert links(post) == [0, 0, 0, 0]
    assert run(post, "export", "answers").output == exported
    assert run(post, "erase", "--yes", given=f"{NUMBER}\n").exit_code == 0
    assert run(post, "export", "answers").output == exported


def test_a_survey_that_is_asked_keeps_its_links(post: Post, keeping: Keeping) -> None:
    dial(post, "1", "2")
    post.clock.pass_time(days=400)

    keeping.cut_links(post.clock())

    assert all(links(post))
