"""A part of the web side that is made when it is first asked for: what it imports takes 10 MB, and a hub may never need it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

API, CENTRAL, CONSOLE = "/api/v1", "/v1", ""
"""Where they are: known to whoever has not made them yet."""
App = Callable[[Any, Any, Any], Awaitable[None]]


class Later:
    """An ASGI app that `make` makes, in a thread of its own so that turns go on meanwhile."""

    def __init__(self, make: Callable[[], App]) -> None:
        self._make = make
        self._app: App | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take a request."""
        app = self._app or await self._made()
        await app(scope, receive, send)

    async def _made(self) -> App:
        async with self._making:
            if self._app is None:
                self._app = await asyncio.to_thread(self._make)
            return self._app
