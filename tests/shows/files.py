"""Every format that `izwi export data` writes, opened by a program of somebody else's and held against the database.

Each check returns how many rows the program found; an AssertionError says what differs, without any answer.
"""

import csv
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import hxl
import openpyxl
import pandas
from frictionless import Package, system

from tests.reports.statistics import PSPP, read_sav, run_script
from tests.shows.truth import CODE, SURVEY, Truth

_SPLIT = "resources_which"
_STATA_MISSING = 2_147_483_621
_NO_ANSWER = {"-9999", "-9998"}
Row = Mapping[str, Any]


class Shown(NamedTuple):
    """One file: how it is asked for, and who opens it."""

    name: str
    ending: str
    options: tuple[str, ...]
    reader: str
    check: Callable[[Path, Truth], int]


def same_values(rows: Iterable[Row], truth: Truth) -> int:
    """Hold wide rows with the names of choices against the database."""
    return _same(rows, truth, lambda _, value: value or "")


def same_labels(rows: Iterable[Row], truth: Truth) -> int:
    """Hold wide rows with the words of choices against it."""
    return _same(rows, truth, truth.label)


def _same(rows: Iterable[Row], truth: Truth, wanted: Callable[[str, str | None], str]) -> int:
    seen = set()
    for row in rows:
        who = row["respondent"]
        given = truth.rows[who]
        for variable in truth.one | truth.texts:
            assert (row[variable] or "") == wanted(variable, given.get(variable)), f"{variable} of {who} differs"
        seen.add(who)
    assert len(seen) == len(truth.rows)
    return len(seen)


def same_split(rows: Iterable[Row], truth: Truth) -> int:
    """Hold the columns of a question with several choices against it."""
    names, seen = truth.choices[_SPLIT], set()
    for row in rows:
        value = truth.rows[row["respondent"]].get(_SPLIT)
        taken = set(value.split()) if value else None
        for name in names:
            found = row[f"{_SPLIT}__{name}"]
            assert (None if found in {None, ""} else int(found)) == (None if taken is None else int(name in taken))
        seen.add(row["respondent"])
    return len(seen)


def same_answers(rows: Iterable[tuple[str, str, str | None]], truth: Truth, *, skips: bool) -> int:
    """Hold rows that are an answer each against it."""
    found = list(rows)
    wanted = {
        (who, variable, value or "")
        for who, given in truth.rows.items()
        for variable, value in given.items()
        if value is not None or skips
    }
    assert len(found) == len(wanted)
    assert {(who, variable, value or "") for who, variable, value in found} == wanted
    return len(found)


