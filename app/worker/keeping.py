"""Keeps nothing longer than the settings say: words of messages, and whose answers are whose."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.engine import Connection

from app.settings import Settings
from app.store import retention
from app.store.unit import Database

_STEPS = 20  # transactions at a time

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Any process may do this at any time; what is done twice changes nothing."""

    settings: Settings
    database: Database

    def empty_words(self, at: datetime) -> None:
        """Remove words that are too old: what there is of them, or as much as may be done between turns."""
        before = at - timedelta(days=self.settings.keep_words_days)
        for name in retention.WORDS:
            self._some(f"words of {name}", partial(retention.empty_words, name=name, before=before, at=at))

    def cut_links(self, at: datetime) -> None:
        """Forget whose answers are whose, where a survey was closed long enough ago."""
        before = at - timedelta(days=self.settings.keep_links_days)
        self._some("links from answers to phones", partial(retention.cut_links, before=before, at=at))

    def _some(self, what: str, step: Callable[[Connection], int]) -> None:
        total = 0
        for _ in range(_STEPS):
            count = self.database.write(step)
            total += count
            if not count:
                break
        if total:
            log.info("removed as too old: %d %s", total, what)
