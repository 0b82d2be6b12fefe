"""Files as people have them: CSV of every kind that Excel writes, and XLSX."""

from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from app.gateway.contacts import reading
from app.gateway.contacts.reading import BadFile

TEXT = 'Cell,Village\n0770000001,"Épworth, A"\n\n0770000002,Mutoko\n'
ROWS = [(1, ["Cell", "Village"]), (2, ["0770000001", "Épworth, A"]), (3, []), (4, ["0770000002", "Mutoko"])]


def written(folder: Path, content: bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("encoding", "described"),
    [
        ("utf-8", "CSV in UTF-8, separated by commas"),
        ("utf-8-sig", "CSV in UTF-8, separated by commas"),
        ("utf-16", "CSV in UTF-16, separated by commas"),
        ("utf-16-le", "CSV in UTF-16, separated by commas"),
        ("utf-16-be", "CSV in UTF-16, separated by commas"),
        ("windows-1252", "CSV in windows-1252, separated by commas"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_csv_file_is_read_in_the_letters_it_has(tmp_path: Path, encoding: str, described: str, end: str) -> None:
    file = reading.read(written(tmp_path, TEXT.replace("\n", end).encode(encoding)))

    assert file.described == described
    assert list(file.rows()) == ROWS


def test_a_mark_of_utf_16_in_the_other_order_is_known(tmp_path: Path) -> None:
    assert list(reading.read(written(tmp_path, b"\xfe\xff" + TEXT.encode("utf-16-be"))).rows()) == ROWS


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_columns_are_parted_by_what_the_first_line_has(tmp_path: Path, sign: str, name: str) -> None:
    text = f'"Cell, or phone"{sign}Village\n0770000001{sign}Mutoko, A\n'

    file = reading.read(written(tmp_path, text.encode()))

    assert file.described == f"CSV in UTF-8, separated by {name}"
    assert list(file.rows())[1] == (2, ["0770000001", "Mutoko, A"])


def test_excels_own_first_line_says_what_parts_columns(tmp_path: Path) -> None:
    file = reading.read(written(tmp_path, b"sep=;\r\nCell;A,B,C\r\n0770000001;x\r\n"))

    assert list(file.rows()) == [(2, ["Cell", "A,B,C"]), (3, ["0770000001", "x"])]


def test_one_column_is_a_list_too(tmp_path: Path) -> None:
    assert list(reading.read(written(tmp_path, b"0770000001\n0770000002")).rows()) == [
        (1, ["0770000001"]),
        (2, ["0770000002"]),
    ]


def test_a_cell_of_several_lines_is_one_row_as_in_a_spreadsheet(tmp_path: Path) -> None:
    rows = list(reading.read(written(tmp_path, b'a,b\n1,"x\ny"\n2,z\n')).rows())

    assert rows == [(1, ["a", "b"]), (2, ["1", "x\ny"]), (3, ["2", "z"])]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"a,b\n1,\x81\xff\xfe\x9d\n", 'its letters cannot be read; in Excel, save it as "CSV UTF-8"'),
        (b"\xef\xbb\xbfa,b\n\xff\n", 'its letters cannot be read; in Excel, save it as "CSV UTF-8"'),
        (b"\xd0\xcf\x11\xe0rest", "it is an .xls file of old, or has a password"),
        (b"PK\x03\x04rest", "it is no Excel file that can be read"),
    ],
)
def test_what_is_no_list_is_refused_with_a_cure(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(BadFile, match=says):
        reading.read(written(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('a,b\n1,"x\n2,y\n', "row 2: a quotation mark is not where it should be, or never closes"),
        ('a,b\n1,"x" y\n', "row 2: a quotation mark is not where it should be, or never closes"),
        ('a,b\n1,"' + "x\n" * 30 + '"\n', "row 2: a quotation mark opens here and closes only many lines later"),
        ('a,b\n1,"' + "x" * 200_000 + '"\n', "row 2: a quotation mark is not where it should be, or never closes"),
    ],
)
def test_a_stray_quotation_mark_swallows_no_rows(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(BadFile, match=says):
        list(reading.read(written(tmp_path, content.encode())).rows())


def workbook(folder: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path = folder / "list.xlsx"
    book.save(path)
    return path


def test_cells_of_excel_become_what_one_would_type(tmp_path: Path) -> None:
    values: list[object] = [
        770000001,
        770000001.0,
        2.5,
        True,
        date(2009, 3, 1),
        datetime.fromisoformat("2009-03-01T08:30:00"),
        None,
        " x ",
    ]
    path = workbook(tmp_path, {"Sheet": [["a"] * len(values), values]})

    file = reading.read(path)

    shown = ["770000001", "770000001", "2.5", "yes", "2009-03-01", "2009-03-01T08:30:00", "", " x "]
    assert list(file.rows())[1] == (2, shown)


def test_the_first_sheet_with_something_in_it_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, {"Empty": [], "June": [["0770000001"]], "July": [["0770000002"]]})

    assert reading.read(path).described == "Excel, sheet June; left out: July (--sheet chooses)"
    assert list(reading.read(path, "July").rows()) == [(1, ["0770000002"])]
    with pytest.raises(BadFile, match=r"it has no sheet May\. It has: Empty, June, July"):
        reading.read(path, "May")


def test_an_empty_workbook_and_a_sheet_of_a_csv_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="it is empty"):
        reading.read(workbook(tmp_path, {"Empty": []}))
    with pytest.raises(BadFile, match="a CSV file has no sheets"):
        reading.read(written(tmp_path, b"a"), "June")
