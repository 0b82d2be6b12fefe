"""Watches what other processes publish and retire (`izwi surveys …`), and new keys, so that a running service has it soon.

It has a thread of its own, beside the turns: a turn never waits for it, and never asks the database what is published.
"""

import logging
import threading

from app.gateway.library import Library
from app.store.keys import Keys

log = logging.getLogger(__name__)

SECONDS = 2.0


class Watch:
    """Looks at the number of the last change every few seconds, and reads more only where it is another one."""

    def __init__(self, library: Library, keys: Keys) -> None:
        self._library, self._keys = library, keys
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="izwi-watch", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(SECONDS):
            self.look()

    def look(self) -> None:
        """Look once; what fails is tried again, and until then what was known is asked."""
        try:
            if self._library.refresh():
                log.info("surveys that can be asked now: %s", ", ".join(self._library.names()) or "none")
            self._keys.refresh()
        except Exception as error:
            log.error("it cannot be seen what other processes changed: %s", type(error).__name__)
