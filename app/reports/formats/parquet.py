"""Parquet: one table, written in chunks, with types and labels in its schema."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Any

from app.flows.dictionary.variable import Missing
from app.reports.data.columns import Cell, Column, Kind
from app.reports.data.extract import Extract

_CHUNK = 20_000


def write(out: IO[bytes], extract: Extract) -> int:
    """Write the table; returns the number of rows."""
    import pyarrow
    from pyarrow import parquet

    typed = extract.wanting(typed=True)
    table, count = typed.table, 0
    kinds = {
        Kind.TEXT: pyarrow.string(), Kind.WHOLE: pyarrow.int64(), Kind.NUMBER: pyarrow.float64(), Kind.DATE: pyarrow.date32(),
        Kind.MOMENT: pyarrow.timestamp("us", tz="UTC"),
    }  # fmt: skip
    fields = [pyarrow.field(each.name, kinds[each.kind], metadata=_about(each)) for each in table.columns]
    about = {"title": typed.dictionary.title, "survey": typed.dictionary.survey, "made_at": typed.at.isoformat()}
    schema = pyarrow.schema(fields, metadata=about)
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for chunk in _chunks(typed.rows(table)):
            columns = [
                [_fit(cell, column.kind) for cell in cells]
                for column, cells in zip(table.columns, zip(*chunk, strict=True), strict=True)
            ]
            writer.write_batch(pyarrow.record_batch(columns, schema=schema))
            count += len(chunk)
    return count


def _chunks(rows: Iterator[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _fit(cell: Cell, kind: Kind) -> Any:
    """What does not fit its column, as an older version may have let people write, is left out."""
    if cell is None or isinstance(cell, Missing):
        return None
    if kind is Kind.WHOLE:
        return int(cell) if isinstance(cell, int) or (isinstance(cell, float) and cell.is_integer()) else None
    return None if kind is not Kind.TEXT and isinstance(cell, str) else cell


def _about(column: Column) -> dict[str, str]:
    about = {"label": column.label}
    if column.variable is not None and column.choice is None and column.variable.categories:
        choices = {each.name: dict(each.labels) for each in column.variable.categories}
        about["choices"] = json.dumps(choices, ensure_ascii=False)
    return about
