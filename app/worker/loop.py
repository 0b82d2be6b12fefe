"""The worker's threads: one for each line to a provider, so that none waits for another, and one that keeps house.

Each looks for work, sleeps when there is none, and outlives whatever goes wrong.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from app.gateway.recording import Recording
from app.store import channels, outbox
from app.store.unit import Database
from app.worker.delivery import Delivery, Line
from app.worker.erasing import Erasing
from app.worker.expiry import Expiry
from app.worker.feeding import Feeding
from app.worker.keeping import Keeping
from app.worker.resealing import Resealing
from app.worker.thanks import Thanks

if TYPE_CHECKING:
    from app.worker.pushing import Pushing

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_SWEEP_SECONDS = 5.0
_EXPIRE_SECONDS = 30.0
_TIDY_SECONDS = 60.0
_FORGET_SECONDS = 3600.0
# Turns that are taken in this process go first: for each millisecond of work beside them, the worker rests so many.
_REST = 6
# Records and flags can wait, and much of their work is the database's: they rest by the clock, thirty times as long.
_LONG_REST, _RECORDS = 30, 10
_EXCHANGES_KEPT = timedelta(days=30)


def _nobody() -> int:
    """No turns are taken in this process."""
    return 0


class Loop:
    """A thread that does something again and again, at once while there is something to do."""

    def __init__(self, name: str, work: Callable[[], int], *, patient: bool = False) -> None:
        self._work, self._turns = work, _nobody
        self._rest, self._seconds = (_LONG_REST, time.monotonic) if patient else (_REST, time.thread_time)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)

    def start(self, turns: Callable[[], int]) -> None:
        """Start the thread. `turns` is how many turns this process has taken so far."""
        self._turns = turns
        self._thread.start()

    def stop(self) -> None:
        """Let the thread finish what it is doing, and end."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._wake.set()

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping.is_set():
            self._wake.clear()
            turns, spent = self._turns(), self._seconds()
            if not self._safely():
                self._wake.wait(_POLL_SECONDS)
            elif self._turns() != turns:
                self._stopping.wait(self._rest * (self._seconds() - spent))

    def _safely(self) -> int:
        try:
            return self._work()
        except Exception as error:
            log.error("the worker failed and goes on: %s", type(error).__name__)
            self._stopping.wait(1.0)
            return 0


class Worker:
    """What happens when nobody is calling."""

    def __init__(
        self,
        database: Database,
        delivery: Delivery,
        expiry: Expiry,
        feeding: Feeding,
        recording: Recording,
        lines: Sequence[Line],
        thanks: Thanks,
        keeping: Keeping,
        resealing: Resealing,
        pushing: "Pushing | None",
    ) -> None:
        self._database, self._delivery, self._expiry = database, delivery, expiry
        self._feeding, self._recording, self._thanks = feeding, recording, thanks
        self._erasing, self._keeping, self._resealing = Erasing(database), keeping, resealing
        self._senders = [Loop(f"izwi-send-{line.name}", partial(self._deliver, line)) for line in lines]
        self._senders.append(Loop("izwi-thanks", self._thank))
        self._pushing = pushing
        self._push = [Loop("izwi-push", lambda: pushing.work(datetime.now(UTC)))] if pushing else []
        self._house = Loop("izwi-worker", self._keep_house)
        self._records = Loop("izwi-records", self._record, patient=True)
        self._next = dict.fromkeys((self._sweep, self._expire, self._tidy, self._forget), 0.0)

    def start(self, turns: Callable[[], int] = _nobody) -> None:
        """Start the threads; they give way to the turns of this process, of which `turns` counts all so far."""
        for each in self._loops:
            each.start(turns)

    def stop(self) -> None:
        """Let the threads finish the batches that they are sending, and end."""
        for each in self._loops:
            each.stop()
        if self._pushing:
            self._pushing.close()

    @property
    def alive(self) -> bool:
        """Whether all threads run."""
        return all(each.alive for each in self._loops)

    @property
    def _loops(self) -> list[Loop]:
        return [*self._senders, self._house, self._records, *self._push]

    def wake(self) -> None:
        """Say that a message has just been written."""
        for each in self._senders:
            each.wake()

    def _deliver(self, line: Line) -> int:
        now = datetime.now(UTC)
        due = self._database.read(lambda connection: outbox.next_due(connection, line.channel_id))
        return self._delivery.deliver(line, now) if due is not None and due <= now else 0

    def _keep_house(self) -> int:
        """Do what is due besides sending; returns how much there was of what may go on at once."""
        now = datetime.now(UTC)
        for task, every in (
            (self._sweep, _SWEEP_SECONDS), (self._expire, _EXPIRE_SECONDS), (self._tidy, _TIDY_SECONDS),
            (self._forget, _FORGET_SECONDS),
        ):  # fmt: skip
            if time.monotonic() >= self._next[task]:
                self._next[task] = time.monotonic() + every
                task(now)
        if fed := self._feeding.feed(now):
            self.wake()
        self._erasing.work(now)
        return fed

    def _record(self) -> int:
        return self._recording.make(datetime.now(UTC), _RECORDS)

    def _thank(self) -> int:
        return self._thanks.work(datetime.now(UTC))

    def _sweep(self, now: datetime) -> None:
        self._expiry.sweep(now)
        self._thanks.sweep(now)
        if self._pushing:
            self._pushing.sweep(now)

    def _expire(self, now: datetime) -> None:
        self._expiry.expire(now)

    def _forget(self, now: datetime) -> None:
        self._database.write(lambda connection: channels.forget_exchanges(connection, before=now - _EXCHANGES_KEPT))
        self._keeping.cut_links(now)
        self._erasing.wipe_again()

    def _tidy(self, now: datetime) -> None:
        self._keeping.empty_words(now)
        self._resealing.work()
