"""What tests share: a fresh database of each kind, a service made of real parts, and a clock that tests set."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa

from app import main
from app.cli.handset import NUMBER, Clock, Network
from app.gateway import describing
from app.gateway import library as shelves
from app.gateway.turns import Gateway
from app.settings import Settings
from app.store import schema
from app.store.unit import Database
from tests.phone import Phone
from tests.postgres import throw_away_postgres
from tests.privacy import Watch

_NUMBERS = count(1)

# How long an example takes hangs on what else the machine does: time is for `make bench`.
hypothesis.settings.register_profile("izwi", deadline=None)
hypothesis.settings.load_profile("izwi")


def _refuse(moment: datetime) -> str:
    raise AssertionError(f"{type(moment).__name__} reached SQLite without its column type: it would not sort")


# Python's own way to write moments to SQLite is deprecated, and is not ours.
sqlite3.register_adapter(datetime, _refuse)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Watch(), "nothing-personal-is-logged")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-transcripts", action="store_true", help="rewrite tests/transcripts/*.txt as they are played"
    )


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and the surveys that ship."""
    path = tmp_path_factory.mktemp("template") / "izwi.db"
    _lay(Database(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server with a template database that has all tables and the surveys that ship."""
    with throw_away_postgres() as url:
        admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(sa.text("CREATE DATABASE template_izwi"))
        admin.dispose()
        _lay(Database(_at(url, "template_izwi")))
        yield url


@pytest.fixture
def fresh_sqlite(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of an empty SQLite database with all tables."""
    path = tmp_path / "var" / "izwi.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def fresh_postgres(postgres: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database with all tables; dropped afterwards."""
    with _made(postgres, " TEMPLATE template_izwi") as url:
        yield url


@pytest.fixture
def bare_postgres(postgres: str) -> Iterator[str]:
    """The URL of a PostgreSQL database without a table; dropped afterwards."""
    with _made(postgres, "") as url:
        yield url


@contextmanager
def _made(postgres: str, of: str) -> Iterator[str]:
    name = f"test_{next(_NUMBERS)}"
    admin = sa.create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}{of}"))
    yield _at(postgres, name)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each test that asks for this runs twice: on SQLite and on PostgreSQL."""
    name = "fresh_sqlite" if request.param == "sqlite" else "fresh_postgres"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def clock() -> Clock:
    """The test's own time."""
    return Clock()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings with a data directory of the test's own, and no provider."""
    return Settings(data_dir=tmp_path / "var", database_url=database_url, channel="simulated")


@pytest.fixture
def parts(settings: Settings) -> Iterator[main.Parts]:
    """A whole service but for its doors: database, keys, surveys, channels."""
    made = main.assemble(settings)
    yield made
    made.close()


@pytest.fixture
def gateway(parts: main.Parts, clock: Callable[[], datetime]) -> Gateway:
    """The write side, at the test's own time."""
    return Gateway(parts.settings, parts.database, parts.keys, parts.library, now=clock)


@pytest.fixture
def network(parts: main.Parts, clock: Clock) -> Network:
    """What phones are connected to, at the test's own time."""
    return Network(parts, clock)


@pytest.fixture
def phone(network: Network) -> Phone:
    """A phone that has never reached us."""
    return Phone(network, NUMBER)


def _lay(database: Database) -> None:
    """Make all tables, and store the surveys that ship: reading an XLSForm takes longer than most tests."""
    schema.upgrade(database.engine)
    describing.catch_up(database)
    shelves.publish(database, shelves.shipped())
    database.close()


def _at(url: str, name: str) -> str:
    return str(sa.make_url(url).set(database=name).render_as_string(hide_password=False))
