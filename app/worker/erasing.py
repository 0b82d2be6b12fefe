"""Forgets phones that asked for it, a pass at a time until nothing of them is left."""

import logging
from dataclasses import dataclass
from datetime import datetime

from app.store import erasures
from app.store.unit import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Erasing:
    """Any process may do this at any time; what is done twice changes nothing."""

    database: Database

    def work(self, at: datetime) -> int:
        """Remove what can go now of every phone that asked; returns how many are wholly gone."""
        gone = 0
        for which in self.database.read(erasures.pending):
            gone += self.database.write(lambda connection, which=which: erasures.erase(connection, which, at=at))  # type: ignore[misc]
        if gone:
            log.info("%d phones were forgotten", gone)
        return gone
