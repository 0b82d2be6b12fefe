"""SPSS and Stata files. The libraries that write them want all data at once, so memory grows with it."""

import tempfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Any

from app.flows.dictionary.variable import Missing
from app.reports.data.columns import Cell, Column, Kind
from app.reports.data.extract import Extract, Table
from app.reports.data.how import BadWish, Values
from app.reports.formats import reasons

MOST_CELLS = 30_000_000
"""About 3 GB of memory."""
_LONGEST_LABEL = 80
_MOMENTS = {Kind.DATE, Kind.MOMENT}


def write_sav(out: IO[bytes], extract: Extract) -> int:
    """Write an SPSS file; returns the number of rows."""
    import pyreadstat

    coded, table, columns = _gathered(extract, reasons.number)
    numeric = [column for column in table.columns if column.numeric]
    language = coded.how.language
    span = [{"lo": reasons.LOWEST, "hi": reasons.HIGHEST}]
    values = {each.short: _numbered(each, language) for each in numeric}
    _written(
        out, ".sav", pyreadstat.write_sav, _frame(table, columns),
        file_label=reasons.cut(coded.dictionary.title, 64),
        column_labels={each.short: reasons.cut(each.label, 255) for each in table.columns},
        variable_value_labels=values,
        missing_ranges={each.short: span for each in numeric},
        note=_in_lines(_notes(coded, table)),
        variable_format={each.short: "F8.0" for each in numeric if each.kind is Kind.WHOLE},
        variable_measure={each.short: _measure(each) for each in table.columns},
    )  # fmt: skip
    return len(columns[0])


def write_dta(out: IO[bytes], extract: Extract) -> int:
    """Write a Stata file (version 15 and later: texts in any alphabet); returns the number of rows."""
    import pyreadstat

    coded, table, columns = _gathered(extract, _lettered)
    numeric = [column for column in table.columns if column.numeric]
    language = coded.how.language
    values = {
        each.short: {
            reasons.LETTERS[code] if isinstance(code, Missing) else code: words
            for code, words in reasons.labels(each, language).items()
        }
        for each in numeric
    }
    _written(
        out, ".dta", pyreadstat.write_dta, _frame(table, columns), file_label=coded.dictionary.title[:_LONGEST_LABEL],
        column_labels={each.short: _cut(each.label) for each in table.columns}, variable_value_labels=values,
        missing_user_values={each.short: sorted(reasons.LETTERS.values()) for each in numeric}, version=15,
    )  # fmt: skip
    return len(columns[0])


def _gathered(extract: Extract, number: Callable[[Cell], float | str | None]) -> tuple[Extract, Table, list[list[Any]]]:
    """All cells of the table that is wanted, column by column."""
    coded = extract.wanting(values=Values.CODES, typed=True, long=False)
    table = coded.table
    cells = coded.runs * len(table.columns)
    if cells > MOST_CELLS:
        raise BadWish(
            f"{coded.runs:,} runs with {cells:,} cells are too many for a file that has to be made in memory. Take less, with "
            "--from and --to or --multiples joined; or take --format scripts, which loads into the same programs."
        )
    columns: list[list[Any]] = [[] for _ in table.columns]
    writers = [
        (number if column.numeric else _moment if column.kind in _MOMENTS else _text, into.append)
        for column, into in zip(table.columns, columns, strict=True)
    ]
    for row in coded.rows(table):
        for cell, (read, add) in zip(row, writers, strict=True):
            add(read(cell))
    return coded, table, columns


def _frame(table: Table, columns: Sequence[list[Any]]) -> Any:
    import pandas

    made = {}
    for column, cells in zip(table.columns, columns, strict=True):
        if column.kind is Kind.MOMENT:
            made[column.short] = pandas.to_datetime(pandas.Series(cells, dtype="datetime64[us]"))
        elif column.numeric and not any(isinstance(cell, str) for cell in cells):
            made[column.short] = pandas.Series(cells, dtype="float64")
        else:
            made[column.short] = pandas.Series(cells, dtype="object")
    return pandas.DataFrame(made)


def _written(out: IO[bytes], ending: str, write: Callable[..., None], frame: Any, **told: Any) -> None:
    """The library writes to a name; what it wrote goes where the export goes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data{ending}"
        write(frame, str(path), **told)
        with path.open("rb") as made:
            copyfileobj(made, out)


def _numbered(column: Column, language: str) -> dict[float, str]:
    return {
        float(reasons.NUMBERS[code] if isinstance(code, Missing) else code): reasons.cut(words, 120)
        for code, words in reasons.labels(column, language).items()
    }


def _lettered(cell: Cell) -> float | str | None:
    """In Stata a letter says why there is no number."""
    if isinstance(cell, Missing):
        return reasons.LETTERS[cell]
    return float(cell) if isinstance(cell, int | float) else None


def _moment(cell: Cell) -> Any:
    """Dates and moments know no reasons; moments are in UTC."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    return cell if isinstance(cell, date) else None


def _text(cell: Cell) -> str:
    return "" if cell is None or isinstance(cell, Missing) else str(cell)


def _measure(column: Column) -> str:
    return "nominal" if column.coded or column.choice or not column.numeric else "scale"


def _cut(label: str) -> str:
    """Stata takes 80 letters; the dictionary has the whole."""
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def _in_lines(notes: Sequence[str]) -> list[str]:
    """SPSS takes 80 bytes a line."""
    lines: list[str] = []
    for note in notes:
        line = ""
        for word in note.split():
            longer = f"{line} {word}".strip()
            if line and len(longer.encode()) > _LONGEST_LABEL:
                lines.append(reasons.cut(line, _LONGEST_LABEL))
                longer = word
            line = longer
        lines.append(reasons.cut(line, _LONGEST_LABEL))
    return lines


def _notes(extract: Extract, table: Table) -> list[str]:
    about = extract.dictionary
    lines = [
        f"{about.title}, versions {', '.join(about.versions)}; made by Izwi at {extract.at.isoformat(timespec='seconds')}."
    ]
    return lines + [f"{each.short}: {each.label}" for each in table.columns if len(each.label) > _LONGEST_LABEL]
