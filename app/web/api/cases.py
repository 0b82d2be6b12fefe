"""/cases: respondents who may need help, the same as `izwi cases`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.access import Permission
from app.store.tokens import Token
from app.web.allowing import needs
from app.web.api.shapes import Case, CaseDecision
from app.web.desk import Desk

Uid = Annotated[str, Path(max_length=64, pattern=r"^[0-9a-fA-F-]+$")]
Officer = Annotated[Token, needs(Permission.MANAGE_CASES)]


def routes(desk: Desk) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/cases", tags=["cases"])
    work = desk.casework

    @router.get("")
    def list_cases(_: Officer, closed: Annotated[bool, Query(alias="all")] = False) -> list[Case]:
        """The cases that wait for somebody, the most urgent first; with `all` closed ones too. Never an answer or a number."""
        return [Case.of(each, desk.now(), desk.zone) for each in work.every(closed=closed)]

    @router.post("/{uid}")
    def decide_case(uid: Uid, officer: Officer, what: CaseDecision) -> Case:
        """Take a case, or close one that was taken with what came of it."""
        at, trail = desk.now(), desk.trail(officer)
        if what.outcome is None:
            return Case.of(work.take(uid, trail, at, over=what.over), at, desk.zone)
        return Case.of(work.close(uid, what.outcome, trail, at), at, desk.zone)

    return router
