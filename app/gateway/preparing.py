"""Makes a database ready for turns: its tables up to date, and every survey in it that can be asked."""

import logging
from collections.abc import Sequence

from app.gateway import describing, library
from app.gateway.bringing import File
from app.settings import Settings
from app.store import schema
from app.store.unit import Database

log = logging.getLogger(__name__)


class NotReady(Exception):
    """The service cannot start as things are; the message says what to do."""


def is_ready(settings: Settings, database: Database) -> bool:
    """Say whether there is nothing to do."""
    return (
        schema.current(database.engine) == schema.newest()
        and not library.unpublished(database, _files(settings))
        and describing.is_done(database)
    )


def prepare(settings: Settings, database: Database, files: Sequence[File] | None = None) -> None:
    """Bring the tables up to date and publish the surveys that are not stored yet: ours and those of the folder."""
    bring_up_to_date(database)
    describing.catch_up(database)
    for filename, error in library.publish(database, _files(settings) if files is None else files).items():
        log.error("%s is not asked: %s", filename, "; ".join(str(fault) for fault in error.faults))


def bring_up_to_date(database: Database) -> None:
    """Apply missing migrations; a database that is newer than this Izwi is left alone."""
    current, newest = schema.current(database.engine), schema.newest()
    if current is not None and current > newest:
        raise NotReady(f"the database is at {current}, newer than this Izwi ({newest}); install the newer Izwi")
    if current != newest:
        schema.upgrade(database.engine)


def _files(settings: Settings) -> list[File]:
    return [*library.shipped(), *library.brought(settings.surveys)]
