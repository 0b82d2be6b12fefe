"""The JSON API under /api/v1: an application of its own beside the hooks, which never pass through it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Security
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from app.settings import Settings
from app.store.unit import Database
from app.web.api import broadcasts, cases, channels, exports, figures, missing
from app.web.api.guard import Guard
from app.web.api.shapes import Problem
from app.web.desk import Desk
from app.web.errors import HANDLERS, Answering, respond
from app.web.later import API

_TELLING = (
    "Broadcasts, channels, segments, cases, the data of surveys, figures and who is missing, for programs. "
    "docs/api.md has examples."
)
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No token, or a wrong one"},
    403: {"model": Problem, "description": "The token's role may not do that"},
    404: {"model": Problem, "description": "There is nothing of this name"},
    409: {"model": Problem, "description": "Its state forbids it"},
    422: {"model": Problem, "description": "What was sent does not fit"},
    503: {"model": Problem, "description": "The database or the tariff is away"},
}


def make_api(settings: Settings, database: Database, now: Callable[[], datetime]) -> Answering:
    """Make the API; nothing of it answers without a token."""
    desk = Desk(settings, database, now)
    # The token is looked at by the guard, in front of all of this; here it is only told to readers of the description.
    told = Security(HTTPBearer(auto_error=False, description="`izwi tokens add NAME` makes one"))
    api = FastAPI(
        title="Izwi", version="1", description=_TELLING, servers=[{"url": API}], dependencies=[told],
        openapi_url=None, redirect_slashes=False, responses=_PROBLEMS, exception_handlers=dict(HANDLERS),
        generate_unique_id_function=_name_of, telemetry={"logs": False},
    )  # fmt: skip
    api.include_router(broadcasts.routes(desk))
    api.include_router(channels.routes(desk))
    api.include_router(cases.routes(desk))
    api.include_router(missing.routes(desk))
    api.include_router(exports.routes(desk))
    api.include_router(figures.routes(desk))

    @api.get("/openapi.json", include_in_schema=False)
    def describe() -> JSONResponse:
        """What the API takes and gives, in OpenAPI."""
        return JSONResponse(api.openapi())

    return Answering(Guard(api, database, now), respond)


def _name_of(route: APIRoute) -> str:
    return route.name
