"""/sessions and /users/current: a program logs in with a token's name and the token, and is told who it is."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from app.reports.records import moment
from app.store import logins, tokens
from app.store.logins import Login
from app.store.tokens import Token
from app.web.allowing import ASKER
from app.web.central.problems import Problem
from app.web.central.shelf import Shelf


class Given(BaseModel):
    """What a program logs in with."""

    model_config = ConfigDict(hide_input_in_errors=True)

    email: str = Field(max_length=200)
    password: str = Field(max_length=200)


def routes(shelf: Shelf) -> APIRouter:
    """The routes. They give no answers, so any token will do."""
    router = APIRouter()

    @router.post("/sessions")
    def log_in(given: Given) -> dict[str, Any]:
        """Give a token that ends within a day, to be sent with each request."""

        def work(connection: Any) -> Login | None:
            found = tokens.find(connection, given.password)
            return logins.add(connection, found, shelf.now()) if found and found.name == given.email else None

        made = shelf.database.write(work)
        if made is None:
            raise Problem(401.2)
        ends = {"createdAt": moment(made.created_at), "expiresAt": moment(made.expires_at)}
        return {"token": made.token, "csrf": None} | ends

    @router.delete("/sessions/{given}")
    def log_out(request: Request, given: Annotated[str, Path(max_length=200)]) -> dict[str, bool]:
        """End a login of one's own; `current` is the one that this is asked with."""
        asker: Token = request.scope[ASKER]
        if given == "current":
            given = request.headers.get("authorization", "").partition(" ")[2].strip()
        if not shelf.database.write(lambda connection: logins.remove(connection, given, asker)):
            raise Problem(404.1)
        return {"success": True}

    @router.get("/users/current")
    def say_who(request: Request) -> dict[str, Any]:
        """Who asks."""
        asker: Token = request.scope[ASKER]
        at = {"createdAt": moment(asker.created_at), "updatedAt": None, "deletedAt": None, "lastLoginAt": None}
        return {"id": asker.id, "type": "user", "displayName": asker.name, "email": asker.name} | at

    return router
