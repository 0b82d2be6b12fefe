"""`docs/data.md` says what is so: every view with its columns, the names of no answer, and examples that run."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app import main
from app.cli.demo import demo_data
from app.flows.dictionary.describe import ABOUT
from app.flows.dictionary.variable import Category, Missing, names_of
from app.settings import Settings
from app.store.unit import Database
from app.store.views import fixed
from app.store.views.sql import Dialect

TEXT = (Path(__file__).parent.parent / "docs" / "data.md").read_text()


def between(name: str) -> str:
    return TEXT.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]


def told() -> dict[str, tuple[str, ...]]:
    """The views with their columns as the document lists them."""
    parts = re.split(r"^### `(\w+)`.*$", between("views"), flags=re.MULTILINE)[1:]
    return {
        view: tuple(re.findall(r"^\| `(\w+)` \| .", table, re.MULTILINE))
        for view, table in zip(parts[::2], parts[1::2], strict=True)
    }


def examples() -> list[str]:
    (block,) = re.findall(r"```sql\n(.*?)```", between("examples"), re.DOTALL)
    return [each.strip() for each in block.split(";\n") if each.strip()]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_document_lists_every_view_with_its_columns(dialect: str) -> None:
    assert told() == {each.name: each.columns for each in fixed.views(Dialect(dialect))}


def test_it_tells_what_a_row_of_a_survey_begins_with() -> None:
    assert all(f"`{name}`" in TEXT.split("## The views of each survey")[1] for name in ABOUT)


def test_it_lists_the_names_of_no_answer() -> None:
    listed = {
        why: re.findall(r"`([^`]+)`", names)
        for why, names in re.findall(r"^\| `(\w+)` \| (.+) \|", between("missing"), re.M)
    }

    assert listed == {why: sorted(names_of(Missing(why))) for why in ("refused", "dont_know")}
    assert {Category(name.upper().replace("_", "-"), 1, {}).missing for name in listed["refused"]} == {Missing.REFUSED}


@pytest.fixture
def database(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    parts = main.assemble(Settings())
    assert CliRunner().invoke(demo_data, ["--respondents", "100", "--until", "2026-10-31"]).exit_code == 0
    yield parts.database
    parts.close()


def test_every_example_runs_and_finds_something(database: Database) -> None:
    def run(connection: sa.Connection, statement: str) -> int:
        if not database.sqlite:
            connection.execute(sa.text("SET LOCAL search_path = analysis"))
        return len(connection.execute(sa.text(statement)).all())

    assert len(examples()) > 5
    for statement in examples():
        assert database.read(lambda connection, each=statement: run(connection, each)) > 0, statement
