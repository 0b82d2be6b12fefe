"""Joins the parts: a database, keys, surveys and channels become a service; `create_app` is its web side."""

import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from app.channels import CHANNELS, operators
from app.gateway.bringing import File
from app.gateway.library import Library
from app.gateway.lines import Lines
from app.gateway.preparing import prepare
from app.gateway.recording import Recording
from app.gateway.turns import Gateway, Writer
from app.settings import Settings
from app.store import keys as vault
from app.store import sessions
from app.store.keys import Keys
from app.store.unit import Database
from app.web.hooks import PREFIX, Hooks, Line
from app.web.later import API, CENTRAL, CONSOLE, App, Later
from app.web.restarting import Restart
from app.web.simulator import routes as simulator
from app.worker import delivery, expiry, feeding, keeping, loop, resealing, thanks, watching

if TYPE_CHECKING:
    from app.worker.pushing import Pushing

log = logging.getLogger(__name__)

# Turns make much that dies at once and nothing in circles: look for circles seldom.
_GARBAGE = (50_000, 20, 50)
# A thread whose database has answered waits at most this long for another to let it go on; Python's 5 ms, four times a
# batch, would be most of a turn.
_SWITCH_SECONDS = 0.001


class Izwi(FastAPI):
    """The web side. Provider hooks go straight to their door, past the framework's middlewares (docs/bench.md)."""

    def __init__(self, hooks: Hooks, **options: Any) -> None:
        super().__init__(**options)
        self._hooks = hooks
        self.endings: list[Callable[[], None]] = []
        """What has to be done when the service is about to end, before it waits for connections to close."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take a request."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._hooks(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


@dataclass(frozen=True)
class Parts:
    """Everything that a service is made of."""

    settings: Settings
    database: Database
    keys: Keys
    library: Library
    lines: dict[str, Line]

    @property
    def choice(self) -> Lines:
        """Which channel serves which operator."""
        wanted = self.settings.lines
        return Lines(
            {line.id: wanted[name] for name, line in self.lines.items()},
            operators.read(self.settings.operators),
            {line.id: name for name, line in self.lines.items()},
        )

    def close(self) -> None:
        """Give everything back."""
        self.database.close()


def assemble(settings: Settings, files: Sequence[File] | None = None) -> Parts:
    """Make or open the data directory, bring the tables up to date, publish the surveys, and join it all.

    The surveys are those that ship and those of the folder, unless `files` names others.
    """
    vault.make_private(settings.data_dir)
    keys = vault.load(settings.data_dir, tuple(settings.lines))
    database = Database(settings.database)
    prepare(settings, database, files)
    library = Library(database)
    library.refresh()
    return Parts(settings, database, keys, library, _lines(settings, database))


def _lines(settings: Settings, database: Database) -> dict[str, Line]:
    """A line for each channel, which has a row of its own."""
    now = datetime.now(UTC)
    wanted = settings.lines
    numbers = database.write(
        lambda connection: {
            name: sessions.ensure_channel(connection, name=name, provider=each.provider, at=now)
            for name, each in wanted.items()
        }
    )
    return {name: Line(numbers[name], name, CHANNELS[each.provider](each)) for name, each in wanted.items()}


def make_worker(parts: Parts) -> loop.Worker:
    """Make the worker for the channels of these parts."""
    settings = parts.settings
    library = Library(parts.database)  # of its own: libxml2 works for one thread at a time on one form
    return loop.Worker(
        parts.database,
        delivery.Delivery(settings, parts.database, parts.keys),
        expiry.Expiry(settings, parts.database),
        feeding.Feeding(settings, parts.database, library, parts.choice),
        Recording(settings, parts.database, library, parts.keys),
        [
            delivery.Line(line.id, line.name, line.channel.sender(), settings.lines[line.name].per_second)
            for line in parts.lines.values()
        ],
        thanks.Thanks(
            settings,
            parts.database,
            parts.keys,
            [thanks.Line(line.id, line.name, line.channel.airtime()) for line in parts.lines.values()],
        ),
        keeping.Keeping(settings, parts.database),
        resealing.Resealing(parts.database, parts.keys),
        _pushing(parts),
    )


def _pushing(parts: Parts) -> "Pushing | None":
    if not parts.settings.targets:
        return None
    from app.worker.pushing import Pushing  # here, for it brings an HTTP client of 5 MB that most places never use

    return Pushing(parts.settings, parts.database)


def create_app(
    parts: Parts, *, with_worker: bool = True, with_simulator: bool = False, restart: Restart | None = None
) -> Izwi:
    """Make the web side: hooks, health, and on loopback in a demo the phone in the browser."""
    settings = parts.settings
    worker = make_worker(parts) if with_worker else None
    gateway = Gateway(settings, parts.database, parts.keys, parts.library, wake=worker.wake if worker else _nobody)
    writer = Writer(gateway, settings)
    watch = watching.Watch(parts.library, parts.keys)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        writer.start()
        watch.start()
        if worker:
            worker.start(lambda: writer.taken)
        # What is alive now stays: not looking at it again takes the long pauses out of turns (facts: speed, section 4).
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GARBAGE)
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            yield
        finally:
            writer.stop()
            watch.stop()
            if worker:
                worker.stop()
            for end in app.endings:  # where the server has not done it already
                end()
            parts.close()

    hooks = Hooks(parts.lines, parts.keys, writer, seconds=settings.turn_seconds)
    app = Izwi(hooks, title="Izwi", lifespan=lifespan, openapi_url=None, telemetry={"logs": False})

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        """Say that the process is up and its threads are alive."""
        alive = {"writer": writer.alive, "worker": worker.alive if worker else None}
        healthy = all(each is not False for each in alive.values())
        return JSONResponse({"status": "ok" if healthy else "failing", **alive}, status_code=200 if healthy else 503)

    app.mount(API, Later(partial(_api, parts)))
    app.mount(CENTRAL, Later(partial(_central, parts)))
    if with_simulator and not settings.production:
        simulator.mount(app, settings, parts.database, parts.keys, parts.library, next(iter(parts.lines.values())))
    app.mount(
        CONSOLE, Later(partial(_console, parts, app.endings.append, restart or Restart()))
    )  # the last: whatever is none of the others' is a page
    return app


def _api(parts: Parts) -> App:
    from app.web.api.app import make_api  # here, and only when it is asked for (`Later`)

    return make_api(parts.settings, parts.database, lambda: datetime.now(UTC))


def _central(parts: Parts) -> App:
    from app.web.central.app import make_central

    return make_central(parts.settings, parts.database, lambda: datetime.now(UTC))


def _console(parts: Parts, at_end: Callable[[Callable[[], None]], None], restart: Restart) -> App:
    from app.staging import Stages
    from app.web.console.app import make_console

    stages = Stages(parts.settings, lambda: datetime.now(UTC))
    at_end(stages.close)
    return make_console(
        parts.settings, parts.database, lambda: datetime.now(UTC), stages, at_end=at_end, restart=restart
    )


def _nobody() -> None:
    """No worker in this process: it will find the message by itself."""
