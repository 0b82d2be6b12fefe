"""Draft a migration from the models: `make migration NAME="add_broadcast"`. Compares against a PostgreSQL of its own.

Autogenerate is run against PostgreSQL, never SQLite, which would write SQLite's idea of defaults and types into it.
"""

import re
import sys

import sqlalchemy as sa
from alembic import command

from app.store import schema
from tests.postgres import throw_away_postgres


def main(name: str) -> None:
    """Write `migrations/versions/NNNN_<name>.py`."""
    numbers = [int(path.stem[:4]) for path in (schema.TREE / "versions").glob("[0-9]*.py")]
    revision = f"{max(numbers, default=0) + 1:04d}_{re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')}"
    with throw_away_postgres() as url:
        engine = sa.create_engine(url)
        if numbers:
            schema.upgrade(engine)
        with engine.begin() as connection:
            command.revision(schema.config(connection), message=name, rev_id=revision, autogenerate=True, head="head")
    (draft,) = (schema.TREE / "versions").glob(f"{revision}_*.py")
    draft.rename(schema.TREE / "versions" / f"{revision}.py")


if __name__ == "__main__":
    main(sys.argv[1])
