"""Who comes in to the console: by a cookie that only the browser has, from our own pages only, and few at a time."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse

from app.access import Permission, allowed
from app.settings import Settings
from app.store import sign_ins
from app.store.sign_ins import SignIn
from app.store.unit import Database
from app.values import Role
from app.web.allowing import ASKER
from app.web.bodies import again, read_body
from app.web.console import wording
from app.web.console.rendering import LOCALE
from app.web.errors import App

SIGNED_IN = "izwi_sign_in"
"""Where the door leaves which browser it is."""
LANGUAGE = "izwi-language"
ASSETS, LIVE = "/assets/", "/live/"
OPEN = (ASSETS, "/sign-in", "/welcome", "/language", "/favicon.ico", "/hooks")
"""What is shown to whoever asks."""
_OWN = ("/me", "/sign-out")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_AT_ONCE, _LOOKS_AT_ONCE = 3, 2
_MAX_BODY, _MAX_UPLOAD = 64 * 1024, 10 * 1024 * 1024
_UPLOADS = {"/surveys/upload": Permission.MANAGE_SURVEYS, "/contacts/import": Permission.MANAGE_CONTACTS}
_BODY_SECONDS = 60
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Door:
    """Around the pages. Turns always find a database connection, for few pages are made at once."""

    def __init__(self, app: App, settings: Settings, database: Database, now: Callable[[], datetime]) -> None:
        self._app, self._settings, self._database, self._now = app, settings, database, now
        self._room, self._looking = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(_LOOKS_AT_ONCE)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take a request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers, send = Headers(scope=scope), _with(headers_of(self._settings), send)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.startswith(ASSETS):
            await self._app(scope | {ASKER: None, LOCALE: "en"}, receive, send)
            return
        if not is_for_us(self._settings, headers):
            await PlainTextResponse("Izwi is not called so. Open it by its own address.", 421)(scope, receive, send)
            return
        cookies = _cookies(headers.get("cookie", ""))
        if scope["method"] not in _SAFE and not is_from_us(headers):
            said = "This was not sent from a page of Izwi. Open the console in this browser and try again."
            await PlainTextResponse(said, 403)(scope, receive, send)
            return
        name = cookie_name(is_encrypted(self._settings, scope["scheme"], headers))
        found = await self._find(cookies.get(name, ""))
        locale = wording.chosen(
            found.account.locale if found else cookies.get(LANGUAGE, ""), headers.get("accept-language", "")
        )
        scope = scope | {ASKER: found.account if found else None, SIGNED_IN: found, LOCALE: locale}
        if elsewhere := self._elsewhere(found, path, scope):
            await RedirectResponse(elsewhere, 303)(scope, receive, send)
            return
        await self._inside(scope, path, receive, send)

    async def _inside(self, scope: Any, path: str, receive: Any, send: Any) -> None:
        if path.startswith(LIVE):  # these hold no thread and no connection
            await self._app(scope, receive, send)
            return
        # Whoever sends slowly waits out here, where nobody waits for her.
        body = await read_body(receive, _most(path, scope[ASKER]), _BODY_SECONDS)
        if body is None:
            await PlainTextResponse("This is too large, or it came too slowly.", 413)(scope, receive, send)
            return
        # A page is made when its head goes out: whoever reads slowly takes nobody's place.
        place = _Place(self._room)
        await self._room.acquire()
        try:
            await self._app(scope, again(body, receive), place.leaving(send))
        finally:
            place.leave()

    async def _find(self, secret: str) -> SignIn | None:
        if not secret:
            return None
        async with self._looking:  # strangers bring cookies too
            return await run_in_threadpool(self._look, secret)

    def _look(self, secret: str) -> SignIn | None:
        at = self._now()
        found = self._database.read(lambda connection: sign_ins.find(connection, secret, at))
        if found is not None and sign_ins.is_to_be_noted(found, at):
            self._database.write(lambda connection: sign_ins.seen(connection, found.id, at))
        return found

    def _elsewhere(self, found: SignIn | None, path: str, scope: Any) -> str:
        """Where somebody has to go first: to sign in, or to set up her codes."""
        if path.startswith(OPEN):
            return ""
        if found is None:
            query = scope["query_string"].decode("latin-1")
            back = path + (f"?{query}" if query else "")
            return "/sign-in" + (f"?next={quote(back)}" if scope["method"] in _SAFE and path != "/" else "")
        lacks = found.account.role is Role.ADMIN and not found.account.has_totp and is_public(self._settings)
        return "/me/codes" if lacks and not path.startswith(_OWN) else ""


class _Place:
    """A place in the room, given back once."""

    def __init__(self, room: asyncio.Semaphore) -> None:
        self._room: asyncio.Semaphore | None = room

    def leave(self) -> None:
        """Give it back."""
        room, self._room = self._room, None
        if room is not None:
            room.release()

    def leaving(self, send: Any) -> Any:
        """Send, and give it back when the head of the answer goes out."""

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.leave()
            await send(message)

        return sending


def _most(path: str, asker: Any) -> int:
    """How much somebody may send there: a file only where she may bring one."""
    wanted = next((permission for start, permission in _UPLOADS.items() if path.startswith(start)), None)
    brings = wanted is not None and asker is not None and allowed(asker.role, wanted)
    return _MAX_UPLOAD if brings else _MAX_BODY


def is_public(settings: Settings) -> bool:
    """Whether other machines than this and its neighbours reach it: admins need codes from a phone then."""
    return settings.production or bool(settings.public_url)


def is_from_us(headers: Headers) -> bool:
    """Whether a browser sends this from a page of ours. Whoever sends neither header is none, and has no cookie either."""
    origin = headers.get("origin")
    if origin is not None:
        return bool(urlsplit(origin).netloc) and urlsplit(origin).netloc == headers.get("host")
    if "sec-fetch-site" in headers:
        return headers["sec-fetch-site"] in {"same-origin", "none"}
    return "cookie" not in headers


def is_for_us(settings: Settings, headers: Headers) -> bool:
    """Whether the browser means us: another name that leads here is somebody's trick. An address in figures is none."""
    try:
        public, called = urlsplit(settings.public_url), urlsplit("//" + headers.get("host", ""))
    except ValueError:  # a bracket that is not closed
        return False
    if not public.netloc or called.netloc == public.netloc or called.hostname == "localhost":
        return True
    try:
        ip_address(called.hostname or "")
    except ValueError:
        return False
    return True


