"""`python -m tests.shows`: makes simulated respondents, exports them in every format, and lets programs of others open each.

Whatever they find is held against the database, and so is what comes through the doors of ODK Central; the figures are attacked.
It ends with a table of what was seen, for docs/exports.md.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from app.gateway.library import Library
from app.gateway.recording import Recording
from app.settings import Settings
from app.store.unit import Database
from bench.exports import watched
from tests.postgres import throw_away_postgres
from tests.shows import attack, doors, truth
from tests.shows.files import SHOWN
from tests.shows.truth import SURVEY, Truth

_IZWI = [sys.executable, "-m", "app"]


class Line(NamedTuple):
    """One line of the table."""

    name: str
    rows: int
    seconds: float
    cpu: float | None = None
    memory_mb: float | None = None
    size: int | None = None
    reader: str = ""

    def __str__(self) -> str:
        cpu = "" if self.cpu is None else f"{self.cpu:.1f}"
        memory = "" if self.memory_mb is None else f"{self.memory_mb:.0f}"
        size = "" if self.size is None else f"{self.size / 1e6:.1f}"
        return f"| {self.name} | {self.rows:,} | {self.seconds:.1f} | {cpu} | {memory} | {size} | {self.reader} |"


def main() -> None:
    """Do all of it for one database."""
    options = argparse.ArgumentParser(prog="python -m tests.shows")
    options.add_argument("--respondents", type=int, default=100_000)
    options.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument("--disk", type=Path, default=None, help="A folder for the files")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.disk) as folder, _database(given.database, Path(folder)) as url:
        _show(Path(folder), url, given.respondents)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    (folder / "data").mkdir()
    with throw_away_postgres() if kind == "postgresql" else nullcontext(f"sqlite:///{folder}/data/izwi.db") as url:
        yield url


def _show(folder: Path, url: str, respondents: int) -> None:
    settings = {"IZWI_DATA_DIR": str(folder / "data"), "IZWI_DATABASE_URL": url, "IZWI_CHANNEL": "simulated"}
    os.environ |= settings
    _say("| what | rows | seconds | CPU seconds | memory MB | file MB | opened by |")
    _say("| --- | --: | --: | --: | --: | --: | --- |")
    _ran("izwi --version", ["--version"])
    _ran("izwi migrate", ["migrate"])
    _ran("izwi demo-data", ["demo-data", "--respondents", str(respondents), "--until", "2026-10-31"], respondents)
    database = Database(url)
    if not database.sqlite:
        database.write(lambda connection: connection.exec_driver_sql("ANALYZE"))
    known = database.read(truth.read)
    _records(database, known)
    _files(folder, known)
    _doors(folder, url, known)
    for names in attack.ATTACKED:
        found = database.read(lambda connection, names=names: attack.attack(connection, names))  # type: ignore[misc]
        _say(f"- {' x '.join(found.names)}: {found.shown} figures shown, {found.hidden} hidden, none learned")
    database.close()
    _say(
        f"\n{len(known.rows):,} of {respondents:,} completed it, with {known.answers:,} answers. All is as in the database."
    )


def _files(folder: Path, known: Truth) -> None:
    for each in SHOWN:
        path = folder / f"{each.name.translate(str.maketrans(' ,', '__'))}.{each.ending}"
        line = _ran(each.name, ["export", "data", SURVEY, *each.options, "--output", str(path)], tell=False)
        found = each.check(path, known)
        _say(str(line._replace(rows=found, size=path.stat().st_size, reader=each.reader)))
        path.unlink()


def _records(database: Database, known: Truth) -> None:
    """Make the records, as the worker does when there is time: else the first export would."""
    library = Library(database)
    library.refresh()
    begun = time.perf_counter()
    if Recording(Settings(), database, library, None).make_all(datetime.now(UTC)):
        raise AssertionError("a record cannot be made")
    _say(str(Line("records, with their flags", len(known.rows), time.perf_counter() - begun)))


def _doors(folder: Path, url: str, known: Truth) -> None:
    with doors.served(folder, url) as (there, token):
        odata = doors.by_odata(there, token, known)
        _say(str(Line("OData feed", *odata, reader="a reader of its own")))
        pyodk = doors.by_pyodk(folder, there, token, known)
        _say(str(Line("table", *pyodk, reader="pyODK")))


def _ran(name: str, arguments: list[str], rows: int = 0, *, tell: bool = True) -> Line:
    begun = time.perf_counter()
    took = watched([*_IZWI, *arguments], dict(os.environ))
    line = Line(name, rows, time.perf_counter() - begun, took.seconds, took.memory_mb)
    if tell:
        _say(str(line))
    return line


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
