"""Nothing of the API answers without a token, not even that something is not there."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool

from app.store import tokens
from app.store.tokens import Token
from app.store.unit import Database
from app.web.allowing import ASKER
from app.web.errors import App, respond

_SCHEME = b"bearer "
_AT_ONCE = 2
_MAX_BODY = 256 * 1024
_ASK_FOR_IT = {"www-authenticate": "Bearer"}


class Guard:
    """Around the API: looks at the token, and lets few requests in at once, so that turns always find a database connection."""

    def __init__(self, app: App, database: Database, now: Callable[[], datetime]) -> None:
        self._app, self._database, self._now = app, database, now
        self._door, self._room = asyncio.Semaphore(1), asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take a request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        given = _token_of(scope["headers"])
        async with self._door:
            found = await run_in_threadpool(self._find, given) if given is not None else None
        if found is None:
            await respond(401, headers=_ASK_FOR_IT)(scope, receive, send)
            return
        async with self._room:
            await self._app({**scope, ASKER: found}, _limited(receive), send)

    def _find(self, given: str) -> Token | None:
        """Whose token it is, if it is valid; its use is noted."""
        at = self._now()
        found = self._database.read(lambda connection: tokens.find(connection, given))
        if found is not None and tokens.is_to_be_noted(found, at):
            self._database.write(lambda connection: tokens.used(connection, found, at))
        return found


def _limited(receive: Any) -> Any:
    """Read a body as long as it is no larger than any that fits."""
    taken = 0

    async def read() -> Any:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > _MAX_BODY:
            raise HTTPException(413)
        return message

    return read


def _token_of(headers: list[tuple[bytes, bytes]]) -> str | None:
    values = [value for name, value in headers if name == b"authorization"]
    if len(values) != 1 or not values[0].lower().startswith(_SCHEME):
        return None
    return values[0][len(_SCHEME) :].strip().decode("latin-1")
