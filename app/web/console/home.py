"""/: a card for each survey, what somebody should know of now, and what to do next."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access import Permission, allowed
from app.gateway import warnings
from app.store import demo, overview
from app.web.allowing import needs
from app.web.console.office import Office, asker_of

_EVERY_SECONDS = 6.0  # it is what most people have open all day


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    desk = office.desk

    def cards() -> dict[str, Any]:
        at = desk.now()
        return {
            "surveys": desk.database.read(overview.every),
            "warnings": warnings.every(desk.settings, desk.database, at),
            "simulated": desk.database.read(demo.count),
        }

    @router.get("/", dependencies=[needs(Permission.TRY_SURVEYS)])
    def show(request: Request) -> Response:
        """The first page: what each survey and each channel is doing now."""
        sees = allowed(asker_of(request).role, Permission.SEE_STATUS)
        return office.page(request, "home", **(cards() if sees else {"surveys": [], "warnings": [], "simulated": 0}))

    @router.get("/live/home", dependencies=[needs(Permission.SEE_STATUS)])
    async def stream(request: Request) -> Response:
        """The cards as they change."""
        return office.stream(request, "home", "_cards", cards, every=_EVERY_SECONDS)

    return router
