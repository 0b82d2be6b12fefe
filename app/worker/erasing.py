"""Forgets phones that asked for it, a pass at a time until nothing of them is left."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from app.store import erasures
from app.store.erasures import Erasure
from app.store.unit import Database

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Erasing:
    """Any process may do this at any time; what is done twice changes nothing."""

    database: Database
    _legible: bool = field(default=True, init=False)
    """Whether something that was removed may still be read in a file: the process before may have ended in between."""

    def work(self, at: datetime) -> int:
        """Remove what can go now of every phone that asked; returns how many are wholly gone."""
        pending = self.database.read(erasures.pending)
        gone = sum(self._forget(which, at) for which in pending)
        if gone:
            log.info("%d phones were forgotten", gone)
        if self._legible or pending:
            self._legible = not self.database.wipe()
        return gone

    def wipe_again(self) -> None:
        """Let the next work wipe the files: another process may have removed something."""
        self._legible = True

    def _forget(self, which: Erasure, at: datetime) -> bool:
        try:
            return self.database.write(lambda connection: erasures.erase(connection, which, at=at))
        except DBAPIError as error:  # the others are to be forgotten all the same
            log.error("erasure %d failed and is tried again: %s", which.id, type(error).__name__)
            return False
