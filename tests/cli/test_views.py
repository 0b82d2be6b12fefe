"""`izwi views` and `izwi snapshot`: who may read, and a copy to take along."""

import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import main
from app.cli.demo import demo_data
from app.cli.handset import Network
from app.cli.views import snapshot, views
from app.settings import Settings
from app.store import audit
from app.store import snapshot as copying
from app.store.views import renewing
from tests.conftest import Clock
from tests.phone import Phone
from tests.reports.test_answers import PATH
from tests.store.test_dump_attack import digests, forms

NUMBER = "+263770000003"
READER = "izwi_test_reader"


@pytest.fixture
def parts(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[main.Parts]:
    """A service that a phone has answered, with simulated respondents beside it."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    made = main.assemble(Settings())
    phone = Phone(Network(made, Clock()), NUMBER)
    phone.dial()
    phone.replies(*PATH, "We walk far.")
    phone.text("HELP")
    assert CliRunner().invoke(demo_data, ["--respondents", "30"]).exit_code == 0
    yield made
    made.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(views, list(arguments))


def copy(folder: Path) -> sqlite3.Connection:
    result = CliRunner().invoke(snapshot, [str(folder / "copy.db")])
    assert result.exit_code == 0, result.output
    return sqlite3.connect(f"file:{folder / 'copy.db'}?mode=ro", uri=True)


def test_a_snapshot_has_every_view_with_every_row(parts: main.Parts, tmp_path: Path) -> None:
    prefix = "" if parts.database.sqlite else "analysis."
    with closing(copy(tmp_path)) as file:
        for view in parts.database.read(renewing.wanted):
            count = sa.text(f"SELECT count(*) FROM {prefix}{view.name}")
            there = parts.database.read(lambda connection, count=count: connection.execute(count).scalar_one())
            found = file.execute(f"SELECT * FROM {view.name}")
            assert tuple(column[0] for column in found.description) == view.columns
            assert len(found.fetchall()) == there, view.name
        assert file.execute("SELECT count(*) FROM answers").fetchone()[0] > 100
        assert file.execute(
            "SELECT state FROM survey_leave_no_one_behind WHERE respondent NOT LIKE 'demo-%'"
        ).fetchall() == [("completed",)]


def test_both_databases_make_the_same_snapshot(
    fresh_sqlite: str, fresh_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    for url in (fresh_sqlite, fresh_postgres):
        monkeypatch.setenv("IZWI_DATABASE_URL", url)
        main.assemble(Settings()).close()
        made = CliRunner().invoke(demo_data, ["--respondents", "40", "--until", "2026-10-31"])
        assert made.exit_code == 0, made.output
        with closing(copy(tmp_path)) as file:
            names = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
            found.append(
                {
                    name: sorted(file.execute(f"SELECT * FROM {name}"), key=str)
                    for name in names
                    if name not in {"about", "sqlite_stat1"}
                }
            )

    assert found[0] == found[1]
    assert len(found[0]["survey_leave_no_one_behind"]) == 40


def test_nothing_of_a_phone_is_in_the_bytes_of_a_snapshot(parts: main.Parts, tmp_path: Path) -> None:
    copy(tmp_path).close()
    content = (tmp_path / "copy.db").read_bytes()
    held = sa.text("SELECT msisdn_hash, msisdn_sealed FROM contact")
    secrets = [bytes(value) for row in parts.database.read(lambda c: c.execute(held).all()) for value in row]

    assert len(content) > 20_000
    known = [*secrets, *forms(NUMBER), *digests(NUMBER, [parts.keys.lookup, *parts.keys.seals.values()])]
    written = [form for each in known for form in (each, each.hex().encode(), each.hex().upper().encode())]
    assert [each for each in written if each in content] == []


def test_a_snapshot_is_for_reading_only_and_noted(parts: main.Parts, tmp_path: Path) -> None:
    copy(tmp_path).close()

    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o400
    assert "snapshot" in [each.action for each in parts.database.read(audit.every)]


def test_a_snapshot_that_fails_leaves_no_file(
    parts: main.Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    def fall(view: str, count: int) -> None:
        if view == "answers":
            raise OSError("the disk is full")

    monkeypatch.setattr("app.cli.views._progress", lambda: fall)
    result = CliRunner().invoke(snapshot, [str(folder / "copy.db")])

    assert result.exit_code == 1
    assert list(folder.iterdir()) == []


def test_a_snapshot_finds_a_run_and_a_time_by_an_index(parts: main.Parts, tmp_path: Path) -> None:
    with closing(copy(tmp_path)) as file:
        for condition in ("run = 'x'", "started_at > '2026-01-01'", "respondent = 'x'"):
            plan = file.execute(
                f"EXPLAIN QUERY PLAN SELECT sex FROM survey_leave_no_one_behind WHERE {condition}"
            ).fetchall()
            assert "USING INDEX" in plan[0][3], condition


def test_the_views_are_listed(parts: main.Parts) -> None:
    result = run("list")

    assert result.exit_code == 0
    assert re.search(r"^survey_leave_no_one_behind +40 columns$", result.stdout, re.MULTILINE)
    assert "BEHIND" not in result.stdout
    assert run("renew").stdout == "All views are up to date.\n"


def test_on_sqlite_there_are_no_readers(fresh_sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", fresh_sqlite)
    main.assemble(Settings()).close()

    result = run("reader", READER)

    assert (result.exit_code, "izwi snapshot FILE" in result.stderr) == (1, True)


@pytest.fixture
def reader(fresh_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """Whoever logs in as a reader, to a database with simulated respondents."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", fresh_postgres)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    main.assemble(Settings()).close()
    assert CliRunner().invoke(demo_data, ["--respondents", "30"]).exit_code == 0
    shown = run("reader", READER)
    assert shown.exit_code == 0, shown.output
    name, password = shown.stdout.split()
    assert (name, len(password)) == (READER, 32)
    engine = sa.create_engine(sa.make_url(fresh_postgres).set(username=name, password=password))
    yield engine
    engine.dispose()
    removed = run("reader", READER, "--remove")
    assert removed.exit_code == 0, removed.output


