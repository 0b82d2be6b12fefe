"""What exports of the console write, and into which file: the same as `izwi export` does."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import IO, Any

from sqlalchemy.engine import Connection

from app.flows.dictionary.variable import Dictionary
from app.gateway.library import Library
from app.gateway.recording import Recording
from app.reports import answers, consents, lines, nested, records
from app.reports.data.asking import usable
from app.reports.data.extract import Extract
from app.reports.data.how import How
from app.store import exports, surveys
from app.store import records as stored
from app.store.exports import Which
from app.store.whole import whole
from app.values import Doubt, RunState
from app.web.console import files
from app.web.console.tasks import Task
from app.web.desk import Desk

ENDS = (RunState.COMPLETED, RunState.DECLINED, RunState.SCREENED_OUT)
Write = Callable[[Connection, IO[bytes], Library, Task], int]
"""Writes a file, says to the task how far it is, and returns how many rows there are."""
_WRITERS = {"csv": lines.write_csv, "jsonl": lines.write_jsonl}
_CELL_BYTES = {"csv": 9.0, "jsonl": 24.0, "sav": 9.0, "dta": 9.0, "parquet": 1.2, "xlsx": 9.0}


def begin(desk: Desk, name: str, write: Write, *, judged: bool = True) -> Callable[[Task], str]:
    """The work of a task that writes a file of this name; `judged` where it needs records and flags of all runs."""

    def work(task: Task) -> str:
        library = Library(desk.database)  # of its own, for this thread
        if judged:
            Recording(desk.settings, desk.database, library, desk.keys).make_all(desk.now())
        path = files.place(desk.settings.data_dir, task.id)
        try:
            with whole(path) as out:
                count = desk.database.read(lambda connection: write(connection, out, library, task))
        except BaseException:
            files.remove(desk.settings.data_dir, task.id)
            raise
        task.file, task.name, task.once = path, name, True
        return f"{name}: {count:,} rows, {size(path.stat().st_size)}."

    return work


def data(about: Dictionary, which: Which, how: How, kind: str, at: datetime) -> Write:
    """A survey's runs with their answers."""
    chosen = usable(kind)

    def write(connection: Connection, out: IO[bytes], _: Library, task: Task) -> int:
        extract = Extract(connection, about, which, how, at=at)
        extract.told = Passes(task, extract.runs, passes_of(kind, about))
        return chosen.write(out, extract)

    return write


def every_answer(kind: str, survey: str | None, language: str | None, without: frozenset[Doubt]) -> Write:
    """Every answer, one a line."""

    def write(connection: Connection, out: IO[bytes], library: Library, task: Task) -> int:
        found = answers.rows(
            connection, lambda key: library.edition(key).flow, survey=survey, language=language, without=without,
            neutral=kind == "csv",
        )  # fmt: skip
        with _text(out) as to:
            if kind == "csv":
                return lines.write_csv(to, answers.COLUMNS, _heard(found, task), neutral=False)
            return lines.write_jsonl(to, answers.COLUMNS, _heard(found, task))

    return write


def finished(kind: str, survey: str | None, states: tuple[RunState, ...]) -> Write:
    """Finished records, as ODK Collect would have submitted them."""

    def write(connection: Connection, out: IO[bytes], _: Library, task: Task) -> int:
        found = _heard(stored.export(connection, survey_name=survey, states=states), task)
        xform = partial(surveys.xform, connection)
        if kind == "json":
            with _text(out) as to:
                return nested.write_json(to, found, xform)
        return records.write_xml(out, found) if kind == "xml" else records.write_zip(out, found, xform)

    return write


def agreed(kind: str, survey: str | None) -> Write:
    """Who agreed to what."""

    def write(connection: Connection, out: IO[bytes], _: Library, task: Task) -> int:
        with _text(out) as to:
            return _WRITERS[kind](to, consents.COLUMNS, _heard(consents.rows(connection, survey=survey), task))

    return write


class Passes:
    """How far an export is that reads the runs several times, once for each table in it."""

    def __init__(self, task: Task, runs: int, passes: int) -> None:
        self._task, self._runs, self._passes = task, runs, passes
        self._done, self._last = 0, 0

    def __call__(self, done: int) -> None:
        """Hear how many runs this pass has read."""
        if done < self._last:
            self._done += 1
        self._last = done
        self._task(self._done * self._runs + done, self._runs * max(self._passes, self._done + 1))


def passes_of(kind: str, about: Dictionary) -> int:
    """How often an export of this kind reads the runs."""
    tables = 1 + len(about.repeats)
    return {"xlsx": 2 * tables + 1, "sav": 2, "dta": 2, "scripts": tables, "datapackage": tables}.get(kind, 1)


def rough(kind: str, runs: int, columns: int) -> str:
    """How large a file will be, roughly."""
    return size(round(runs * columns * _CELL_BYTES.get(kind, 4.0)) + 2_000)


def size(count: int) -> str:
    """Bytes as people say them."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.1f} MB"
    return f"{max(1, round(count / 1000))} kB"


def count(connection: Connection, which: Which) -> int:
    """How many runs are meant."""
    return exports.count(connection, which)


def _heard(rows: Any, told: Task) -> Iterator[Any]:
    for number, row in enumerate(rows):
        if not number % 500:
            told(number)
        yield row


@contextmanager
def _text(out: IO[bytes]) -> Iterator[IO[str]]:
    made = io.TextIOWrapper(out, encoding="utf-8", newline="")
    try:
        yield made
    finally:
        made.detach()