def is_encrypted(settings: Settings, scheme: str, headers: Headers) -> bool:
    """Whether the browser came by TLS, to us or to the proxy before us."""
    public = urlsplit(settings.public_url)
    return scheme == "https" or (public.scheme == "https" and public.netloc == headers.get("host"))


def is_private(settings: Settings, scheme: str, headers: Headers) -> bool:
    """Whether nobody on the way can read along: by TLS, or on this machine."""
    host = urlsplit("//" + headers.get("host", "")).hostname
    return is_encrypted(settings, scheme, headers) or host in {"127.0.0.1", "localhost", "::1"}


def cookie_name(encrypted: bool) -> str:
    """Over TLS browsers see to it that nobody but this very host has set the cookie."""
    return "__Host-izwi" if encrypted else "izwi"


def headers_of(settings: Settings) -> Mapping[str, str]:
    """What each page tells the browser."""
    lasting = (
        {"strict-transport-security": "max-age=31536000; includeSubDomains"}
        if settings.public_url.startswith("https://")
        else {}
    )
    return _HEADERS | lasting


def _with(headers: Mapping[str, str], send: Any) -> Any:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            names = {name for name, _ in message["headers"]}
            stored = [] if b"cache-control" in names else [(b"cache-control", b"no-store")]
            message = message | {"headers": [*message["headers"], *raw, *stored]}
        await send(message)

    return sending


def _cookies(text: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(text[:4096]).items()}
    except CookieError:
        return {}
