"""CSV with scripts that load and label it in SPSS, Stata and R: needs no library, and no more memory for more rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO, Any

from app.flows.dictionary.variable import Missing
from app.reports.data.columns import Cell, Column, Kind
from app.reports.data.extract import Extract, Table
from app.reports.data.how import Values
from app.reports.formats import reasons
from app.reports.formats.archive import zipped
from app.reports.lines import moment, write_csv

README = """\
{title}
Data and scripts that load it with its labels. Start the script of your program in this folder:
load_….sps for SPSS and PSPP, load_….do for Stata 14 and later, load_….R for R; there is one for each table.

A number below -9990 says why there is no answer: {reasons}.
Times are in UTC. Words that people wrote may name somebody: look before you share.
"""


def write(out: IO[bytes], extract: Extract) -> int:
    """Write the zip; returns the number of rows."""
    coded, count = extract.wanting(values=Values.CODES, typed=True, long=False), 0
    language = coded.how.language
    with zipped(out, coded.at) as archive:
        for table in coded.tables:
            widths = [1] * len(table.columns)
            with archive.file(f"{table.name}.csv") as to:
                names = [column.short for column in table.columns]
                count += write_csv(to, names, _plain(coded, table, widths), neutral=False)
            for ending, script in _SCRIPTS.items():
                lines = script(coded.dictionary.title, table, widths, language)
                archive.put(f"load_{table.name}.{ending}", "\n".join(lines) + "\n")
        told = ", ".join(f"{code} {reasons.WORDS[reason].lower()}" for reason, code in reasons.NUMBERS.items())
        archive.put("README.txt", README.format(title=coded.dictionary.title, reasons=told))
    return count


def _plain(extract: Extract, table: Table, widths: list[int]) -> Iterator[Sequence[Any]]:
    """Rows of numbers and of texts in one line; `widths` becomes the bytes that each column takes."""
    write = [_number if column.numeric else _text for column in table.columns]
    for row in extract.rows(table):
        cells = [say(cell) for say, cell in zip(write, row, strict=True)]
        for place, cell in enumerate(cells):
            if len(cell) * 4 > widths[place]:
                widths[place] = max(widths[place], len(cell.encode()))
        yield cells


def _number(cell: Cell) -> str:
    found = reasons.number(cell)
    return "" if found is None else str(int(found)) if found.is_integer() else repr(found)


def _text(cell: Cell) -> str:
    """SPSS reads no cell that goes over lines."""
    if cell is None or isinstance(cell, Missing):
        return ""
    return " ".join(str(moment(cell) if isinstance(cell, datetime) else cell).split())


def _spss(title: str, table: Table, widths: Sequence[int], language: str) -> Iterator[str]:
    yield f"* {_line(title)}."
    yield f"GET DATA /TYPE=TXT /FILE={_single(f'{table.name}.csv')} /ENCODING='UTF8' /ARRANGEMENT=DELIMITED"
    yield "  /DELCASE=LINE /FIRSTCASE=2 /DELIMITERS=',' /QUALIFIER='\"' /VARIABLES="
    for column, width in zip(table.columns, widths, strict=True):
        yield f"    {column.short} {_SPSS.get(column.kind) or f'A{min(max(width, 1), 32767)}'}"
    yield "  ."
    for column in table.columns:
        yield f"VARIABLE LABELS {column.short} {_single(reasons.cut(column.label, 250))}."
        if column.numeric:
            pairs = " ".join(f"{code} {_single(reasons.cut(words, 118))}" for code, words in _labels(column, language))
            yield f"VALUE LABELS {column.short} {pairs}."
            yield f"MISSING VALUES {column.short} ({reasons.LOWEST} THRU {reasons.HIGHEST})."
    yield "EXECUTE."


def _stata(title: str, table: Table, _: Sequence[int], language: str) -> Iterator[str]:
    texts = [str(place) for place, column in enumerate(table.columns, start=1) if not column.numeric]
    yield f"* {_line(title)}"
    yield f'import delimited using "{table.name}.csv", clear varnames(1) case(preserve) encoding("utf-8") ///'
    yield f"  bindquote(strict) stringcols({' '.join(texts)})"
    letters = " \\ ".join(f"{number} = .{reasons.LETTERS[reason]}" for reason, number in reasons.NUMBERS.items())
    for column in table.columns:
        name = column.short
        yield f"label variable {name} {_compound(reasons.cut(column.label, 80))}"
        if len(column.label) > 80:
            yield f"note {name}: {_line(column.label)}"
        if column.numeric:
            pairs = " ".join(
                f"{_letter(code)} {_compound(words)}" for code, words in reasons.labels(column, language).items()
            )
            yield from (f"mvdecode {name}, mv({letters})", f"label define l_{name[:30]} {pairs}, replace")
            yield f"label values {name} l_{name[:30]}"
        elif column.kind in _STATA:
            mask, form = _STATA[column.kind]
            yield f"generate double _made = {mask.format(name)}"
            yield from (f"drop {name}", f"rename _made {name}", f"format {name} {form}")
            yield f"label variable {name} {_compound(reasons.cut(column.label, 80))}"
    yield f"order {' '.join(column.short for column in table.columns)}"
    yield "compress"


def _r(title: str, table: Table, _: Sequence[int], language: str) -> Iterator[str]:
    yield f"# {_line(title)}"
    kinds = ", ".join(f"{column.short} = {_double(_R.get(column.kind, 'character'))}" for column in table.columns)
    yield f'data <- read.csv({_double(f"{table.name}.csv")}, encoding = "UTF-8", na.strings = "", check.names = FALSE,'
    yield f"  colClasses = c({kinds}))"
    for column in table.columns:
        name = f"data[[{_double(column.short)}]]"
        if column.coded or column.choice:
            pairs = _labels(column, language)
            codes, words = ", ".join(str(code) for code, _ in pairs), ", ".join(_double(words) for _, words in pairs)
            yield f"{name} <- factor({name}, levels = c({codes}), labels = make.unique(c({words})))"
        elif column.numeric:
            yield f"{name}[{name} %in% {reasons.LOWEST}:{reasons.HIGHEST}] <- NA"
        yield f'attr({name}, "label") <- {_double(column.label)}'


_SCRIPTS: dict[str, Callable[[str, Table, Sequence[int], str], Iterable[str]]] = {"sps": _spss, "do": _stata, "R": _r}
_SPSS = {Kind.WHOLE: "F12.0", Kind.NUMBER: "F16.4", Kind.DATE: "SDATE10"}
_STATA = {
    Kind.DATE: ('date({0}, "YMD")', "%td"),
    Kind.MOMENT: ('clock(subinstr(subinstr({0}, "T", " ", 1), "Z", "", 1), "YMDhms")', "%tc"),
}
_R = {Kind.WHOLE: "numeric", Kind.NUMBER: "numeric", Kind.DATE: "Date"}


def _labels(column: Column, language: str) -> list[tuple[int, str]]:
    return [
        (reasons.NUMBERS[code] if isinstance(code, Missing) else code, words)
        for code, words in reasons.labels(column, language).items()
    ]


def _letter(code: int | Missing) -> str:
    return f".{reasons.LETTERS[code]}" if isinstance(code, Missing) else str(code)


def _line(text: str) -> str:
    """One line; a full stop at the end of one ends a comment in SPSS, a dollar sign begins a macro in Stata."""
    return " ".join(text.replace("$", "").replace("`", "'").split()).rstrip(".")


def _single(text: str) -> str:
    plain = " ".join(text.split()).replace("'", "''")
    return f"'{plain}'"


def _compound(text: str) -> str:
    """Stata's own way to quote what has quotes in it."""
    plain = " ".join(text.split()).replace("`", "'").replace("$", "")
    return f'`"{plain}"\''


def _double(text: str) -> str:
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
