"""The migration that gives versions their statuses, with surveys, runs and answers in the tables; up and down."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from app.store import schema
from app.store.unit import Database

BEFORE, AFTER = "0002_room_to_change", "0003_statuses_of_versions"
AT = "2026-11-01T08:00:00.000000Z"


def put(connection: sa.Connection, table: str, **values: object) -> None:
    found = sa.Table(table, sa.MetaData(), autoload_with=connection)
    uid = {"uid": values["id"].to_bytes(16) if connection.dialect.name == "sqlite" else f"{values['id']:032x}"}  # type: ignore[attr-defined]
    connection.execute(found.insert().values(uid | values if "uid" in found.c else values))


def fill(connection: sa.Connection) -> None:
    """Two surveys of three and two versions, and a run with an answer on the oldest version of the first."""
    at = AT if connection.dialect.name == "sqlite" else sa.func.cast(AT, sa.DateTime(timezone=True))
    for survey, name in ((91, "first"), (92, "second")):
        put(connection, "survey", id=survey, name=name, created_at=at)
    statuses = [
        (101, 91, "published"),
        (102, 91, "published"),
        (103, 91, "draft"),
        (104, 92, "published"),
        (105, 92, "retired"),
    ]
    for version, survey, status in statuses:
        put(
            connection, "survey_version", id=version, survey_id=survey, version=str(version), title="", digest=f"{version}",
            filename="a.md", source=b"a", xform="<a/>", status=status, created_at=at,
        )  # fmt: skip
    put(connection, "respondent", id=1, pseudonym="a", contact_id=None, survey_id=91, position=1, created_at=at)
    put(
        connection, "run", id=1, contact_id=None, respondent_id=1, survey_id=91, survey_version_id=101, state="active",
        reason="", question="water", locale="en", memory="{}", revision=1, started_at=at, touched_at=at, ended_at=None,
    )  # fmt: skip
    put(
        connection, "answer", id=1, run_id=1, question="water", position="", value="yes", raw="1", locale="en", channel_id=1,
        medium="ussd", attempts=1, choice_order=None, asked_at=at, answered_at=at, set_aside_at=None,
    )  # fmt: skip


def rows(database: Database, statement: str) -> Sequence[Any]:
    return database.read(lambda connection: [tuple(row) for row in connection.exec_driver_sql(statement)])


def statuses(database: Database) -> dict[int, str]:
    return dict(rows(database, "SELECT id, status FROM survey_version WHERE survey_id > 90"))


@pytest.fixture
def database(database_url: str) -> Any:
    made = Database(database_url)
    schema.downgrade(made.engine, BEFORE)
    made.write(fill)
    yield made
    made.close()


def test_only_the_newest_published_version_stays_published(database: Database) -> None:
    schema.upgrade(database.engine, AFTER)

    assert statuses(database) == {101: "replaced", 102: "published", 103: "draft", 104: "published", 105: "retired"}
    never = "SELECT id FROM survey_version WHERE published_at IS NULL AND survey_id > 90"
    assert rows(database, never) == [(103,)]
    assert rows(database, "SELECT count(DISTINCT change) - count(*) FROM survey_version") == [(0,)]
    assert rows(database, "SELECT count(*) FROM survey_version WHERE changed_at <> created_at") == [(0,)]


def test_runs_and_answers_stay(database: Database) -> None:
    schema.upgrade(database.engine, AFTER)
    assert rows(database, "SELECT survey_version_id, question FROM run") == [(101, "water")]
    assert rows(database, "SELECT value FROM answer") == [("yes",)]

    schema.downgrade(database.engine, BEFORE)
    assert rows(database, "SELECT survey_version_id, question FROM run") == [(101, "water")]
    assert rows(database, "SELECT value FROM answer") == [("yes",)]


def test_taken_back_the_older_izwi_asks_what_was_asked(database: Database) -> None:
    schema.upgrade(database.engine, AFTER)
    schema.downgrade(database.engine, BEFORE)

    assert statuses(database) == {101: "published", 102: "published", 103: "draft", 104: "published", 105: "retired"}


def test_taken_back_a_version_that_was_withdrawn_is_not_asked(database: Database) -> None:
    schema.upgrade(database.engine, AFTER)
    for version, status in ((102, "replaced"), (101, "published"), (104, "replaced")):
        statement = sa.text(f"UPDATE survey_version SET status = '{status}' WHERE id = {version}")
        database.write(lambda connection, each=statement: connection.execute(each))

    schema.downgrade(database.engine, BEFORE)

    assert statuses(database) == {101: "published", 102: "retired", 103: "draft", 104: "retired", 105: "retired"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE survey_version SET status = 'nonsense' WHERE id = 101",
        "UPDATE survey_version SET status = 'published' WHERE id = 101",  # beside 102
        "UPDATE survey_version SET change = 102 WHERE id = 101",
        "UPDATE survey_version SET changed_at = NULL WHERE id = 101",
        "UPDATE survey_version SET survey_id = 93 WHERE id = 101",
    ],
)
def test_the_database_refuses_what_cannot_be(database: Database, change: str) -> None:
    schema.upgrade(database.engine, AFTER)

    with pytest.raises(sa.exc.IntegrityError):
        database.write(lambda connection: connection.execute(sa.text(change)))


def test_a_new_table_and_a_changed_one_are_the_same(database: Database) -> None:
    """Kept apart from the comparison with the models, which looks at neither CHECKs nor partial indexes."""
    schema.upgrade(database.engine)
    inspector = sa.inspect(database.engine)

    (check,) = inspector.get_check_constraints("survey_version")
    assert check["name"] == "ck_survey_version_status_known"
    assert "'replaced'" in str(check["sqltext"])
    published = next(
        each for each in inspector.get_indexes("survey_version") if each["name"] == "uq_survey_version_published"
    )
    assert published["unique"]
