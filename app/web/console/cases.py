"""/cases: who may need help, who sees to it, and what came of it; the number behind a pseudonym, for whoever has to call."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from app.access import Permission
from app.gateway import revealing
from app.gateway.refusals import NotPossible
from app.store import cases as stored
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of
from app.web.console.signing_in import Short

_SEES_TO = needs(Permission.MANAGE_CASES)
_CLOSED = 100
Reason = Annotated[str, Form(max_length=600)]


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, desk = APIRouter(), office.desk

    def page(request: Request, pseudonym: str = "", reason: str = "", fault: str = "", number: str = "") -> Response:
        found = desk.casework.every()
        shown = {"pseudonym": pseudonym, "reason": reason, "fault": fault, "number": number}
        status = 422 if fault else 200
        return office.page(request, "cases", status=status, cases=found, outcomes=stored.OUTCOMES, **shown)

    @router.get("/cases", dependencies=[_SEES_TO])
    def waiting(request: Request) -> Response:
        """Those that wait for somebody, the most urgent first."""
        return page(request)

    @router.get("/cases/closed", dependencies=[_SEES_TO])
    def closed(request: Request) -> Response:
        """Those that were closed last."""
        found = desk.database.read(lambda connection: stored.ended(connection, count=_CLOSED))
        return office.page(request, "cases_closed", cases=found, most=_CLOSED)

    @router.post("/cases/{uid}/take", dependencies=[_SEES_TO])
    def take(request: Request, uid: str, over: Short = "") -> Response:
        """See to one."""
        desk.casework.take(uid, desk.trail(asker_of(request)), desk.now(), over=bool(over))
        return go("/cases", words_of(request).gettext("You see to it from now on; colleagues can see that you do."))

    @router.post("/cases/{uid}/close", dependencies=[_SEES_TO])
    def close(request: Request, uid: str, outcome: Short = "") -> Response:
        """End one, with what came of it."""
        if outcome not in stored.OUTCOMES:
            raise NotPossible("Say what came of it.")
        desk.casework.close(uid, outcome, desk.trail(asker_of(request)), desk.now())
        return go("/cases", words_of(request).gettext("The case is closed."))

    @router.post("/cases/reveal", dependencies=[needs(Permission.SEE_NUMBERS)])
    def reveal(request: Request, pseudonym: Annotated[str, Form(max_length=64)] = "", reason: Reason = "") -> Response:
        """The number; noted before it is shown, and shown on this page only."""
        trail = desk.trail(asker_of(request))
        try:
            found = revealing.reveal(
                desk.database, desk.keys, pseudonym.strip(), reason=reason, trail=trail, at=desk.now()
            )
        except NotPossible as error:
            return page(request, pseudonym, reason, str(error))
        return page(request, pseudonym, reason, number=found.e164)

    return router
