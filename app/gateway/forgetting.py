"""Forgetting a phone because an officer asks for it: the same erasure as her own word DELETE begins, done at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from app.store import contacts, erasures, outbox
from app.store.audit import Trail
from app.store.erasures import Held
from app.store.keys import Keys
from app.store.unit import Database
from app.values import Msisdn


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What an officer can do about one phone."""

    database: Database
    keys: Keys
    trail: Trail

    def held(self, msisdn: Msisdn) -> Held | None:
        """How much is kept of a phone and of the people on it; None where it is not known."""

        def look(connection: Connection) -> Held | None:
            key = contacts.find(connection, self.keys, msisdn)
            return None if key is None else erasures.held(connection, key)

        return self.database.read(look)

    def forget(self, msisdn: Msisdn, at: datetime) -> bool:
        """Remove everything of it; False when a message is just being sent: the worker then does the rest."""

        def work(connection: Connection) -> bool:
            key = contacts.find(connection, self.keys, msisdn)
            if key is None:
                return True
            erasures.ask(connection, [key], asked_by="officer", at=at)
            outbox.cancel(connection, [key], reason="erased", at=at)
            done = True
            for each in erasures.of_contact(connection, key):
                done &= erasures.erase(connection, each, at=at)
                self.trail.note(connection, "erase", str(each.uid), at=at)
            return done

        gone = self.database.write(work)
        self.database.wipe()  # where somebody is reading just now, the worker does it within the hour
        return gone
