"""Who comes in as to ODK Central: with a token's name and the token (Basic), with the token, or with a login (Bearer)."""

import asyncio
import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool

from app.store import logins, tokens
from app.store.tokens import Token
from app.store.unit import Database
from app.web.allowing import ASKER
from app.web.bodies import again, read_body
from app.web.central.problems import respond
from app.web.errors import App

_AT_ONCE = 2
_MAX_BODY = 16 * 1024
_BODY_SECONDS = 10
_LOGIN = "/sessions"


class Door:
    """Around the routes: nothing but logging in is answered without a token, and few requests are let in at once.

    What programs read here is large; turns always find a database connection and most of a processor.
    """

    def __init__(self, app: App, database: Database, now: Callable[[], datetime]) -> None:
        self._app, self._database, self._now = app, database, now
        self._looking, self._room = asyncio.Semaphore(1), asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take a request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        scope = scope | {"path": _path(scope)}
        found, given = None, _credentials(scope["headers"])
        if given is not None:
            async with self._looking:
                found = await run_in_threadpool(self._find, *given)
        logs_in = scope["method"] == "POST" and scope["path"] == scope.get("root_path", "") + _LOGIN
        if found is None and not logs_in:
            await respond(401)(scope, receive, send)
            return
        # Whoever sends slowly waits out here, where nobody waits for her.
        body = await read_body(receive, _MAX_BODY, _BODY_SECONDS)
        if body is None:
            await respond(413)(scope, receive, send)
            return
        async with self._room:
            await self._app(scope | {ASKER: found}, again(body, receive), send)

    def _find(self, name: str | None, given: str) -> Token | None:
        """Whose it is, if it is valid; its use is noted."""
        at = self._now()
        found = self._database.read(lambda connection: _known(connection, name, given, at))
        if found is not None and tokens.is_to_be_noted(found, at):
            self._database.write(lambda connection: tokens.used(connection, found, at))
        return found


def _known(connection: Any, name: str | None, given: str, at: datetime) -> Token | None:
    if name is None and given.startswith(logins.PREFIX):
        return logins.find(connection, given, at)
    found = tokens.find(connection, given)
    return found if found is not None and name in {None, found.name} else None


def _credentials(headers: list[tuple[bytes, bytes]]) -> tuple[str | None, str] | None:
    """A token, and the name that came with it."""
    values = [value for name, value in headers if name == b"authorization"]
    if len(values) != 1:
        return None
    scheme, _, given = values[0].partition(b" ")
    if scheme.lower() == b"bearer":
        return None, given.strip().decode("latin-1")
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, token = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, token) if colon else None


def _path(scope: Any) -> str:
    """The path with all letters as they are, but for slashes within a part of it: a form may be called milk/1."""
    raw = scope.get("raw_path") or scope["path"].encode()
    parts = (unquote(part) for part in raw.partition(b"?")[0].decode("latin-1").split("/"))
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)
