"""The console: pages for coordinators, analysts, officers and operators, made on the server."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute

from app.flows.review.tariff import BadTariff
from app.gateway.accounts import Accounts
from app.gateway.phone_codes import PhoneCodes
from app.gateway.refusals import NotPossible
from app.money import NotMoney
from app.reports.data.how import BadWish
from app.reports.missing.refusals import Unanswerable
from app.settings import Settings
from app.store.query import BadSegment
from app.store.unit import Database
from app.values import without_numbers
from app.web.console import (
    auditing,
    beginning,
    broadcasts,
    cases,
    connect,
    connecting,
    contacts,
    drafting,
    exports,
    files,
    home,
    importing,
    keeping,
    launching,
    me,
    people,
    picture,
    publishing,
    results,
    screens,
    segments,
    signing_in,
    stories,
    surveys,
    system,
    trying,
    welcome,
    working,
)
from app.web.console.door import Door
from app.web.console.limits import Limits
from app.web.console.live import Live
from app.web.console.office import Office
from app.web.console.rendering import Pages, asset_response, words_of
from app.web.console.stages import Stages
from app.web.console.tasks import Tasks
from app.web.desk import Desk
from app.web.errors import Answering, as_sentence, status_of
from app.web.restarting import Restart

log = logging.getLogger(__name__)

PARTS = (
    auditing,
    beginning,
    broadcasts,
    cases,
    connect,
    connecting,
    contacts,
    drafting,
    exports,
    home,
    importing,
    keeping,
    launching,
    me,
    people,
    picture,
    publishing,
    results,
    screens,
    segments,
    signing_in,
    stories,
    surveys,
    system,
    trying,
    welcome,
    working,
)
"""Each has the routes of one part of the console."""


def routes_of(office: Office) -> APIRouter:
    """The routes of all parts. What has a name of its own comes first: `/surveys/upload` before `/surveys/{survey}`."""
    router, every = APIRouter(), [route for part in PARTS for route in part.routes(office).routes]
    router.routes.extend(sorted(every, key=_open_places))
    return router


def _open_places(route: BaseRoute) -> list[bool]:
    return ["{" in part for part in getattr(route, "path", "").split("/")]


def make_console(
    settings: Settings, database: Database, now: Callable[[], datetime], stages: Stages, *,
    at_end: Callable[[Callable[[], None]], None], restart: Restart,
) -> Answering:  # fmt: skip
    """Make the console; but for signing in, nothing of it is shown to whoever has no account.

    `at_end` takes what has to be done when the service is about to end; `restart` is asked for a new start.
    """
    files.sweep(settings.data_dir)
    desk, live = Desk(settings, database, now), Live(database, now)
    at_end(live.close)
    office = Office(
        desk, Pages(settings, now), live, Accounts(database, desk.keys), PhoneCodes(database, desk.keys), Limits(settings),
        Tasks(now), stages, restart,
    )  # fmt: skip
    console = FastAPI(
        title="Izwi", openapi_url=None, redirect_slashes=False, exception_handlers=_handlers(office),
        telemetry={"logs": False},
    )  # fmt: skip
    console.include_router(routes_of(office))

    @console.get("/assets/{name:path}")
    async def asset(name: str) -> Response:
        """Style sheets and scripts."""
        return asset_response(name)

    @console.get("/favicon.ico")
    async def icon() -> Response:
        """What browsers ask for by themselves."""
        return asset_response("izwi.svg")

    packed = GZipMiddleware(console, minimum_size=800, compresslevel=6)
    return Answering(Door(packed, settings, database, now), _plain)


def _plain(status: int) -> Any:
    return Response("Something went wrong in Izwi. Its log says where.", status, media_type="text/plain")


def _handlers(office: Office) -> dict[Any, Any]:
    def page(request: Request, status: int, sentence: str) -> Response:
        return office.page(request, "problem", status=status, number=status, sentence=without_numbers(sentence))

    async def refused(request: Request, error: Exception) -> Response:
        """What was asked for cannot be done, and the error's own words say why."""
        return page(request, status_of(error), as_sentence(str(error)))

    async def away(request: Request, error: Exception) -> Response:
        log.error("a page could not be made: %s", type(error).__name__)
        words = words_of(request)
        return page(request, 503, words.gettext("The database cannot be reached now. Try again in a minute."))

    async def unfit(request: Request, _: Exception) -> Response:
        return page(request, 422, words_of(request).gettext("Something in this address or form does not fit."))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        words = words_of(request)
        known = {404: words.gettext("There is no such page.")}
        return page(
            request, error.status_code, known.get(error.status_code, words.gettext("That cannot be done here."))
        )

    said = (NotPossible, BadSegment, BadWish, NotMoney, BadTariff, Unanswerable)
    lost = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
    return {
        **dict.fromkeys(said, refused), **dict.fromkeys(lost, away), RequestValidationError: unfit, HTTPException: http,
    }  # fmt: skip
