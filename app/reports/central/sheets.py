"""Records as the CSV files that ODK Central gives: the root, and a file for each repeat with the keys to join them."""

import csv
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import IO, Any

from app.reports.central.fields import Kind, Node, Table
from app.reports.central.rows import name_of, places, system
from app.reports.lines import harmless
from app.reports.records import file_name

_ABOUT = {
    "SubmitterID": "submitterId", "SubmitterName": "submitterName", "AttachmentsPresent": "attachmentsPresent",
    "AttachmentsExpected": "attachmentsExpected", "Status": "status", "ReviewState": "reviewState",
    "DeviceID": "deviceId", "Edits": "edits", "FormVersion": "formVersion",
}  # fmt: skip
_GEOPOINT = ("Latitude", "Longitude", "Altitude", "Accuracy")


def write_zip(
    out: IO[bytes], found: Iterable[Any], form: str, tables: Sequence[Table], draft: Callable[[], IO[str]],
    *, short: bool = False,
) -> int:  # fmt: skip
    """Write all tables, each record read once, so that the files are of the same moment; returns the number of records.

    `draft` opens a file for what is not packed yet, `short` leaves the groups out of the names of columns.
    """
    count, names = 0, _names(form, tables)
    with ExitStack() as stack:
        drafts = [stack.enter_context(draft()) for _ in tables]
        writers = [csv.writer(each, lineterminator="\r\n") for each in drafts]
        for writer, table in zip(writers, tables, strict=True):
            writer.writerow(header(table, short=short))
        for row in found:
            count += 1
            for writer, table in zip(writers, tables, strict=True):
                writer.writerows(cells(row, table))
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, each in zip(names, drafts, strict=True):
                each.seek(0)
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as packed:
                    while part := each.read(1 << 16):
                        packed.write(part.encode())
    return count


def header(table: Table, *, short: bool = False) -> list[str]:
    """The names of columns."""
    fields = [name for name, _ in _columns(table.nodes, "", short)]
    if table.steps:
        return [*fields, "PARENT_KEY", "KEY"]
    return ["SubmissionDate", *fields, "KEY", *_ABOUT]


def cells(row: Any, table: Table) -> Iterator[list[str]]:
    """The lines of a record. What a spreadsheet would run as a formula gets an apostrophe."""
    about = system(row)
    for place in places(row, table.steps):
        fields = [harmless(each) for each in _cells(place.element, table.nodes)]
        if table.steps:
            yield [*fields, place.parent, place.id]
        else:
            known = ["" if about[name] is None else str(about[name]) for name in _ABOUT.values()]
            yield [about["submissionDate"], *fields, name_of(row), *known]


def _columns(nodes: Sequence[Node], way: str, short: bool) -> Iterator[tuple[str, Node]]:
    for node in nodes:
        name = node.name if short else f"{way}{node.name}"
        if node.kind == Kind.GROUP:
            yield from _columns(node.nodes, f"{way}{node.name}-", short)
        elif node.type == "geopoint":
            yield from ((f"{name}-{each}", node) for each in _GEOPOINT)
        elif node.kind == Kind.VALUE:
            yield name, node


def _cells(element: Any, nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        found = None if element is None else element.find(f"{{*}}{node.name}")
        if node.kind == Kind.GROUP:
            yield from _cells(found, node.nodes)
        elif node.kind == Kind.VALUE:
            text = "" if found is None else found.text or ""
            yield from ([*text.split(), "", "", "", ""][:4] if node.type == "geopoint" else (text,))


def _names(form: str, tables: Sequence[Table]) -> list[str]:
    """The names of the files: a repeat has its own, with a number where several are called so."""
    called = Counter(table.steps[-1].name for table in tables if table.steps)
    names, numbers = [], Counter[str]()
    for table in tables:
        told = ""
        if table.steps:
            name = table.steps[-1].name
            numbers[name] += 1
            told = f"-{file_name(name)}" + (f"~{numbers[name]}" if called[name] > 1 else "")
        names.append(f"{file_name(form)}{told}.csv")
    return names
