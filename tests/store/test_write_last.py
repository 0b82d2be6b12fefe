"""The last writing of a unit of work, which commits on PostgreSQL: all of it is kept, or nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from app.models.surveys import survey
from app.store.bulk import Bulk, Job, new_uid, stamp, write_last
from app.store.unit import Conflict, Database
from tests.last_words import BEFORE

ADD = Bulk.insert(survey, ("uid", "name", "created_at"))
RENAME = Bulk.update(survey, ("name",), keys=("name",))
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def add(connection: Connection, *names: str) -> Job:
    return Job(ADD, [(new_uid(connection), name, stamp(NOW)) for name in names])


def names(database: Database) -> list[str]:
    return database.read(
        lambda connection: list(
            connection.execute(sa.select(survey.c.name).where(sa.func.length(survey.c.name) == 1)).scalars()
        )
    )


def test_what_was_written_last_is_committed_with_all_before_it(database: Database) -> None:
    def work(connection: Connection) -> None:
        connection.execute(sa.insert(survey), {"uid": uuid4(), "name": "a", "created_at": NOW})
        write_last(connection, [add(connection, "b", "c"), Job(RENAME, [("d", "a")], exact=True)])

    database.write(work)

    assert sorted(names(database)) == ["b", "c", "d"]


def test_a_row_that_is_not_as_it_was_read_takes_all_of_it_back(database: Database) -> None:
    tries = []

    def work(connection: Connection) -> None:
        tries.append(1)
        write_last(connection, [add(connection, "a"), Job(RENAME, [("d", "nobody")], exact=True)])

    with pytest.raises((Conflict, sa.exc.DataError)):
        database.write(work)

    assert len(tries) > 1, "it was not done again"
    assert names(database) == []


def test_a_row_that_is_there_already_takes_all_of_it_back(database: Database) -> None:
    database.write(lambda connection: write_last(connection, [add(connection, "a")]))

    with pytest.raises(IntegrityError):
        database.write(lambda connection: write_last(connection, [add(connection, "b", "a")]))

    assert names(database) == ["a"]
    database.write(lambda connection: write_last(connection, [add(connection, "c")]))
    assert sorted(names(database)) == ["a", "c"]


def test_prepared_statements_live_as_long_as_their_connection(fresh_postgres: str) -> None:
    """psycopg forgets all of them when a connection rolls back, as a pool does with what only read."""
    database = Database(fresh_postgres)
    for _ in range(8):
        names(database)

    def prepared(connection: Connection) -> int:
        return int(connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one())

    assert database.read(prepared) > 0
    database.close()


def test_what_goes_wrong_before_the_last_statement_takes_all_of_it_back(fresh_postgres: str) -> None:
    database = Database(fresh_postgres)

    def fail() -> None:
        raise Conflict

    BEFORE[database.engine] = fail
    with pytest.raises(Conflict):
        database.write(lambda connection: write_last(connection, [add(connection, "a")]))

    assert names(database) == []
    database.close()
