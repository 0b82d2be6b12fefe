"""CSV and JSON lines: one table, streamed."""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import IO, Any

from app.flows.dictionary.variable import Missing
from app.reports.data.extract import Extract, Table
from app.reports.formats import hxl
from app.reports.lines import Counted, moment, write_csv

BOM = "\ufeff"


def write_comma(out: IO[bytes], extract: Extract) -> int:
    """Write CSV, in UTF-8 and with a mark that says so unless it is not wanted; returns the number of rows."""
    with text(out) as to:
        if extract.how.bom and not extract.how.hxl:  # programs that read tags take the mark for a letter
            to.write(BOM)
        return comma(to, extract, extract.table)


def write_lines(out: IO[bytes], extract: Extract) -> int:
    """Write one JSON object a line: numbers are numbers, what is not there is null; returns the number of rows."""
    typed = extract.wanting(typed=True)
    table, count = typed.table, 0
    names = [column.name for column in table.columns]
    encode = json.JSONEncoder(ensure_ascii=False, default=_said).encode
    with text(out) as to:
        for row in open_cells(typed, table):
            to.write(encode(dict(zip(names, row, strict=True))) + "\n")
            count += 1
    return count


def comma(to: IO[str], extract: Extract, table: Table) -> int:
    """Write a table as CSV, with a row of tags below its header where they are wanted."""
    names, rows = [column.name for column in table.columns], Counted(open_cells(extract, table))
    write_csv(to, names, _tagged(extract, table, rows), neutral=extract.how.neutral)
    return rows.count


def open_cells(extract: Extract, table: Table) -> Iterator[Sequence[Any]]:
    """Rows in which a reason for having no value is nothing, or its name where reasons are wanted."""
    if extract.how.reasons:
        return ([cell.value if cell.__class__ is Missing else cell for cell in row] for row in extract.rows(table))
    return ([None if cell.__class__ is Missing else cell for cell in row] for row in extract.rows(table))


@contextmanager
def text(out: IO[bytes]) -> Iterator[IO[str]]:
    """Text in UTF-8 into a file of bytes, which stays open."""
    made = io.TextIOWrapper(out, encoding="utf-8", newline="")
    try:
        yield made
    finally:
        made.detach()


def _tagged(extract: Extract, table: Table, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    if extract.how.hxl:
        yield [hxl.tag_of(column) for column in table.columns]
    yield from rows


def _said(cell: object) -> str | None:
    """What JSON has no word for."""
    return moment(cell) if isinstance(cell, datetime) else cell.isoformat() if isinstance(cell, date) else str(cell)
