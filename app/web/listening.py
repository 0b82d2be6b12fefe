"""The HTTP server: uvicorn, without its logs (an access log would hold hook secrets) and headers nobody reads."""

import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from app.settings import Settings
from app.web.restarting import Restart


class _Server(uvicorn.Server):
    """A server that says when it listens, and that ends."""

    def __init__(
        self, config: uvicorn.Config, listening: Callable[[], None], endings: list[Callable[[], None]]
    ) -> None:
        super().__init__(config)
        self._listening, self._endings = listening, endings

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would never end by itself, such as live pages, then wait for the rest."""
        for end in self._endings:
            end()
        await super().shutdown(sockets=sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._listening()


def listen(app: Any, settings: Settings, listening: Callable[[], None], restart: Restart) -> bool:
    """Serve until told to end; returns whether it ever listened."""
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False,
        date_header=False, proxy_headers=False, lifespan="on", ws="none", timeout_keep_alive=75, backlog=4096,
    )  # fmt: skip
    server = _Server(config, listening, app.endings)
    restart.ready(lambda: setattr(server, "should_exit", True))
    server.run()
    return server.started
