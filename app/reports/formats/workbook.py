"""An Excel workbook with everything that belongs to the data; memory stays small, whatever its size."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import IO, Any

from app.flows.dictionary.variable import Dictionary, Measure, Missing
from app.reports import dictionary as said
from app.reports.data.columns import label_of
from app.reports.data.extract import LONG, Extract
from app.reports.data.how import Values
from app.reports.formats.delimited import open_cells
from app.store.exports import Count

MOST_ROWS = 1_048_576
_DAY, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
# A text that begins with = stays a text, and an address is no link: respondents wrote it.
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", "_"))


def write(out: IO[bytes], extract: Extract, *, most: int = MOST_ROWS) -> int:
    """Write the workbook; returns the number of rows of data."""
    from xlsxwriter import Workbook

    with Workbook(out, _OPTIONS) as made:
        book = _Book(made, most)
        book.sheet("Read me", ("", ""), _read_me(extract))
        rows = _data(book, extract)
        plain = extract.wanting(long=False)
        languages = plain.dictionary.languages
        book.sheet("Dictionary", said.head(languages), said.rows(plain.dictionary, plain.counts))
        book.sheet("Choices", ("variable", "name", "code", *languages), _choices(plain.dictionary))
        book.sheet("Frequencies", _FREQUENCIES, _frequencies(plain))
        book.sheet("Paradata", _BESIDE, _paradata(extract))
    return rows


def write_dictionary(out: IO[bytes], about: Dictionary, counts: Mapping[str, Count]) -> None:
    """Write the dictionary and the choices alone."""
    from xlsxwriter import Workbook

    with Workbook(out, _OPTIONS) as made:
        book = _Book(made, MOST_ROWS)
        book.sheet("Dictionary", said.head(about.languages), said.rows(about, counts))
        book.sheet("Choices", ("variable", "name", "code", *about.languages), _choices(about))


def write_sheet(out: IO[bytes], name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write one table of any kind."""
    from xlsxwriter import Workbook

    with Workbook(out, _OPTIONS) as made:
        _Book(made, MOST_ROWS).sheet(name, head, rows)


