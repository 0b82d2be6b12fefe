"""A table of a page as a file, at the same address: `?format=csv`, `xlsx` or `json`."""

import io
import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal
from urllib.parse import quote

from fastapi.responses import Response

from app.reports.formats.workbook import write_sheet
from app.reports.lines import write_csv

Format = Literal["", "csv", "xlsx", "json"]
_MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def written(kind: str, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table as a file; what is not shown is empty."""
    if kind == "xlsx":
        sheet = io.BytesIO()
        write_sheet(sheet, name, columns, rows)
        return sheet.getvalue()
    text = io.StringIO()
    if kind == "csv":
        write_csv(text, columns, rows)
    else:
        json.dump([dict(zip(columns, row, strict=True)) for row in rows], text, ensure_ascii=False, indent=1)
    return text.getvalue().encode()


def sent(kind: str, name: str, content: bytes) -> Response:
    """The same as an answer to a browser."""
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(f'{name}.{kind}', safe='')}"}
    return Response(content, media_type=_MEDIA[kind], headers=headers)


def table(kind: str, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Both at once."""
    return sent(kind, name, written(kind, name, columns, rows))


def json_of(name: str, document: Any) -> Response:
    """A document as a file."""
    return sent("json", name, json.dumps(document, ensure_ascii=False, indent=1).encode())
