"""A database that goes away at any statement, and a process that dies around any commit."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import event, exc
from sqlalchemy.engine import Connection

from app.store.unit import Database, Opened
from tests.last_words import BEFORE

T = TypeVar("T")


class Killed(BaseException):
    """`kill -9`. No handler of errors may see it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one unit of work, and where."""

    what: str
    """`error`; `gone`, an error that says that the connection is lost; `kill`."""
    where: str
    """`before`, `at statement`, `before commit`, or `after commit`: the commit took effect and its answer was lost."""
    statement: int = 0

    def happen(self) -> None:
        """Go wrong."""
        if self.what == "kill":
            raise Killed
        gone = self.what == "gone"
        raise exc.OperationalError("", {}, Exception("the database is away"), connection_invalidated=gone)

    def __str__(self) -> str:
        return f"{self.what} {self.where}{f' {self.statement}' if self.statement else ''}"


class Faulty(Database):
    """Asks before each piece of work whether it fails, and lets the rest of the world go on in between."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.fault: Callable[[str], Fault | None] = lambda _: None
        self.between: Callable[[str], None] = lambda _: None
        self.done: Callable[[str, Any], None] = lambda _, __: None
        self._here = threading.local()
        event.listen(self.engine, "before_cursor_execute", self._count)
        event.listen(self.engine, "connect", self._hurry)
        BEFORE[self.engine] = self._commits

    def _hurry(self, connection: Any, _: object) -> None:
        """No power is cut in these stories: nothing waits for the disk."""
        with contextlib.closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA synchronous=OFF" if self.sqlite else "SET synchronous_commit TO off")
        if not self.sqlite:
            connection.commit()

    def read(self, work: Callable[[Connection], T]) -> T:
        name = name_of(work)
        self.between(f"read {name}")
        fault = self.fault(f"read {name}")
        if fault is not None:
            fault.happen()
        result = super().read(work)
        self.done(name, result)
        return result

    def write(self, work: Callable[[Connection], T]) -> T:
        self._here.name = name_of(work)
        try:
            return super().write(work)
        finally:
            self._here.name = ""

    def _once(self, work: Callable[[Opened], T]) -> T:
        name = getattr(self._here, "name", "") or name_of(work)
        self.between(f"write {name}")
        fault = self.fault(f"write {name}")
        result = super()._once(work) if fault is None else self._failing(work, fault, name)
        self.done(name, result)
        self.between(f"written {name}")
        return result

    def _failing(self, work: Callable[[Opened], T], fault: Fault, name: str) -> T:
        def failing(opened: Opened) -> T:
            self._here.fault, self._here.left = fault, fault.statement
            try:
                made = work(opened)
            finally:
                self._here.fault = None
            if fault.where != "after commit":
                fault.happen()  # also where there were fewer statements than that
            return made

        if fault.where == "before":
            fault.happen()
        result = super()._once(failing)
        self.done(name, result)
        fault.happen()
        return result

    def _commits(self) -> None:
        """The last statement of a unit of work commits too."""
        fault = getattr(self._here, "fault", None)
        if fault is not None and fault.where == "before commit":
            self._here.fault = None
            fault.happen()
        self._count()

    def _count(self, *_: object) -> None:
        fault = getattr(self._here, "fault", None)
        if fault is not None and fault.where == "at statement":
            self._here.left -= 1
            if self._here.left < 0:
                self._here.fault = None
                fault.happen()


def name_of(work: Callable[..., Any]) -> str:
    """What a piece of work is called: `Delivery._claim`, `Feeding._feed` …"""
    inner = work.func if isinstance(work, partial) else work
    return str(inner.__qualname__).partition(".<locals>")[0]
