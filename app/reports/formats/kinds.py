"""The formats that data is written in: one line each, and the module that knows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import IO

from app.reports.data.extract import Extract

Write = Callable[[IO[bytes], Extract], int]


@dataclass(frozen=True, slots=True)
class Format:
    """A format. `whole` has all tables, others one."""

    about: str
    ending: str
    media: str
    module: str
    function: str = "write"
    whole: bool = False
    long: bool = True
    """Whether it can have a row an answer."""
    needs: tuple[str, ...] = ()
    extra: str = ""
    """What of Izwi's package brings the libraries it needs."""

    @property
    def lacks(self) -> bool:
        """Whether a library is not there."""
        return any(find_spec(name) is None for name in self.needs)

    @property
    def write(self) -> Write:
        """What writes it; loaded when somebody wants it."""
        found: Write = getattr(import_module(f"app.reports.formats.{self.module}"), self.function)
        return found


_STATISTICS = ("pandas", "pyreadstat")
FORMATS: Mapping[str, Format] = {
    "csv": Format("text with commas, for everything", "csv", "text/csv; charset=utf-8", "delimited", "write_comma"),
    "jsonl": Format("a JSON object a line", "jsonl", "application/jsonl", "delimited", "write_lines"),
    "xlsx": Format(
        "Excel, with dictionary, choices, frequencies and paradata", "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "workbook", whole=True, long=False,
    ),
    "sav": Format(
        "SPSS", "sav", "application/x-spss-sav", "statistics", "write_sav", long=False, needs=_STATISTICS, extra="statistics",
    ),
    "dta": Format(
        "Stata", "dta", "application/x-stata-dta", "statistics", "write_dta", long=False, needs=_STATISTICS,
        extra="statistics",
    ),
    "parquet": Format(
        "Parquet, for DuckDB, R, pandas", "parquet", "application/vnd.apache.parquet", "parquet", needs=("pyarrow",),
        extra="parquet",
    ),
    "scripts": Format(
        "a zip: CSV with scripts that label it in SPSS, Stata and R", "zip", "application/zip", "scripts", whole=True,
        long=False,
    ),
    "datapackage": Format(
        "a zip: Frictionless data package 2.0", "zip", "application/zip", "data_package", whole=True, long=False
    ),
    "flow-results": Format(
        "a zip: FLOIP Flow Results 1.0.0-rc1", "zip", "application/zip", "flow_results", whole=True
    ),
}  # fmt: skip
