"""/welcome: a code that somebody was given becomes an account, or a new password; the first one becomes the first admin."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from app.gateway.refusals import NotPossible
from app.store import accounts as stored
from app.web.console import signing_in
from app.web.console.office import Office
from app.web.console.rendering import LOCALE

Short = Annotated[str, Form(max_length=200)]


def routes(office: Office) -> APIRouter:
    """The routes. They are open: the code is what counts, and it is given a few times a minute only."""
    router = APIRouter()

    def is_first() -> bool:
        return not office.desk.database.read(stored.any_there)

    @router.get("/welcome")
    def show(request: Request) -> Response:
        """Ask for the code, a name and a password."""
        return office.page(request, "welcome", first=is_first(), fault="", name="", code="")

    @router.post("/welcome")
    def accept(request: Request, code: Short = "", name: Short = "", password: Short = "") -> Response:
        """Make the account and sign in."""
        first = is_first()
        try:
            office.limits.hit(request, "welcome")
            made = office.accounts.accept(code, name, password, locale=request.scope[LOCALE], at=office.desk.now())
        except NotPossible as error:
            return office.page(request, "welcome", status=422, first=first, fault=str(error), name=name, code=code)
        return signing_in.go_on(office, request, made, "/begin" if first else "/")

    return router
