"""The only map from our errors to HTTP: a status, and `{"error": "…"}` with a sentence that says what is wrong and what helps.

Never a phone number, a respondent's text or a stack trace: what nobody foresaw is told by its type, in the log only.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import exc
from starlette.exceptions import HTTPException

from app.flows.review.tariff import BadTariff
from app.gateway.refusals import NotAllowed, NotNow, NotPossible, NotThere
from app.money import NotMoney
from app.reports.data.how import BadWish
from app.reports.missing.desk import NoSuch
from app.reports.missing.population import BadMargins
from app.reports.missing.refusals import Unanswerable
from app.store.query import BadSegment
from app.values import without_numbers

log = logging.getLogger(__name__)

_STATUSES: Mapping[type[Exception], int] = {
    NotAllowed: 403,
    NotThere: 404,
    NotNow: 409,
    NotPossible: 422,
    BadSegment: 422,
    BadWish: 422,
    NotMoney: 422,
    BadTariff: 503,
    NoSuch: 404,
    BadMargins: 503,
    Unanswerable: 422,
    exc.OperationalError: 503,
    exc.InterfaceError: 503,
    exc.TimeoutError: 503,
}
_SENTENCES = {
    401: "This needs a token: send the header `Authorization: Bearer …`. `izwi tokens add NAME` makes one.",
    404: "There is nothing at this address; /api/v1/openapi.json lists what there is.",
    405: "This address does not take that method; /api/v1/openapi.json lists what it takes.",
    413: "The body is too large.",
    500: "Something went wrong in Izwi. Its log says where; `izwi doctor` may say how to mend it.",
    503: "The database cannot be reached now. Try again in a minute; `izwi doctor` says what is wrong.",
}
_HEADERS = {"cache-control": "no-store"}
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z_]{0,40}")

App = Callable[[Any, Any, Any], Awaitable[None]]


class Answering:
    """Around an ASGI app: whatever goes wrong in there is answered, and logged by its type."""

    def __init__(self, app: App, answer: Callable[[int], JSONResponse]) -> None:
        self._app, self._answer = app, answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take a request."""
        begun = False

        async def watched(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            status = status_of(error)
            if status >= 500:
                log.error("the API could not answer: %s", type(error).__name__)
            if not begun:
                await self._answer(status)(scope, receive, send)


def respond(status: int, sentence: str = "", headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error as it is answered."""
    # A broadcast's name, a segment: what somebody wrote comes back in the sentence. A phone number does not.
    told = without_numbers(sentence or _SENTENCES.get(status, _SENTENCES[500]))
    return JSONResponse({"error": told}, status_code=status, headers={**_HEADERS, **(headers or {})})


async def _refused(_: Request, error: Exception) -> JSONResponse:
    """What was asked for cannot be done, and the error's own words say why."""
    sentence = error.reason if isinstance(error, BadSegment) else str(error)
    if isinstance(error, BadTariff):
        sentence = f"The tariff that IZWI_TARIFF names cannot be used: {sentence}."
    if isinstance(error, BadMargins):
        sentence = f"The file with the population that IZWI_MARGINS names cannot be used: {sentence}."
    return respond(status_of(error), as_sentence(sentence))


async def _away(_: Request, error: Exception) -> JSONResponse:
    """The database is away; its own words may hold what was being written."""
    log.error("the API could not answer: %s", type(error).__name__)
    return respond(503)


async def _unfit(_: Request, error: Exception) -> JSONResponse:
    """The request does not fit; what it held is not said again."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = "; ".join(_fault(each) for each in error.errors())
    return respond(422, f"{faults}. /api/v1/openapi.json says what fits.")


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    return respond(error.status_code, "" if error.status_code in _SENTENCES else "That cannot be read.", error.headers)


async def _unforeseen(_: Request, error: Exception) -> JSONResponse:
    return respond(status_of(error))


HANDLERS: Mapping[int | type[Exception], Any] = {
    NotPossible: _refused,
    BadSegment: _refused,
    BadWish: _refused,
    NotMoney: _refused,
    BadTariff: _refused,
    Unanswerable: _refused,
    exc.OperationalError: _away,
    exc.InterfaceError: _away,
    exc.TimeoutError: _away,
    RequestValidationError: _unfit,
    HTTPException: _http,
    Exception: _unforeseen,
}


def status_of(error: Exception) -> int:
    """The status that an error is answered with."""
    return next((_STATUSES[each] for each in type(error).__mro__ if each in _STATUSES), 500)


def as_sentence(text: str) -> str:
    """A text from its capital letter to its full stop."""
    text = " ".join(text.split())
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def _fault(fault: Any) -> str:
    if fault["type"] == "json_invalid":
        return "The body is no JSON"
    # Names that somebody made up may hold anything; those of our own are plain.
    named = [part for part in fault["loc"][1:] if isinstance(part, str) and _PLAIN_NAME.fullmatch(part)]
    said = fault["msg"].removeprefix("Value error, ")
    where = ".".join(named) or f"The {fault['loc'][0]}"
    return f"{where}: {said[:1].lower()}{said[1:]}"
