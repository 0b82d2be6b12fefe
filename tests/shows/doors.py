"""The doors of ODK Central at size: a real server, asked by pyODK and by a reader of OData feeds that is not ours to please."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from app.store import tokens
from app.store.unit import Database
from app.values import Role
from tests.odata import Feed
from tests.server import ROOT, Served, serving
from tests.shows.truth import SURVEY, Truth

PACKAGES = Path(sys.prefix) / "pyodk"
_PAGE = 5000


class Fetched(NamedTuple):
    """What came through a door."""

    rows: int
    seconds: float


@contextmanager
def served(folder: Path, database_url: str) -> Iterator[tuple[Served, str]]:
    """A server with these data, and the token of an analyst."""
    with serving(folder, "--no-worker", database_url=database_url) as there:
        database = Database(database_url)
        token = database.write(lambda connection: tokens.add(connection, "shows", datetime.now(UTC), role=Role.ANALYST))
        database.close()
        yield there, token or ""


def by_odata(there: Served, token: str, truth: Truth) -> Fetched:
    """Read the whole feed page by page, each row checked against what `$metadata` declares."""
    begun = time.perf_counter()
    feed = Feed(f"{there.url}/v1/projects/1/forms/{SURVEY}.svc", "shows", token)
    model = feed.model()
    assert feed.tables() == ["Submissions"]
    rows = feed.rows("Submissions", top=_PAGE)
    assert [problem for row in rows for problem in model.problems("Submissions", row)][:3] == []
    seconds = time.perf_counter() - begun
    feed.close()
    return Fetched(_same(rows, truth), seconds)


def by_pyodk(folder: Path, there: Served, token: str, truth: Truth) -> Fetched:
    """Let the real pyODK list the forms and fetch the table, in a process with its own packages."""
    assert PACKAGES.is_dir(), "`make .venv/.pyodk` puts pyODK there"
    config = folder / "pyodk.toml"
    config.write_text(
        f'[central]\nbase_url = "{there.url}"\nusername = "shows"\npassword = "{token}"\ndefault_project_id = 1\n'
    )
    begun = time.perf_counter()
    client = str(ROOT / "tests" / "clients" / "fetch_with_pyodk.py")
    done = subprocess.run(
        [sys.executable, client, str(config), str(folder / "cache"), SURVEY],
        env=os.environ | {"PYTHONPATH": str(PACKAGES), "NO_PROXY": "127.0.0.1"}, check=False, capture_output=True,
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    told = json.loads(done.stdout)
    assert SURVEY in told["forms"]
    assert told["count"] == len(told["rows"])
    return Fetched(_same(told["rows"], truth), seconds)


def _same(rows: Iterable[Any], truth: Truth) -> int:
    """Submissions carry no pseudonym, so they are the same if each way of having answered is there as often."""
    variables = sorted({*truth.choices, *truth.texts})
    wanted = Counter(tuple(given.get(each) or None for each in variables) for given in truth.rows.values())
    found = Counter(tuple(row.get(each) or None for each in variables) for row in map(_flat, rows))
    assert len(wanted) > 1000 or len(truth.rows) < 2000
    assert found == wanted
    return sum(found.values())


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row without its groups."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        flat |= _flat(value) if isinstance(value, dict) else {name: value}
    return flat
