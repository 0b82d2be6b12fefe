"""The worker's thread: looks for work, sleeps when there is none, and outlives whatever goes wrong."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from app.gateway.recording import Recording
from app.store import outbox
from app.store.unit import Database
from app.worker.delivery import Delivery, Line
from app.worker.expiry import Expiry
from app.worker.thanks import Thanks

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_SWEEP_SECONDS = 5.0
_EXPIRE_SECONDS = 30.0
_THANK_SECONDS = 1.0


class Worker:
    """What happens when nobody is calling."""

    def __init__(
        self,
        database: Database,
        delivery: Delivery,
        expiry: Expiry,
        recording: Recording,
        lines: Sequence[Line],
        thanks: Thanks,
    ) -> None:
        self._database, self._delivery, self._expiry, self._lines = database, delivery, expiry, lines
        self._recording, self._thanks = recording, thanks
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name="izwi-worker", daemon=True)
        self._next = {self._sweep: 0.0, self._expire: 0.0, self._thank: 0.0}

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Let the thread finish the batch that it is sending, and end."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Say that a message has just been written."""
        self._wake.set()

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping.is_set():
            self._wake.clear()
            if not self._safely(self._round):
                self._safely(lambda: self._recording.make(datetime.now(UTC)))
                self._wake.wait(_POLL_SECONDS)

    def _round(self) -> int:
        """Do what is due; returns how many messages were tried."""
        tasks = ((self._sweep, _SWEEP_SECONDS), (self._expire, _EXPIRE_SECONDS), (self._thank, _THANK_SECONDS))
        for task, every in tasks:
            if time.monotonic() >= self._next[task]:
                self._next[task] = time.monotonic() + every
                task()
        now = datetime.now(UTC)
        due = self._database.read(outbox.next_due)
        if due is None or due > now:
            return 0
        return sum(self._delivery.deliver(line, now) for line in self._lines)

    def _sweep(self) -> None:
        self._expiry.sweep(datetime.now(UTC))
        self._thanks.sweep(datetime.now(UTC))

    def _thank(self) -> None:
        self._thanks.work(datetime.now(UTC))

    def _expire(self) -> None:
        self._expiry.expire(datetime.now(UTC))

    def _safely(self, work: Callable[[], int]) -> int:
        try:
            return work()
        except Exception as error:
            log.error("the worker failed and goes on: %s", type(error).__name__)
            self._stopping.wait(1.0)
            return 0
