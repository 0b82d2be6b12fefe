"""Files of contacts: CSV as Excel and others write it, and XLSX; row after row, never the whole file at once.

Every cell becomes text. A row's number is the one that a spreadsheet shows for it.
"""

import codecs
import csv
import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_MOST_LINES = 20
_CHUNK = 1 << 20
_MOST_TEXTS = 300 << 20  # all of them are held in memory at once

Rows = Iterator[tuple[int, list[str]]]


class BadFile(ValueError):
    """The file cannot be read as a list of contacts; the message says why, and how to mend it."""


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A text file with separated columns."""

    path: Path
    encoding: str
    described: str
    separator: str
    skip: int
    """1 for a file that begins with Excel's own `sep=;`."""

    def rows(self) -> Rows:
        """All rows with their numbers, the blank ones too."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.separator, strict=True)
            line = number = 0
            while True:
                try:
                    cells = next(reader, None)
                except csv.Error:
                    raise BadFile(
                        f"row {number + 1}: a quotation mark is not where it should be, or never closes"
                    ) from None
                if cells is None:
                    return
                number += 1
                if reader.line_num - line > _MOST_LINES:
                    raise BadFile(f"row {number}: a quotation mark opens here and closes only many lines later")
                line = reader.line_num
                if number > self.skip:
                    yield number, cells


@dataclass(frozen=True, slots=True)
class XlsxFile:
    """One sheet of a workbook."""

    path: Path
    sheet: str
    described: str

    def rows(self) -> Rows:
        """All rows with their numbers, the blank ones too."""
        book = _workbook(self.path)
        try:
            sheet = book[self.sheet]
            sheet.reset_dimensions()  # what a file says of its own size may be anything
            for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                yield number, [_text(cell) for cell in cells]
        finally:
            book.close()


File = CsvFile | XlsxFile


def read(path: Path, sheet: str | None = None) -> File:
    """Find out what kind of file it is. Raises `BadFile`."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise BadFile(f"it cannot be opened: {error.strerror}") from None
    if start.startswith(b"PK\x03\x04"):
        return _xlsx(path, sheet)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadFile("it is an .xls file of old, or has a password: save it as .xlsx or as CSV, without one")
    if sheet is not None:
        raise BadFile("a CSV file has no sheets: leave --sheet out")
    if not start.strip():
        raise BadFile("it is empty")
    return _csv(path, start)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# -- CSV ------------------------------------------------------------------------------------------------------------


def _csv(path: Path, start: bytes) -> CsvFile:
    encoding, name = _encoding(path, start)
    with path.open(encoding=encoding, newline=None) as file:
        first = next((line for line in file if line.strip()), "")
    if first.lower().startswith("sep=") and len(first.rstrip("\r\n")) == 5:
        separator, skip = first[4], 1
    else:
        separator, skip = _separator(first), 0
    described = f"CSV in {name}, separated by {_SEPARATORS.get(separator, separator)}"
    return CsvFile(path, encoding, described, separator, skip)


def _encoding(path: Path, start: bytes) -> tuple[str, str]:
    """By the mark at the beginning; without one, UTF-8 if the whole file is that, else what Excel writes here."""
    for bom, encoding, name in _BOMS:
        if start.startswith(bom):
            return (encoding, name) if _decodes(path, encoding) else _neither()
    # Without a mark: latin letters in UTF-16 have a zero in every second byte.
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if start[place::2].count(0) > len(start) // 4:
            return (encoding, "UTF-16") if _decodes(path, encoding) else _neither()
    for encoding, name in (("utf-8", "UTF-8"), ("windows-1252", "windows-1252")):
        if _decodes(path, encoding):
            return encoding, name
    return _neither()


def _neither() -> tuple[str, str]:
    raise BadFile('its letters cannot be read; in Excel, save it as "CSV UTF-8"')


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(line: str) -> str:
    """What most often stands between the cells of the first line, outside quotation marks."""
    outside = "".join(line.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)


# -- XLSX -----------------------------------------------------------------------------------------------------------


def sheets(file: File) -> list[str]:
    """The sheets of a workbook, to choose from; none of other files."""
    if not isinstance(file, XlsxFile):
        return []
    book = _workbook(file.path)
    try:
        return [each.title for each in book.worksheets]
    finally:
        book.close()


def _xlsx(path: Path, sheet: str | None) -> XlsxFile:
    book = _workbook(path)
    try:
        names = [each.title for each in book.worksheets]
        filled = [each.title for each in book.worksheets if _is_filled(each)]
    finally:
        book.close()
    if sheet is not None and sheet not in names:
        raise BadFile(f"it has no sheet {sheet}. It has: {', '.join(names)}")
    if sheet is None and not filled:
        raise BadFile("it is empty")
    chosen = sheet or filled[0]
    others = [name for name in filled if name != chosen]
    left_out = f"; left out: {', '.join(others)} (--sheet chooses)" if others else ""
    return XlsxFile(path, chosen, f"Excel, sheet {chosen}{left_out}")


def _is_filled(sheet: Any) -> bool:
    sheet.reset_dimensions()
    return any(cell is not None for row in sheet.iter_rows(max_row=50, values_only=True) for cell in row)


def _workbook(path: Path) -> Any:
    import openpyxl  # heavy, and of no use to other commands
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        _refuse_heavy(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it says of styles and lists of choices is of no matter here
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except BadFile:
        raise
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError):
        raise BadFile("it is no Excel file that can be read; open it in Excel and save it again, or as CSV") from None


def _refuse_heavy(path: Path) -> None:
    with ZipFile(path) as packed:
        texts = sum(each.file_size for each in packed.infolist() if each.filename.endswith("sharedStrings.xml"))
    if texts > _MOST_TEXTS:
        raise BadFile("its texts take too much room; save it as CSV")


def _text(cell: object) -> str:
    """A cell as it would be typed."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer() and abs(cell) < 2**53:
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case date():  # a moment too
            return cell.isoformat()
        case _:
            return str(cell)
