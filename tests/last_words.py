"""What happens before the last statement of a unit of work, which commits as well and goes past SQLAlchemy's own events."""

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Connection, Engine

from app.store import bulk, unit

BEFORE: WeakKeyDictionary[Engine, Callable[[], None]] = WeakKeyDictionary()


def commit_with(connection: Connection, statement: str, values: Mapping[str, Any]) -> None:
    """Let a test's world go wrong first."""
    BEFORE.get(connection.engine, lambda: None)()
    unit.commit_with(connection, statement, values)


bulk.commit_with = commit_with
