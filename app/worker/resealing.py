"""Encrypts numbers anew after the key was changed (`izwi keys rotate`), while everything goes on."""

import logging
from dataclasses import dataclass
from functools import partial

from app.store import contacts
from app.store.keys import Keys
from app.store.unit import Database

log = logging.getLogger(__name__)

_STEPS = 20  # transactions at a time


@dataclass(frozen=True, slots=True)
class Resealing:
    """Any process may do this at any time; what is done twice changes nothing."""

    database: Database
    keys: Keys

    def work(self) -> int:
        """Look whether there is a new key, and seal some numbers with it; returns how many."""
        self.keys.refresh()
        if len(self.keys.seals) == 1:
            return 0
        total = 0
        for _ in range(_STEPS):
            # Looked for without the writer's lock, for it is a look at every contact, and turns would wait.
            fresh = self.database.read(lambda connection: contacts.resealed(connection, self.keys))
            if not fresh:
                break
            self.database.write(partial(contacts.reseal, fresh=fresh))
            total += len(fresh)
        if total:
            log.info("%d numbers are sealed with the new key", total)
        return total