def ask(engine: sa.Engine, statement: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(sa.text(statement)).all()


def test_a_reader_sees_the_views_by_their_names(reader: sa.Engine) -> None:
    assert ask(reader, "SELECT count(*) FROM survey_leave_no_one_behind") == [(30,)]
    assert ask(reader, "SELECT count(*) > 100 FROM answers") == [(True,)]


@pytest.mark.parametrize(
    "table", ["contact", "answer", "run", "outbox", "inbound", "turn", "session", "audit", "record"]
)
def test_a_reader_can_read_no_table(reader: sa.Engine, table: str) -> None:
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        ask(reader, f"SELECT * FROM public.{table}")


def test_a_reader_can_read_all_views_and_nothing_else(reader: sa.Engine) -> None:
    readable = ask(
        reader,
        "SELECT DISTINCT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN "
        "('r', 'v', 'm', 'p', 'f', 'S') AND has_table_privilege(c.oid, 'SELECT') AND n.nspname NOT IN ('pg_catalog', "
        "'information_schema')",
    )

    assert readable == [("analysis",)]


def test_a_reader_can_change_nothing(reader: sa.Engine) -> None:
    for statement in (
        "CREATE TABLE analysis.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "UPDATE analysis.respondents SET person = 2",
        "DROP VIEW analysis.answers",
    ):
        with reader.connect() as connection:
            connection.execute(sa.text("SET default_transaction_read_only = off"))
            connection.execute(sa.text("COMMIT"))
            with pytest.raises(sa.exc.DBAPIError, match=r"permission denied|must be owner|cannot update view"):
                connection.execute(sa.text(statement))


def test_a_reader_cannot_spy_on_answers_that_were_taken_back(reader: sa.Engine, fresh_postgres: str) -> None:
    """A function of hers that costs nothing would be asked first, of all rows, if the view did not guard them."""
    admin = sa.create_engine(fresh_postgres)
    with admin.begin() as connection:
        connection.execute(
            sa.text("UPDATE answer SET set_aside_at = now(), value = 'taken back' WHERE question = 'sex'")
        )
    admin.dispose()
    spy = (
        "CREATE FUNCTION pg_temp.spy(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS "
        "'BEGIN IF $1 = ''taken back'' THEN RAISE EXCEPTION ''seen''; END IF; RETURN true; END'"
    )
    with reader.connect() as connection:
        connection.execute(sa.text("SET default_transaction_read_only = off"))
        connection.execute(sa.text("COMMIT"))
        connection.execute(sa.text(spy))
        for view, column in (("answers", "value"), ("survey_leave_no_one_behind", "sex")):
            assert (
                connection.execute(sa.text(f"SELECT count(*) FROM {view} WHERE pg_temp.spy({column})")).scalar_one() > 0
            )


def test_a_new_password_takes_the_old_one_away(reader: sa.Engine, fresh_postgres: str) -> None:
    """The server of the tests lets everybody in who is on this machine, so what it would check is looked at."""
    admin = sa.create_engine(fresh_postgres)
    held = f"SELECT rolpassword FROM pg_authid WHERE rolname = '{READER}'"
    ((before,),) = ask(admin, held)

    assert run("reader", READER).exit_code == 0

    ((after,),) = ask(admin, held)
    assert before.startswith("SCRAM-SHA-256$")
    assert after != before
    admin.dispose()


def test_a_role_that_is_not_ours_is_left_alone(reader: sa.Engine) -> None:
    for command in (("reader", "postgres"), ("reader", "postgres", "--remove")):
        result = run(*command)
        assert (result.exit_code, "which Izwi did not make" in result.stderr) == (1, True)
    assert run("reader", "No Name").exit_code == 1


def test_the_sql_is_printed_for_whoever_may_make_roles(reader: sa.Engine) -> None:
    result = run("reader", "another_reader", "--print")

    assert result.stdout.startswith("-- For a role that may make roles")
    assert "CREATE ROLE" in result.stdout
    password = result.stdout.split()[-1]
    assert result.stdout.count(password) == 1  # the statement has what it is checked by
    assert ask(reader, "SELECT count(*) FROM pg_roles WHERE rolname = 'another_reader'") == [(0,)]


def test_a_snapshot_is_as_of_one_moment(parts: main.Parts, tmp_path: Path) -> None:
    def come_between(view: str, _: int) -> None:
        if view == "respondents" and "run" not in seen:
            seen.append("run")
            parts.database.write(
                lambda connection: connection.execute(
                    sa.text("UPDATE run SET reason = 'later', revision = revision + 1")
                )
            )

    seen: list[str] = []
    path = tmp_path / "copy.db"
    parts.database.read(
        lambda connection: copying.write(connection, path, datetime(2026, 11, 28, tzinfo=UTC), come_between)
    )

    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM runs WHERE reason = 'later'").fetchone() == (0,)
    assert seen == ["run"]
