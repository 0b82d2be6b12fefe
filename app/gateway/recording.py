"""Makes the finished records of runs that have ended: by the worker when nothing is to be sent, at the latest for an export."""

import logging
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.flows.asking import record
from app.flows.asking.state import State
from app.gateway.library import Library
from app.settings import Settings
from app.store import records
from app.store.unit import Database

log = logging.getLogger(__name__)


class Recording:
    """Any process may do this at any time: a record follows from what its run remembers."""

    def __init__(self, settings: Settings, database: Database, library: Library) -> None:
        self._database, self._library, self._zone = database, library, ZoneInfo(settings.zone)
        self._failed: set[int] = set()

    def make(self, at: datetime, count: int = 50) -> int:
        """Make some of the records that are missing; returns how many runs were looked at, 0 when none is left."""
        rows = self._database.read(lambda connection: records.unmade(connection, count=count + len(self._failed)))
        found = [row for row in rows if row.id not in self._failed]
        made = {row.id: xml for row in found if (xml := self._written(row)) is not None}
        if made:
            self._database.write(lambda connection: records.keep(connection, made, at))
        return len(found)

    def make_all(self, at: datetime) -> int:
        """Make all that are missing; returns how many cannot be made."""
        while self.make(at, 500):
            continue
        return len(self._failed)

    def _written(self, row: Any) -> str | None:
        try:
            flow = self._library.edition(row.survey_version_id).flow
            return record.write(flow, State.loads(row.memory), row.ended_at.astimezone(self._zone))
        except Exception as error:
            log.error("the record of run %d cannot be made: %s", row.id, type(error).__name__)
            self._failed.add(row.id)
            return None
