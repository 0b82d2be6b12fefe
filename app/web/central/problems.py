"""What is wrong, in the shape that programs for ODK Central know: a message, and a number whose whole part is the status."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import exc
from starlette.exceptions import HTTPException

from app.gateway.refusals import NotPossible
from app.values import without_numbers
from app.web.errors import as_sentence, status_of

log = logging.getLogger(__name__)

_HEADERS = {"cache-control": "no-store"}
_ASK_FOR_IT = {"www-authenticate": 'Basic realm="Izwi", charset="UTF-8"'}
_USUAL: Mapping[int, tuple[float, str]] = {
    400: (400.1, "That cannot be read."),
    401: (
        401.2,
        "The name and the token do not fit. `izwi tokens add NAME --role analyst` makes one; NAME is the user.",
    ),
    403: (403.1, "This token may not do that."),
    404: (404.1, "There is nothing at this address. docs/odk.md lists what there is."),
    405: (405.1, "This address does not take that method: records can be read here, and not changed."),
    413: (413.1, "The body is too large."),
    500: (500.1, "Something went wrong in Izwi. Its log says where; `izwi doctor` may say how to mend it."),
    503: (503.1, "The database cannot be reached now. Try again in a minute; `izwi doctor` says what is wrong."),
}


class Problem(Exception):
    """What was asked for cannot be given, with the number that ODK Central has for it."""

    def __init__(self, code: float, message: str = "") -> None:
        super().__init__(message or _USUAL[int(code)][1])
        self.code = code


def respond(status: int) -> JSONResponse:
    """The usual words for a status."""
    return _told(*_USUAL.get(status, _USUAL[500]))


def _told(code: float, message: str) -> JSONResponse:
    headers = _HEADERS | (_ASK_FOR_IT if int(code) == 401 else {})
    return JSONResponse({"message": without_numbers(message), "code": code}, status_code=int(code), headers=headers)


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101
    return _told(error.code, str(error))


async def _refused(_: Request, error: Exception) -> JSONResponse:
    status = status_of(error)
    return _told(_USUAL.get(status, _USUAL[400])[0], as_sentence(str(error)))


async def _away(_: Request, error: Exception) -> JSONResponse:
    """The database is away; its own words may hold what was being read."""
    log.error("the API could not answer: %s", type(error).__name__)
    return respond(503)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    return respond(error.status_code if error.status_code in _USUAL else 400)


async def _unfit(_: Request, __: Exception) -> JSONResponse:
    return respond(400)


async def _unforeseen(_: Request, error: Exception) -> JSONResponse:
    return respond(status_of(error))


HANDLERS: Mapping[int | type[Exception], Any] = {
    Problem: _problem,
    NotPossible: _refused,
    exc.OperationalError: _away,
    exc.InterfaceError: _away,
    exc.TimeoutError: _away,
    RequestValidationError: _unfit,
    HTTPException: _http,
    Exception: _unforeseen,
}
