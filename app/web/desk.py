"""What the API's routes and the console's pages work with: the very same as the commands."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from app.flows.dictionary.variable import Dictionary
from app.flows.flow import Flow
from app.gateway import planning
from app.gateway.broadcasting import Broadcasting
from app.gateway.casework import Casework
from app.gateway.channels import Channels
from app.gateway.library import Library
from app.settings import Settings
from app.store import descriptions
from app.store import keys as vault
from app.store.audit import Trail
from app.store.unit import Database
from app.web.allowing import Asker


class Desk:
    """Where coordinators and their programs come to. Routes run in several threads; forms are worked with by one at a time."""

    def __init__(self, settings: Settings, database: Database, now: Callable[[], datetime]) -> None:
        self.settings, self.database, self.now = settings, database, now
        self.zone = ZoneInfo(settings.zone)
        self.channels = Channels(settings, database)
        self.casework = Casework(database)
        self.keys = vault.load(settings.data_dir, tuple(settings.lines))
        self.figures_key = self.keys.figures
        # Of its own, and not read before somebody plans: libxml2 works for one thread at a time on one form.
        self._library = Library(database)
        self._forms = threading.Lock()
        self.broadcasting = Broadcasting(settings, database, self._library, None)

    def flow(self, version_id: int) -> Flow:
        """The compiled form of a stored version, to look at; nothing is worked out with it here."""
        return self._library.edition(version_id).flow

    def trail(self, asker: Asker) -> Trail:
        """What somebody does here is noted with this."""
        return Trail(self.keys.trail, asker.name, asker.role)

    def dictionary(self, survey: str) -> Dictionary | None:
        """The dictionary of a survey; None where nobody was ever asked it."""
        return self.database.read(lambda connection: descriptions.dictionary(connection, survey))

    @contextmanager
    def planning(self) -> Iterator[Broadcasting]:
        """For what needs surveys and prices, as they are now."""
        with self._forms:
            self._library.refresh()
            yield Broadcasting(self.settings, self.database, self._library, planning.tariff_of(self.settings))
