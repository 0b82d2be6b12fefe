"""The doors of ODK Central under /v1: an application of its own beside the hooks, which never pass through it."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, FastAPI

from app.settings import Settings
from app.store.unit import Database
from app.web.central import forms, logging_in, odata, submissions
from app.web.central.door import Door
from app.web.central.problems import HANDLERS, respond
from app.web.central.shelf import Shelf
from app.web.errors import Answering


def make_central(settings: Settings, database: Database, now: Callable[[], datetime]) -> Answering:
    """Make the doors; nothing but logging in is answered without a token."""
    central = FastAPI(
        openapi_url=None, redirect_slashes=False, exception_handlers=dict(HANDLERS), telemetry={"logs": False}
    )
    for router in routers(Shelf(settings, database, now)):
        central.include_router(router)
    return Answering(Door(central, database, now), respond)


def routers(shelf: Shelf) -> list[APIRouter]:
    """All routes, in the order in which an address is looked up."""
    return [
        logging_in.routes(shelf), odata.routes(shelf), submissions.routes(shelf), forms.routes(shelf),
        forms.routes_of_form(shelf),
    ]  # fmt: skip
