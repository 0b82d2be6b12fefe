"""The doors for providers: POST /hooks/{secret}/{hook}, with or without a slash at the end. Plain ASGI, in front of the
framework: its middlewares cost a third of what a whole turn may take.

The secret in the path says which channel calls, since Africa's Talking signs nothing. It is compared in constant time,
never logged, and whatever does not fit is 404. Inside a USSD session every outcome is HTTP 200 with a screen.
"""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from app.channels.base import AirtimeCheck, Channel, MissedCall, Unreadable, UssdTurn
from app.gateway.conversation import Outcome
from app.gateway.turns import Arrival, Failed, Overloaded, Writer, sorry
from app.store.keys import Keys
from app.web.guessing import Guesses

PREFIX = "/hooks/"
MAX_BODY = 64 * 1024
_MAX_FIELDS = 100
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_JSON = (b"content-type", b"application/json")
_XML = (b"content-type", b"application/xml; charset=utf-8")
_UNCACHED = (b"cache-control", b"no-store")


@dataclass(frozen=True, slots=True)
class Line:
    """A channel as the hooks know it."""

    id: int
    name: str
    channel: Channel


class TooLarge(Exception):
    """The body is larger than any provider's."""


class Hooks:
    """The ASGI endpoint behind all hook addresses."""

    def __init__(self, lines: Mapping[str, Line], keys: Keys, writer: Writer, *, seconds: float) -> None:
        self._lines, self._keys, self._writer, self._patience = lines, keys, writer, Patience(seconds)
        self._guesses = Guesses()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take one request."""
        secret, _, hook = scope["path"].removeprefix(PREFIX).rstrip("/").partition("/")
        line = self._lines.get(self._keys.channel_of(secret) or "")
        if line is None or hook not in line.channel.hooks or scope["method"] != "POST":
            await self._unknown(scope, send, is_guess=line is None)
            return
        try:
            body = await _body(receive)
            form = json_of(body) if hook in line.channel.json_hooks and body.lstrip()[:1] == b"{" else form_of(body)
            inbound = line.channel.parse(hook, form)
        except (TooLarge, Unreadable) as error:
            await self._unreadable(send, line, hook, error)
            return
        arrival = Arrival(line.id, inbound)
        outcome = await self._outcome(arrival)
        if isinstance(inbound, UssdTurn):
            await _respond(send, 200, line.channel.render(self._screen(arrival, outcome)))
        elif isinstance(inbound, AirtimeCheck):
            # What cannot be looked up now is not ours either: it is asked for again under its key.
            granted = isinstance(outcome, Outcome) and outcome.granted
            await _respond(send, 200, line.channel.render_check(granted), _JSON)
        elif isinstance(inbound, MissedCall):
            # Whether it could be stored or not: answered, it would cost her money.
            await _respond(send, 200, line.channel.reject_call(), _XML)
        elif isinstance(outcome, Outcome):
            await _respond(send, 200, b"")
        else:
            await _respond(send, 503, b"not stored; please try again")

    async def _unknown(self, scope: Any, send: Any, *, is_guess: bool) -> None:
        address = (scope.get("client") or ("",))[0]
        if is_guess and self._guesses.are_too_many(address):
            await _respond(send, 429, b"Too Many Requests")
        else:
            await _respond(send, 404, b"Not Found")

    async def _outcome(self, arrival: Arrival) -> Outcome | Failed | None:
        """Wait for the turn to be committed, but not longer than the provider waits. None: no room to take it."""
        try:
            future = self._writer.submit(arrival)
        except Overloaded:
            return None
        self._patience.watch(future)
        return await future

    def _screen(self, arrival: Arrival, outcome: Outcome | Failed | None) -> Any:
        if isinstance(outcome, Outcome) and outcome.screen is not None:
            return outcome.screen
        return sorry(self._writer.locale_of(arrival), "busy" if outcome is None else "sorry")

    async def _unreadable(self, send: Any, line: Line, hook: str, error: Exception) -> None:
        if hook == "ussd":
            await _respond(send, 200, line.channel.render(sorry("en", "no_service")))
        elif hook == "airtime-check":
            await _respond(send, 200, line.channel.render_check(False), _JSON)
        elif hook == "voice":
            await _respond(send, 200, line.channel.reject_call(), _XML)
        else:
            await _respond(send, 413 if isinstance(error, TooLarge) else 400, str(error).encode())


def form_of(body: bytes) -> dict[str, str]:
    """Read a url-encoded form: the first value of a name counts, blank ones are kept, bad bytes become U+FFFD."""
    form: dict[str, str] = {}
    for pair in body.split(b"&", _MAX_FIELDS)[:_MAX_FIELDS]:
        name, _, value = pair.partition(b"=")
        if b"%" in value or b"+" in value:
            # What nearly every turn has, ``*`` and the ``+`` of a number, is put right without looking at each byte.
            value = value.replace(b"+", b" ").replace(b"%2A", b"*").replace(b"%2B", b"+")
            if b"%" in value:
                value = unquote_to_bytes(value)
        key = name.decode("ascii", "replace")
        if key not in form:
            form[key] = value.decode("utf-8", "replace")
    return form


def json_of(body: bytes) -> dict[str, str]:
    """Read a JSON object as if it were a form: what is no plain value is left out, and figures stay as they are written."""
    try:
        found = json.loads(body, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise Unreadable("the body is no JSON") from None
    fields = list(found.items())[:_MAX_FIELDS]
    return {name: value for name, value in fields if isinstance(value, str)}


async def _body(receive: Any) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            # What came so far may read as a whole form: "text=1" of "text=12" is an answer that nobody gave.
            raise Unreadable("the request broke off")
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise TooLarge(f"the body is larger than {MAX_BODY} bytes")
        if not message.get("more_body"):
            return body


async def _respond(send: Any, status: int, body: bytes, content_type: tuple[bytes, bytes] = _TEXT) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [content_type, length, _UNCACHED]})
    await send({"type": "http.response.body", "body": body})


class Patience:
    """Ends the waiting for turns that take longer than the provider waits: one timer for all, not one a turn."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timed = False
        self._watched: deque[tuple[float, asyncio.Future[Outcome | Failed]]] = deque()

    def watch(self, future: "asyncio.Future[Outcome | Failed]") -> None:
        """Give this turn so much time from now on."""
        loop = asyncio.get_running_loop()
        while self._watched and self._watched[0][1].done():
            self._watched.popleft()
        self._watched.append((loop.time() + self._seconds, future))
        if not self._timed:
            self._timed = True
            loop.call_later(self._seconds, self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._watched and (self._watched[0][1].done() or self._watched[0][0] <= now):
            _, future = self._watched.popleft()
            if not future.done():
                future.set_result(Failed("time"))
        self._timed = bool(self._watched)
        if self._timed:
            loop.call_later(self._watched[0][0] - now, self._look)
