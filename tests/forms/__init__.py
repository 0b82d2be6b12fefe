"""Forms of all kinds, and the same form in each kind of file."""

import csv
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from pyxform.xls2json_backends import get_xlsform

from app.flows.flow import Flow
from app.flows.reading.compile import compile_form
from app.gateway.bringing import bring

FORMS = Path(__file__).parent
Sheets = dict[str, list[list[str]]]


def flow_of(name: str) -> Flow:
    """Load and compile a form of this folder."""
    return compile_form(bring(FORMS / name))


def sheets_of(name: str) -> Sheets:
    """The tables of a form, its header row first."""
    form: Any = get_xlsform(FORMS / name)
    found = {}
    for sheet in ("survey", "choices", "settings"):
        rows = getattr(form, sheet) or []
        columns = list((getattr(form, f"{sheet}_header") or [{}])[0])
        if columns:
            found[sheet] = [columns, *([row.get(column) or "" for column in columns] for row in rows)]
    return found


def as_xlsx(sheets: Sheets) -> bytes:
    """Write tables as an Excel file."""
    book, file = Workbook(), BytesIO()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file.getvalue()


def as_csv(sheets: Sheets) -> bytes:
    """Write tables as XLSForm has them in one CSV file."""
    file = StringIO(newline="")
    writer = csv.writer(file)
    for name, rows in sheets.items():
        writer.writerow([name])
        writer.writerows(["", *row] for row in rows)
    return file.getvalue().encode()
