"""The database and its one write door: a unit of work is a function, run in one transaction, committed here and nowhere else."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc, pool
from sqlalchemy.engine import Connection, Engine

T = TypeVar("T")
Opened = Callable[[], Connection]
"""Gives the connection of a unit of work; the first time its transaction begins."""

# Set on every connection. FULL, not NORMAL: a power cut must not take back what was acknowledged (docs/decisions/D4).
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=15000",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "journal_size_limit=67108864",
    "secure_delete=ON",  # what was removed is overwritten in the file (docs/do-no-harm.md)
)
_TRY_AGAIN = {
    "40001",
    "40P01",
    "23505",
    "22012",
}  # serialization failure, deadlock, a row that another process was faster to add, a row that is not as it was read
_TRIES = 5
_REST_SECONDS = 5


class Conflict(Exception):
    """Another process changed what this unit of work had read; it must be done again."""


class Database:
    """One database, SQLite or PostgreSQL, behind the same two verbs: `write` and `read`."""

    def __init__(self, url: str, *, writers: int = 4) -> None:
        self.sqlite = url.startswith("sqlite")
        self.engine = _sqlite(url) if self.sqlite else _postgresql(url, writers)
        # SQLite has one writer at a time in any case; waiting for it here costs less than waiting for its lock.
        self._door = threading.Lock()
        self._writer: Connection | None = None

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction and commit. Done again when another process was in its way."""
        return self.write_late(lambda opened: work(opened()))

    def write_late(self, work: Callable[[Opened], T]) -> T:
        """The same for work that thinks first: its transaction begins when it first asks for the connection."""
        for attempt in range(_TRIES):
            try:
                return self._once(work)
            except (Conflict, exc.DBAPIError) as error:
                if attempt + 1 == _TRIES or not _passing(error):
                    raise
                time.sleep(0.01 * 2**attempt)
        raise AssertionError("unreachable")

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection that does not write."""
        with self.engine.connect() as connection:
            found = work(connection.execution_options(izwi_read=True))
            connection.commit()  # psycopg forgets all prepared statements of a connection when it rolls back
            return found

    def snapshot(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on what there was at one moment, however long it takes; turns go on beside it."""
        if self.sqlite:
            return self.read(work)  # one transaction there sees one moment
        with self.engine.connect() as connection:
            return work(connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True))

    def wipe(self) -> bool:
        """Let what was removed be read in no file of ours any more; False when somebody is reading: try again later.

        SQLite overwrites it in the database, but the log of what is written ahead has the old pages until it is emptied.
        PostgreSQL does this by itself, at its next vacuum.
        """
        if not self.sqlite:
            return True
        with self._door:
            connection = self.engine.raw_connection()
            cursor = connection.cursor()
            try:
                cursor.execute("PRAGMA busy_timeout=0")  # whoever waits here keeps all turns waiting
                busy: int = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                return not busy
            finally:
                cursor.execute("PRAGMA busy_timeout=15000")
                connection.close()

    def close(self) -> None:
        """Give the connections back."""
        with self._door:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self.engine.dispose()

    def _once(self, work: Callable[[Opened], T]) -> T:
        begun: Connection | None = None
        with ExitStack() as stack:

            def opened() -> Connection:
                nonlocal begun
                if begun is None:
                    begun = self._begin(stack)
                return begun

            return work(opened)

    def _begin(self, stack: ExitStack) -> Connection:
        """Begin a transaction that the stack ends."""
        if not self.sqlite:
            return stack.enter_context(self.engine.begin())
        stack.enter_context(self._door)
        if self._writer is None or self._writer.invalidated:
            self._writer = self.engine.connect()
        stack.enter_context(self._writer.begin())
        return self._writer


def commit_with(connection: Connection, statement: str, values: Mapping[str, Any]) -> None:
    """Do a last statement and commit, in one way there and back; if anything is wrong with it, nothing is committed.

    PostgreSQL only. `Database.write` finds nothing left to commit then.
    """
    driver: Any = connection.connection.dbapi_connection
    dbapi: Any = connection.dialect.loaded_dbapi
    try:
        with driver.pipeline():
            driver.execute(statement, values)
            driver.commit()
    except dbapi.Error as error:
        raise exc.DBAPIError.instance(
            statement, None, error, dbapi.Error, hide_parameters=True, connection_invalidated=driver.closed,
            dialect=connection.dialect,
        ) from None  # fmt: skip


def is_outage(error: Exception) -> bool:
    """Say whether the database itself is away, full or locked, so that trying turn by turn would only take longer."""
    return isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError)


def _passing(error: Exception) -> bool:
    if isinstance(error, Conflict):
        return True
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    return getattr(getattr(error, "orig", None), "sqlstate", None) in _TRY_AGAIN


def _sqlite(url: str) -> Engine:
    engine = sa.create_engine(
        url, poolclass=pool.QueuePool, hide_parameters=True, connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("izwi_read")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: str, writers: int) -> Engine:
    # Errors hide their parameters: they are answers and numbers.
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        pool_size=writers,
        max_overflow=4,
        connect_args={"connect_timeout": 5, "options": "-c timezone=UTC"},
    )

    @event.listens_for(engine, "checkin")
    def _rest(_: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _wake(connection: Any, record: Any, _: Any) -> None:
        # Asking each time whether a connection is alive, as `pool_pre_ping` does, is one more way there and back a batch.
        if time.monotonic() - record.info.get("rests_since", math.inf) > _REST_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error:
                raise exc.DisconnectionError from None

    return engine
