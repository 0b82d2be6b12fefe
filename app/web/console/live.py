"""Pages that move by themselves: a part is made once for all who look at it, and sent when it has changed (SSE).

What a stream shows is made in a thread of its own at most every two seconds, however many browsers are open. A browser that
slept, or was reloaded, gets the part as it is now.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from time import monotonic
from typing import Any

from starlette.responses import StreamingResponse

from app.gateway.refusals import NotPossible
from app.store import sign_ins
from app.store.sign_ins import SignIn
from app.store.unit import Database

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
_BEAT_SECONDS = 15.0
_REST = 40
_LOOK_SECONDS = 10.0
_MOST, _MOST_OF_ONE = 500, 20
Make = Callable[[], str]


class _Topic:
    """One part, made as long as somebody looks at it."""

    def __init__(self, make: Make, every: float) -> None:
        self.make, self.every = make, every
        self.event = b""
        self.changed = asyncio.Event()
        self.watchers = 0
        self.ended = False
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        while True:
            begun = monotonic()
            try:
                self.show(await asyncio.to_thread(self.make))
            except NotPossible:  # it is not there any more, or never was
                self.ended = True
                self.wake()
                return
            except Exception as error:
                log.error("a live part could not be made: %s", type(error).__name__)
            # What takes long to make is made more seldom: it never takes more than a fortieth of the time.
            await asyncio.sleep(max(self.every, _REST * (monotonic() - begun)))

    def show(self, text: str) -> None:
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
        event = f"id: {name}\n{lines}\n".encode()
        if event != self.event:
            self.event = event
            self.wake()

    def wake(self) -> None:
        """Let all who look at it look up."""
        before, self.changed = self.changed, asyncio.Event()
        before.set()


class Live:
    """All streams of one process."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._topics: dict[Any, _Topic] = {}
        self._open: dict[int, int] = {}
        self._looking: asyncio.Task[None] | None = None
        self._ended: set[int] = set()
        self._closed = False

    @property
    def parts(self) -> int:
        """How many parts are being made now."""
        return len(self._topics)

    def stream(self, key: Any, make: Make, who: SignIn, *, every: float = EVERY_SECONDS) -> StreamingResponse:
        """Show a part to a browser from now on. `key` tells parts apart; `make` works with the database and takes no time."""
        if sum(self._open.values()) >= _MOST or self._open.get(who.id, 0) >= _MOST_OF_ONE:
            return StreamingResponse(iter(()), 503)
        return StreamingResponse(
            self._events(key, make, who.id, every), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
        )

    def end(self, gone: Iterable[int]) -> None:
        """End the streams of browsers in which somebody has signed out."""
        self._ended |= set(gone) & self._open.keys()
        for topic in self._topics.values():
            topic.wake()

    def close(self) -> None:
        """End all streams, and begin none: the service ends, and would wait for them."""
        self._closed = True
        self.end(list(self._open))

    async def _events(self, key: Any, make: Make, sign_in_id: int, every: float) -> AsyncIterator[bytes]:
        topic = self._topics.setdefault(key, _Topic(make, every))
        topic.watchers += 1
        self._open[sign_in_id] = self._open.get(sign_in_id, 0) + 1
        if topic.task is None:
            topic.task = asyncio.create_task(topic.run())
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            sent = b""
            while sign_in_id not in self._ended and not self._closed and not topic.ended:
                changed = topic.changed
                if topic.event != sent:
                    sent = topic.event
                    yield sent
                    continue
                try:
                    async with asyncio.timeout(_BEAT_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            self._leave(key, topic, sign_in_id)

    def _leave(self, key: Any, topic: _Topic, sign_in_id: int) -> None:
        topic.watchers -= 1
        if not topic.watchers and topic.task is not None:
            topic.task.cancel()
            self._topics.pop(key, None)
        self._open[sign_in_id] -= 1
        if not self._open[sign_in_id]:
            del self._open[sign_in_id]
            self._ended.discard(sign_in_id)
        if not self._open and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look(self) -> None:
        """End the streams of whoever was signed out elsewhere, or lost her account."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            asked = set(self._open)
            try:
                still = await asyncio.to_thread(self._still, asked)
            except Exception as error:
                log.error("who is signed in could not be looked up: %s", type(error).__name__)
                continue
            self.end(asked - still)

    def _still(self, asked: set[int]) -> set[int]:
        at = self._now()
        return self._database.read(lambda connection: sign_ins.still(connection, asked, at))
