"""What exports cost: answers and a wide table as CSV, beside the bare database cursor with a CSV writer, in one run."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import NamedTuple

from app.gateway import library as shelves
from app.gateway.library import Library
from app.settings import Settings
from app.store import keys as vault
from app.store import schema
from app.store.unit import Database
from bench.process import memory_mb
from bench.report import verdict

HEADING = "## What an export costs"
METHOD = """\
Answers to the survey that ships, on SQLite, as `izwi export` writes them, in a process of its own from its start to its end.
`bare` is Python's own `sqlite3` cursor with the very query of `izwi export answers`, all at once, and `csv.writer` behind it: no
labels, no apostrophes. `nothing` is an export without a row: the program itself. Each is run in turn, and the median of {rounds}
is shown. Seconds are those of the CPU, for one process does one thing; memory is the most that the process had.
"""
SURVEY = "leave_no_one_behind"
_BARE = """
import csv, sqlite3, sys
statement = open(sys.argv[2]).read()
with open(sys.argv[3], "w", newline="", encoding="utf-8") as out:
    csv.writer(out, lineterminator="\\r\\n").writerows(sqlite3.connect(sys.argv[1]).execute(statement))
"""
_CHOICES = {
    "language": ("en", "sn", "nd"), "consent": ("yes",), "adult": ("yes",), "inequality": ("WOM", "YOU", "DIS"),
    "inequality_second": (None, "OLD"), "resources": ("RUR", "REF"), "resources_second": (None, "OLD"),
    "resources_which": ("water food", "water", "health food"), "discrimination": ("MIN", "LGB"),
    "discrimination_second": (None, "dont_know"), "factors": ("poverty",), "factors_second": (None,),
    "province": ("ZW10", "ZW11", "ZW19"), "residence": ("rural", "town"), "sex": ("female", "male"),
    "age_band": ("18_24", "25_34"), "story_consent": ("yes",), "story": ("We walk far for water, and nobody asks us.",),
}  # fmt: skip


class Took(NamedTuple):
    """What one of them took."""

    seconds: float
    memory_mb: float


def section(folder: Path, answers: int = 1_000_000, rounds: int = 3) -> str:
    """Measure; returns the section of the page."""
    environment = prepared(folder, answers)
    izwi = [sys.executable, "-m", "app"]
    bare = [sys.executable, "-c", _BARE, str(folder / "izwi.db"), str(statement_file(folder))]
    commands = {
        "bare": [*bare, str(folder / "bare.csv")],
        "nothing": [*izwi, "export", "consents", "--output", str(folder / "nothing.csv")],
        "answers": [*izwi, "export", "answers", "--output", str(folder / "answers.csv")],
        "data, csv": [*izwi, "export", "data", SURVEY, "--output", str(folder / "data.csv")],
        "data, csv by labels": [*izwi, "export", "data", SURVEY, "--labels", "--output", str(folder / "labels.csv")],
        "data, xlsx": [*izwi, "export", "data", SURVEY, "--format", "xlsx", "--output", str(folder / "data.xlsx")],
    }
    took: dict[str, list[Took]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            took[name].append(watched(command, environment))
            print(f"{name}: {took[name][-1]}", file=sys.stderr)
    return "\n".join([HEADING, "", METHOD.format(rounds=rounds), *_table(took, answers), "", *_promises(took)])


def _table(took: dict[str, list[Took]], answers: int) -> Iterator[str]:
    yield f"| {answers:,} answers | CPU seconds | x bare | MB |"
    yield "|" + " --: |" * 4
    for name, each in took.items():
        yield f"| {name} | {middle(each).seconds:.1f} | {ratio(took, name):.2f} | {middle(each).memory_mb:.0f} |"


def _promises(took: dict[str, list[Took]]) -> Iterator[str]:
    fast = ratio(took, "answers")
    yield verdict(fast >= 0.5, "`izwi export answers` is at least 0.5 as fast as the bare cursor", f"{fast:.2f}")
    for name in ("answers", "data, csv", "data, xlsx"):
        over = middle(took[name]).memory_mb - middle(took["nothing"]).memory_mb
        yield verdict(over <= 60, f"{name}: at most 60 MB more than the program itself", f"{over:.0f} MB")


def ratio(took: dict[str, list[Took]], name: str) -> float:
    return middle(took["bare"]).seconds / middle(took[name]).seconds


def middle(each: list[Took]) -> Took:
    return sorted(each)[len(each) // 2]


def watched(command: list[str], environment: dict[str, str]) -> Took:
    """Run it to its end."""
    most, ended = 0.0, 0
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not ended:
        with suppress(IndexError):  # a process that ends has no memory any more
            most = max(most, memory_mb(child.pid, "VmHWM"))  # grows only, so the last look is nearly the end's
        sleep(0.05)
        ended, status, used = os.wait4(child.pid, os.WNOHANG)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command} ended with {child.returncode}")
    return Took(used.ru_utime + used.ru_stime, most)


def prepared(folder: Path, answers: int) -> dict[str, str]:
    """A database with so many answers, and the environment of commands that use it."""
    url = f"sqlite:///{folder / 'izwi.db'}"
    database = Database(url)
    schema.upgrade(database.engine)
    shelves.publish(database, [each for each in shelves.shipped() if each.name.startswith(SURVEY)])
    library = Library(database)
    library.refresh()
    edition = library.newest(SURVEY)
    assert edition is not None
    database.close()
    vault.load(folder, ("simulated",))
    fill(folder / "izwi.db", edition.survey_id, edition.version_id, answers // len(_CHOICES))
    settings = Settings(data_dir=folder, database_url=url)
    return {
        **os.environ, "IZWI_DATA_DIR": str(settings.data_dir), "IZWI_DATABASE_URL": url, "IZWI_CHANNEL": "simulated",
    }  # fmt: skip


def fill(path: Path, survey_id: int, version_id: int, runs: int) -> None:
    """Write finished runs with all their answers, past the gateway: only the reading is measured."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO channel (id, name, provider, created_at) VALUES (1, 'bench', 'simulated', ?)", (said(at),)
    )
    marks = {table: ", ".join("?" * count) for table, count in (("respondent", 6), ("run", 14), ("answer", 14))}
    for key in range(1, runs + 1):
        moment = said(at + timedelta(seconds=key))
        connection.execute(
            f"INSERT INTO respondent (id, uid, pseudonym, survey_id, position, created_at) VALUES ({marks['respondent']})",
            (key, uid(1, key), f"p{key:012}", survey_id, 1, moment),
        )
        connection.execute(
            "INSERT INTO run (id, uid, respondent_id, survey_id, survey_version_id, state, reason, question, locale, memory,"
            f" revision, started_at, touched_at, ended_at) VALUES ({marks['run']})",
            (key, uid(2, key), key, survey_id, version_id, "completed", "thank_you", "story", "sn", "{}", 20, moment, moment,
             moment),
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO answer (uid, run_id, question, position, value, raw, locale, channel_id, medium, attempts, asked_at,"
            f" answered_at, id, choice_order) VALUES ({marks['answer']})",
            [
                (uid(3, key * 100 + place), key, question, "", values[key % len(values)], "1", ("sn", "en")[key % 2], 1, "ussd",
                 1, moment, moment, key * 100 + place, None)
                for place, (question, values) in enumerate(_CHOICES.items())
            ],
        )  # fmt: skip
    connection.commit()
    connection.close()


def statement_file(folder: Path) -> Path:
    """The query of `izwi export answers`, without its pages."""
    from sqlalchemy.dialects import sqlite

    from app.store import answers

    statement = answers._EXPORT.params(after=0).order_by(None).limit(None)
    text = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    path = folder / "bare.sql"
    path.write_text(text)
    return path


def said(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")[:26] + "Z"


def uid(kind: int, key: int) -> bytes:
    return kind.to_bytes(4) + key.to_bytes(12)
