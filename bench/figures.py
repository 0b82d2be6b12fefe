"""Figures: hiding a table of 10,000 cells, and counting the answers of 250,000 respondents."""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.gateway import library
from app.reports.figures.asking import survey_of
from app.reports.figures.counting import table
from app.reports.figures.publish import publish
from app.reports.figures.rules import Rules
from app.reports.figures.table import TOTAL, Cell, Dimension, Key, Table, mark
from app.store import schema
from app.store.unit import Database
from bench.report import verdict
from tests.postgres import throw_away_postgres

HEADING = "## What figures cost"
METHOD = """\
`hidden` is the hiding and rounding of one table with all its totals, in CPU seconds of Python. `counted` is group by province
over all answers, in seconds of the clock, the median of three, with whatever else the machine does."""
SURVEY, QUESTIONS, AT = "leave_no_one_behind", 20, "2026-11-01T10:00:00.000000Z"
_SHAPE, BATCH = (20, 20, 25), 20_000
_COLUMNS = {
    "respondent": "id uid pseudonym survey_id position created_at",
    "run": "id uid respondent_id survey_id survey_version_id state reason question locale memory revision started_at touched_at"
    " ended_at",
    "answer": "id uid run_id question position value raw locale channel_id medium attempts asked_at answered_at",
}


def section(people: int, disk: Path) -> str:
    """Measure both; returns the section of the page."""
    hidden = [(count, *_hidden(count)) for count in (people // 10, people, people * 4)]
    counted = {}
    with tempfile.TemporaryDirectory(dir=disk) as folder:
        counted["sqlite"] = _counted(f"sqlite:///{folder}/izwi.db", people)
    with throw_away_postgres() as url:
        counted["postgresql"] = _counted(url, people)
    lines = [HEADING, "", METHOD, "", "| respondents in 10,000 cells | hidden s | cells shown |", "| --: | --: | --: |"]
    lines += [f"| {count:,} | {seconds:.2f} | {shown:,} |" for count, seconds, shown in hidden]
    lines += ["", "| database | answers | counted s |", "| --: | --: | --: |"]
    lines += [f"| {name} | {people * QUESTIONS:,} | {seconds:.2f} |" for name, seconds in counted.items()]
    slowest = max(seconds for _, seconds, _ in hidden)
    lines += ["", verdict(slowest < 2, "10,000 cells are hidden in 2 s", f"{slowest:.2f} s")]
    lines += [verdict(each < 2, f"{name} counts in 2 s", f"{each:.2f} s") for name, each in counted.items()]
    return "\n".join(lines)


def _hidden(people: int) -> tuple[float, int]:
    chance = random.Random(1)
    axes = tuple(Dimension(f"d{place}", tuple(map(str, range(size)))) for place, size in enumerate(_SHAPE))
    drawn = [chance.choices(each.categories, [chance.random() for _ in each.categories], k=people) for each in axes]
    sums: dict[Key, list[int]] = {}
    for number, key in enumerate(zip(*drawn, strict=True)):
        one = sums.setdefault(key, [0, 0, 0])
        one[0], one[1], one[2] = one[0] + 1, one[1] + number, one[2] + number * number % 2147483647
    counted = Table(axes, {key: Cell(n, mark(first, second)) for key, (n, first, second) in sums.items()})
    begun = time.process_time()
    published = publish(counted, Rules(), b"a key of thirty-two bytes, more")
    seconds = time.process_time() - begun
    return seconds, sum(each.n is not None for key, each in published.figures.items() if TOTAL not in key)


def _counted(url: str, people: int) -> float:
    """Fill a database and count in it."""
    database = Database(url)
    schema.upgrade(database.engine)
    library.publish(database, library.shipped())
    if database.sqlite:  # a database that is thrown away need not reach the disk
        sa.event.listen(
            database.engine,
            "connect",
            lambda raw, _: raw.executescript("PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF"),
        )
    for begin in range(1, people + 1, BATCH):
        part = range(begin, min(begin + BATCH, people + 1))
        database.write(lambda connection, part=part: fill(connection, part, QUESTIONS))  # type: ignore[misc]
    times = []

    def work(connection: Connection) -> None:
        connection.exec_driver_sql("ANALYZE")
        survey = survey_of(connection, SURVEY, ZoneInfo("Africa/Harare"))
        for _ in range(3):
            begun = time.perf_counter()
            found = table(connection, survey, ["inequality", "province"])
            times.append(time.perf_counter() - begun)
            if found.total.n < people - 9:
                raise AssertionError("not everybody was counted")

    database.write(work)
    database.close()
    return sorted(times)[1]


def fill(connection: Connection, part: range, questions: int) -> None:
    """Add these respondents with a completed run and so many answers each, group and province among them."""
    survey_id, version = connection.execute(
        sa.text("SELECT survey_id, id FROM survey_version ORDER BY id DESC")
    ).first()  # type: ignore[misc]
    sqlite, chance = connection.dialect.name == "sqlite", random.Random(part.start)

    def uid(number: int) -> object:
        return UUID(int=number).bytes if sqlite else UUID(int=number)

    def answers() -> Iterator[tuple[object, ...]]:
        for number in part:
            for place in range(questions):
                question, value = _answer(place, chance)
                key = number * questions + place
                yield key, uid(key), number, question, "", value, "1", "en", 1, "ussd", 1, AT, AT

    rows = {
        "respondent": ((each, uid(each), f"p{each}", survey_id, 1, AT) for each in part),
        "run": ((each, uid(each), each, survey_id, version, "completed", "", "", "en", "{}", 1, AT, AT, AT) for each in part),
        "answer": answers(),
    }  # fmt: skip
    for name, columns in _COLUMNS.items():
        if sqlite:
            places = ", ".join("?" * len(columns.split()))
            connection.exec_driver_sql(
                f"INSERT INTO {name} ({', '.join(columns.split())}) VALUES ({places})", list(rows[name])
            )
        else:
            cursor = connection.connection.cursor()
            with cursor.copy(f"COPY {name} ({', '.join(columns.split())}) FROM STDIN") as copy:
                for row in rows[name]:
                    copy.write_row(row)


def _answer(place: int, chance: random.Random) -> tuple[str, str]:
    if place == 0:
        return "inequality", chance.choice(("WOM", "YOU", "DIS", "MIN", "LGB", "RUR", "REF", "OLD", "other", "nobody"))
    if place == 1:
        return "province", f"ZW{chance.randrange(10, 20)}"
    return f"question_{place}", "yes"
