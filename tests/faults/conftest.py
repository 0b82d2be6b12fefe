"""One world for each database, emptied before each test: to make one takes longer than most stories."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.faults.world import World
from tests.provider.process import ProviderProcess


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def one_world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("faults")
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), folder / 'izwi.db')}"
    else:
        url = _copied(request.getfixturevalue("postgres"), f"faults_{request.module.__name__.rpartition('.')[2]}")
    with ProviderProcess() as process:
        made = World(folder, url, process)
        yield made
        made.close()


def _copied(postgres: str, name: str) -> str:
    admin = sa.create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template_izwi"))
    admin.dispose()
    return str(sa.make_url(postgres).set(database=name).render_as_string(hide_password=False))
