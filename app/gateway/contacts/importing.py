"""The import of a file of contacts, in two ways through it: the first only looks and reports, the second writes.

Neither holds more than a batch of rows. Interrupted at any moment, it can be run again: what is written is then unchanged.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from pydantic_core import to_json
from sqlalchemy.engine import Connection

from app.channels.operators import Operators
from app.gateway.contacts import kinds
from app.gateway.contacts.kinds import Kind, Stored
from app.gateway.contacts.mapping import BadMapping, Columns
from app.gateway.contacts.reading import File, digest
from app.gateway.contacts.report import Category, Report, Verdict
from app.gateway.contacts.rows import Line, NoLine, Reader
from app.store import attributes, groups, imports
from app.store.imports import Changed, Known, New, Seen
from app.store.keys import Keys, Sealed
from app.store.unit import Database

T = TypeVar("T")

BATCH = 1000
_MOST_GROUPS = 1000
# On SQLite a running service writes between two batches, if there is a moment between them.
_REST_SECONDS = 0.02


class FileChanged(Exception):
    """The file is not the one that was reported on; nothing was written."""


_CODES = {category: code for code, category in enumerate(Category, start=1)}


class Import:
    """One file on its way in."""

    def __init__(
        self, database: Database, keys: Keys, operators: Operators, file: File, columns: Columns, reader: Reader
    ) -> None:
        self._database, self._keys, self._operators = database, keys, operators
        self._path: Path = file.path
        self._columns, self._reader = columns, reader
        self._locale: str | None = None
        self._fates = bytearray()
        """Row → the code of its category, for the second way through."""
        self._possible: dict[str, frozenset[Kind]] = {}
        self._undecided: list[str] = []
        """New attributes, what their values so far can all be, and those that can still be something else than text."""
        self.recorded: int | None = None
        """The key of its record, once it is written."""

    def look(self, tell: Callable[[Verdict], None], progress: Callable[[int], None], *, locale: str | None) -> Report:
        """Go through the whole file and report; `tell` gets every row, `locale` is for rows that name no language."""
        self._locale, self._fates = locale, bytearray()
        report, seen = Report(digest(self._path)), Seen()
        fresh = set(self._columns.attributes.values()) - self._reader.kinds.keys()
        self._possible, self._undecided = dict.fromkeys(fresh, kinds.ALL), sorted(fresh)
        known_groups = self._database.read(groups.ids)
        try:
            for batch in _batches(self._reader.rows()):
                read = [self._reader.line(*each) for each in batch]
                for each, verdict in zip(read, self._judge(read, seen, known_groups), strict=True):
                    if isinstance(each, Line) and verdict.category is not Category.DUPLICATE:
                        self._learn(report, each)
                    report.add(verdict)
                    self._keep(verdict)
                    tell(verdict)
                if len(report.groups) > _MOST_GROUPS:
                    raise BadMapping(
                        f"it names more than {_MOST_GROUPS:,} groups; bring that column in as an attribute, with --column"
                    )
                progress(report.rows)
        finally:
            seen.close()
        filled = {name: found for name, found in sorted(self._possible.items()) if found != kinds.ALL}
        report.kinds = {name: kinds.best(found) for name, found in filled.items()}
        return report

    def write(self, report: Report, progress: Callable[[int], None], *, at: datetime) -> Counter[Category]:
        """Write what was reported, at most a thousand rows in a transaction; returns what became of the rows."""
        if digest(self._path) != report.digest:
            raise FileChanged
        self._reader.learn({**self._reader.kinds, **report.kinds})
        self._database.write(lambda connection: _prepare(connection, report, at))
        group_ids = self._database.read(groups.ids)
        counts = Counter[Category]()
        for each in set(Category) - {Category.NEW, Category.CHANGED}:
            counts[each] = report.counts[each]
        ahead: dict[str, deque[int]] = {}
        done = 0
        for batch in _batches(self._to_write()):
            # Encrypted before the transaction begins: it is then short, and turns that wait for it go on.
            sealed = {line.row: self._keys.seal(line.msisdn) for line in batch}
            work = partial(self._write, batch=batch, sealed=sealed, group_ids=group_ids, at=at, ahead=ahead)
            counts += self._database.write(work)
            done += len(batch)
            progress(done)
            if self._database.sqlite:
                time.sleep(_REST_SECONDS)
        recorded = report.as_json() | {str(category): counts[category] for category in Category}
        self.recorded = self._database.write(
            lambda connection: imports.record(connection, report.digest, self._columns.as_json(), recorded, at)
        )
        return counts

    # -- the first way

    def _learn(self, report: Report, line: Line) -> None:
        """Take in what the whole file tells: kinds of values, languages, groups."""
        for name in self._undecided:
            if name in line.values:
                found = self._possible[name] = self._possible[name] & kinds.possible(str(line.values[name]))
                if found == {Kind.TEXT}:
                    self._undecided = [each for each in self._undecided if each != name]
        if line.repairs:
            report.repaired += 1
            report.repairs.update(line.repairs)
        if line.notes:
            report.notes.update(line.notes)
        report.languages[line.locale or self._locale or ""] += 1
        for name in line.groups:
            report.groups.setdefault(name.casefold(), name)

    def _judge(self, read: list[Line | NoLine], seen: Seen, group_ids: Mapping[str, int]) -> Iterator[Verdict]:
        hashes = {each.row: self._keys.find(each.msisdn) for each in read if isinstance(each, Line)}
        first_rows = seen.first_rows([(hashed, row) for row, hashed in hashes.items()])
        look = _Looking(self._database, list(hashes.values()))
        for each in read:
            if isinstance(each, NoLine):
                yield _unreadable(each)
                continue
            hashed, masked = hashes[each.row], each.msisdn.masked
            first = first_rows.get(hashed, each.row)
            if first != each.row:
                yield Verdict(each.row, Category.DUPLICATE, f"the same number as in row {first}", masked)
                continue
            category = look.category(each, hashed, self, group_ids)
            yield Verdict(each.row, category, _words(each), masked)

    def _keep(self, verdict: Verdict) -> None:
        self._fates.extend(bytes(verdict.row + 1 - len(self._fates)))
        self._fates[verdict.row] = _CODES[verdict.category]

    # -- the second way

    def _to_write(self) -> Iterator[Line]:
        wanted = {_CODES[Category.NEW], _CODES[Category.CHANGED]}
        for row, cells in self._reader.rows():
            if row < len(self._fates) and self._fates[row] in wanted:
                line = self._reader.line(row, cells)
                if isinstance(line, Line):
                    yield line

    def _write(
        self,
        connection: Connection,
        *,
        batch: list[Line],
        sealed: Mapping[int, Sealed],
        group_ids: Mapping[str, int],
        at: datetime,
        ahead: dict[str, deque[int]],
    ) -> Counter[Category]:
        hashes = {line.row: self._keys.find(line.msisdn) for line in batch}
        known = imports.find(connection, list(hashes.values()))
        members = imports.groups_of(connection, [each.id for each in known.values()])
        counts, new, changed = Counter[Category](), list[New](), list[Changed]()
        for line in batch:
            contact = known.get(hashes[line.row])
            if contact is None:
                counts[Category.NEW] += 1
                new.append(self._new(line, hashes[line.row], sealed[line.row], group_ids))
                continue
            change = self.change(line, contact, members.get(contact.id, set()), group_ids)
            counts[Category.STOPPED if contact.stopped else Category.CHANGED if change else Category.UNCHANGED] += 1
            if change:
                changed.append(change)
        imports.write(connection, new, changed, at, ahead)
        return counts

    def _new(self, line: Line, hashed: bytes, sealed: Sealed, group_ids: Mapping[str, int]) -> New:
        operator = self._operators.of_number(line.msisdn.e164)
        found = sorted({group_ids[name.casefold()] for name in line.groups})
        text = _json(line.values)
        return New(hashed, *sealed, line.locale or self._locale, operator, text, found)

    def change(self, line: Line, known: Known, members: set[int], group_ids: Mapping[str, int]) -> Changed | None:
        """What a row changes of a contact that is there; nothing of one who asked for silence.

        Empty cells leave what was. A language that somebody chose in a survey stays: it is hers, the file is older.
        """
        if known.stopped:
            return None
        before = json.loads(known.attributes)
        after = before | line.values
        # A group that is not there yet is 0: nobody is in it.
        joined = sorted({group_ids.get(name.casefold(), 0) for name in line.groups} - members)
        locale = (line.locale if not known.answered else None) or (self._locale if known.locale is None else None)
        operator = known.operator or self._operators.of_number(line.msisdn.e164)
        if after == before and not joined and locale in {None, known.locale} and operator == known.operator:
            return None
        text = _json(after)
        return Changed(known.id, locale if locale != known.locale else None, operator, text, joined)


class _Looking:
    """What is known of the numbers of one batch."""

    def __init__(self, database: Database, hashes: list[bytes]) -> None:
        self._known = database.read(lambda connection: imports.find(connection, hashes)) if hashes else {}
        ids = [each.id for each in self._known.values()]
        self._members = database.read(lambda connection: imports.groups_of(connection, ids)) if ids else {}

    def category(self, line: Line, hashed: bytes, into: Import, group_ids: Mapping[str, int]) -> Category:
        known = self._known.get(hashed)
        if known is None:
            return Category.NEW
        if known.stopped:
            return Category.STOPPED
        change = into.change(line, known, self._members.get(known.id, set()), group_ids)
        return Category.CHANGED if change else Category.UNCHANGED


def _words(line: Line) -> str:
    """What was repaired in a row, and what of it is not taken."""
    if not line.repairs and not line.notes:  # as nearly always
        return ""
    return "; ".join([*line.repairs, *(f"left out: {note}" for note in line.notes)])


def _unreadable(line: NoLine) -> Verdict:
    if line.refused is None:
        return Verdict(line.row, Category.BLANK, "", "")
    category = Category.INVALID if line.refused.mobile else Category.NOT_MOBILE
    return Verdict(line.row, category, line.refused.reason, "")


def _prepare(connection: Connection, report: Report, at: datetime) -> None:
    attributes.add(connection, report.kinds, at)
    groups.add(connection, report.groups.values(), at)


def _json(values: Mapping[str, Stored]) -> str:
    return to_json(dict(sorted(values.items()))).decode()


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