def _table(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        yield from csv.DictReader(text)


def _csv(path: Path, truth: Truth) -> int:
    same_split(_table(path), truth)
    return same_values(_table(path), truth)


def _csv_labels(path: Path, truth: Truth) -> int:
    return same_labels(_table(path), truth)


def _csv_long(path: Path, truth: Truth) -> int:
    labels = (row for row in _table(path) if row["variable"] in truth.one)
    assert all(row["value_label"] == truth.label(row["variable"], row["value"] or None) for row in labels)
    return same_answers(((row["respondent"], row["variable"], row["value"]) for row in _table(path)), truth, skips=True)


def _hxl(path: Path, truth: Truth) -> int:
    with path.open("rb") as file:
        source = hxl.data(file)
        tags = {each.header: each.display_tag for each in source.columns}
        assert (tags["province"], tags["respondent"]) == ("#adm1", "#respondent+id")
        return same_values((dict(zip(tags, row.values, strict=False)) for row in source), truth)


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as text:
        yield from map(json.loads, text)


def _jsonl(path: Path, truth: Truth) -> int:
    return same_values(_lines(path), truth)


def _jsonl_long(path: Path, truth: Truth) -> int:
    return same_answers(((row["respondent"], row["variable"], row["value"]) for row in _lines(path)), truth, skips=True)


def _parquet(path: Path, truth: Truth) -> int:
    return same_values(_duck(path), truth)


def _parquet_long(path: Path, truth: Truth) -> int:
    return same_answers(((row["respondent"], row["variable"], row["value"]) for row in _duck(path)), truth, skips=True)


def _duck(path: Path) -> Iterator[Row]:
    found = duckdb.connect().execute(f"SELECT * FROM '{path}'")
    names = [each[0] for each in found.description or ()]
    while some := found.fetchmany(10_000):
        yield from (dict(zip(names, row, strict=True)) for row in some)


def _xlsx(path: Path, truth: Truth) -> int:
    book = openpyxl.load_workbook(path, read_only=True)
    codes = _sheet(book["Data (codes)"])
    heads = next(codes)
    count = same_values((dict(zip(heads, row, strict=False)) for row in codes), truth)
    labels = _sheet(book["Data (labels)"])
    next(labels)  # its heads are the questions
    same_labels((dict(zip(heads, row, strict=False)) for row in labels), truth)
    parts = [name for name in book.sheetnames if name.startswith("Paradata")]
    files = {each.title: place for place, each in enumerate(book.worksheets, 1)}
    assert sum(_lines_of(path, files[name]) - 1 for name in parts) == truth.answers
    return count


def _sheet(sheet: Any) -> Iterator[tuple[Any, ...]]:
    width = None
    for row in sheet.iter_rows(values_only=True):
        width = width or len(row)
        yield (*row, *[None] * (width - len(row)))


def _lines_of(path: Path, number: int) -> int:
    """How many rows a sheet has: counted, not parsed, for there may be a million."""
    count, rest = 0, b""
    with zipfile.ZipFile(path) as archive, archive.open(f"xl/worksheets/sheet{number}.xml") as file:
        while part := file.read(1 << 20):
            found = rest + part
            count += found.count(b"<row ")
            rest = found[-4:]
    return count


def _sav(path: Path, truth: Truth) -> int:
    read = read_sav(path)
    return _coded(read.codes, read.labels, truth)


def _coded(codes: list[dict[str, str]], labels: list[dict[str, str]], truth: Truth) -> int:
    """Hold numbers with labels against it: each choice has one number everywhere, and its own words."""
    numbers: dict[tuple[str, str], str] = {}
    for code, label in zip(codes, labels, strict=True):
        given = truth.rows[code["respondent"]]
        for variable in truth.one:
            value = given.get(variable)
            if value is None:
                assert code[variable] == ("-9998" if variable in given else "-9999"), variable
                continue
            assert label[variable] == truth.label(variable, value), variable
            assert numbers.setdefault((variable, value), code[variable]) == code[variable], variable
            assert code[variable] not in _NO_ANSWER
        for variable in truth.texts:
            assert code[variable] == (given.get(variable) or "")
    taken = {(variable, number) for (variable, _), number in numbers.items()}
    assert len(taken) == len(numbers)  # no two choices share a number
    assert len(codes) == len(truth.rows)
    return len(codes)


def _dta(path: Path, truth: Truth) -> int:
    state = {"convert_missing": True, "convert_dates": False, "convert_categoricals": False}
    with pandas.io.stata.StataReader(path, **state) as reader:
        frame, words = reader.read(), reader.value_labels()
        lists = dict(zip(reader._varlist, reader._lbllist, strict=True))
    codes, labels = [], []
    for row in frame.to_dict("records"):
        texts = {name: _said(cell) for name, cell in row.items()}
        codes.append(texts)
        labels.append({name: words.get(lists[name], {}).get(_number(cell), "") for name, cell in row.items()})
    return _coded(codes, labels, truth)


def _said(cell: Any) -> str:
    text = str(cell)
    return {".a": "-9999", ".b": "-9998"}.get(text, text.removesuffix(".0"))


def _number(cell: Any) -> Any:
    """The number that a label belongs to; those of missing values follow each other from `.` on, whatever the column."""
    if isinstance(cell, pandas.io.stata.StataMissingValue):
        return _STATA_MISSING + max(0, ord(cell.string[-1]) - ord("a") + 1)
    return int(cell) if isinstance(cell, float) else cell


def _scripts(path: Path, truth: Truth) -> int:
    folder = path.parent / "scripts"
    _unpacked(path, folder)
    read = run_script(folder, f"load_{SURVEY}.sps")
    assert read is not None, "there is no PSPP here"
    return _coded(read.codes, read.labels, truth)


def _package(path: Path, truth: Truth) -> int:
    folder = path.parent / "package"
    _unpacked(path, folder)
    with system.use_context(trusted=True):
        report = Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])[:5]
    (task,) = report.tasks
    assert task.stats["rows"] == len(truth.rows)
    (data,) = folder.rglob("*.csv")
    return same_values(_table(data), truth)


def _flow_results(path: Path, truth: Truth) -> int:
    with zipfile.ZipFile(path) as archive:
        rows = json.loads(archive.read(f"{SURVEY}-data.json"))
    assert len({row[1] for row in rows}) == len(rows)
    assert all(re.fullmatch(r"[-0-9]{10}T[0-9:.]{15}\+00:00", row[0]) for row in rows)
    said = ((row[2], row[3], " ".join(row[4]) if isinstance(row[4], list) else row[4]) for row in rows)
    return same_answers(said, truth, skips=False)


def _unpacked(path: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)


_IN = ("--language", CODE)
SHOWN = (
    Shown("csv", "csv", ("--raw",), "Python", _csv),
    Shown("csv by labels", "csv", ("--raw", "--labels", *_IN), "Python", _csv_labels),
    Shown("csv, a row an answer", "csv", ("--raw", "--long", *_IN), "Python", _csv_long),
    Shown("csv with HXL tags", "csv", ("--raw", "--hxl"), "libhxl", _hxl),
    Shown("jsonl", "jsonl", ("--format", "jsonl"), "Python", _jsonl),
    Shown("jsonl, a row an answer", "jsonl", ("--format", "jsonl", "--long"), "Python", _jsonl_long),
    Shown("xlsx", "xlsx", ("--format", "xlsx", *_IN), "openpyxl", _xlsx),
    Shown("sav", "sav", ("--format", "sav", *_IN), "PSPP" if PSPP else "pyreadstat", _sav),
    Shown("dta", "dta", ("--format", "dta", *_IN), "pandas", _dta),
    Shown("parquet", "parquet", ("--format", "parquet"), "DuckDB", _parquet),
    Shown("parquet, a row an answer", "parquet", ("--format", "parquet", "--long"), "DuckDB", _parquet_long),
    *([Shown("scripts", "zip", ("--format", "scripts", *_IN), "PSPP runs the .sps", _scripts)] if PSPP else []),
    Shown("datapackage", "zip", ("--format", "datapackage"), "frictionless", _package),
    Shown("flow-results", "zip", ("--format", "flow-results"), "Python", _flow_results),
)