class _Book:
    """Sheets that go on in another one when they are full."""

    def __init__(self, made: Any, most: int) -> None:
        self._made, self._most = made, most
        self._taken: set[str] = set()
        self._bold = made.add_format({"bold": True})
        self._day, self._moment = made.add_format({"num_format": _DAY}), made.add_format({"num_format": _MOMENT})

    def sheet(self, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Write rows under a head, which each part has again; returns how many."""
        count, line, part, sheet = 0, self._most, 0, None
        for row in rows:
            if line >= self._most:
                part, line = part + 1, 1
                sheet = self._begun(name, part, head)
            for place, cell in enumerate(row):
                self._write(sheet, line, place, cell)
            line, count = line + 1, count + 1
        if sheet is None:
            self._begun(name, 1, head)
        return count

    def _begun(self, name: str, part: int, head: Sequence[str]) -> Any:
        sheet = self._made.add_worksheet(self._free(name, f" {part}" if part > 1 else ""))
        for place, title in enumerate(head):
            sheet.write_string(0, place, title, self._bold)
        sheet.freeze_panes(1, 0)
        return sheet

    def _free(self, name: str, ending: str) -> str:
        """Excel takes 31 letters, and no name twice."""
        safe, number = name.translate(_FORBIDDEN), 1
        found = f"{safe[: 31 - len(ending)]}{ending}"
        while found.lower() in self._taken:
            number += 1
            tail = f"~{number}{ending}"
            found = f"{safe[: 31 - len(tail)]}{tail}"
        self._taken.add(found.lower())
        return found

    def _write(self, sheet: Any, line: int, place: int, cell: Any) -> None:
        match cell:
            case None | "":
                return
            case str():
                sheet.write_string(line, place, cell)
            case datetime():
                sheet.write_datetime(line, place, cell.replace(tzinfo=None), self._moment)
            case date() if cell.year >= 1900:
                sheet.write_datetime(line, place, datetime(cell.year, cell.month, cell.day), self._day)  # noqa: DTZ001
            case date():
                sheet.write_string(line, place, cell.isoformat())  # Excel's calendar begins in 1900
            case _:
                sheet.write_number(line, place, cell)


def _data(book: _Book, extract: Extract) -> int:
    count = 0
    for title, values in (("codes", Values.NAMES), ("labels", Values.LABELS)):
        typed = extract.wanting(values=values, typed=True)
        for number, table in enumerate(typed.tables):
            name = f"Data ({title})" if number == 0 else f"{table.repeats[-1][:20]} ({title})"
            head = [column.name if values is Values.NAMES else column.label for column in table.columns]
            count += book.sheet(name, head, open_cells(typed, table))
    return count // 2


def _read_me(extract: Extract) -> Iterator[Sequence[Any]]:
    about = extract.dictionary
    yield "Survey", about.title
    yield "Name", about.survey
    yield "Versions", ", ".join(about.versions)
    yield "Made at (UTC)", extract.at
    yield "Runs", extract.runs
    yield "Which", "; ".join(said.told(extract.which))
    yield "Language of labels", about.languages.get(extract.how.language, extract.how.language)
    yield "", ""
    yield (
        "Data (codes)",
        "A row a run; choices by their names in the form. Repeats have sheets of their own: join them by `run`.",
    )
    yield "Data (labels)", "The same with the words of choices and questions."
    yield "Dictionary", "Every variable: its question in each language, who was asked, how often, and what came of it."
    yield "Choices", "Every choice with its name, its number and its words."
    yield "Frequencies", "How often each choice was taken."
    yield (
        "Paradata",
        "Every answer: when it was asked and answered, in which language, over what, after how many tries.",
    )
    yield "", ""
    yield (
        "Nobody is named",
        "A respondent is a pseudonym in this survey. Words that people wrote may name somebody: look before you share.",
    )
    yield (
        "Empty cells",
        "It was not asked, or skipped; Paradata has a row for what was asked. Refused and don't know are choices.",
    )


def _choices(about: Dictionary) -> Iterator[Sequence[Any]]:
    for variable in about.variables:
        for each in variable.categories:
            labels = (each.labels.get(code, "") for code in about.languages)
            yield (variable.column, each.name, each.code, *labels)


_FREQUENCIES = ("variable", "question", "name", "choice", "count", "percent of those asked")


def _frequencies(extract: Extract) -> Iterator[Sequence[Any]]:
    found, language = extract.frequencies(), extract.how.language
    for variable in extract.dictionary.variables:
        if not variable.categories or variable.measure is Measure.ORDER:
            continue  # who puts choices in an order takes them all
        given: Mapping[str | None, int] = found.get(variable.name, {})
        asked = sum(given.values())
        times = dict.fromkeys((each.name for each in variable.categories), 0)
        for value, count in given.items():
            for name in (value or "").split():
                times[name] = times.get(name, 0) + count
        labels = {each.name: label_of(each, language) for each in variable.categories}
        times |= {Missing.SKIPPED.value: given.get(None, 0)} if None in given else {}
        for name, count in times.items():
            share = round(100 * count / asked, 1) if asked else None
            yield variable.column, variable.label(language), name, labels.get(name, ""), count, share


# What is told of an answer besides what it says.
_BESIDE = ("respondent", "run", "variable", "repeat_position", "missing", "asked_in", "channel", "attempts", "asked_at",
           "answered_at")  # fmt: skip
_PLACES = [[column.name for column in LONG].index(name) for name in _BESIDE]


def _paradata(extract: Extract) -> Iterator[Sequence[Any]]:
    long = extract.wanting(long=True, typed=True)
    return ([row[place] for place in _PLACES] for row in long.rows(long.tables[0]))
