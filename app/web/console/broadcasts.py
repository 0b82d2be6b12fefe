"""/broadcasts: all of them, and the live page of each with what a coordinator does while it goes on."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from app.access import Permission
from app.gateway.deciding import Decision
from app.gateway.refusals import NotPossible, NotThere
from app.money import NotMoney, millionths
from app.store import tallies
from app.web.allowing import needs
from app.web.console.drafting import Name, address
from app.web.console.following import Following, row
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of

_PAGE = 30
_SEE, _RUN = needs(Permission.SEE_STATUS), needs(Permission.RUN_BROADCASTS)
_SURE = {"cancel", "remind", "unknown"}
"""What spends money or cannot be undone, and so is asked about on a page of its own."""
Sure = Annotated[str, Form(max_length=8)]


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, following = APIRouter(), Following(office.desk)
    _looking(router, office, following)
    _running(router, office)
    _deciding(router, office, following)
    return router


def _looking(router: APIRouter, office: Office, following: Following) -> None:
    desk = office.desk

    @router.get("/broadcasts", dependencies=[_SEE])
    def show_all(request: Request, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
        """All of them, the newest first."""
        return office.page(request, "broadcasts", **_rows(office, page))

    @router.get("/live/broadcasts", dependencies=[_SEE])
    async def stream_all(request: Request, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
        """The same as they go on."""
        return office.stream(request, ("broadcasts", page), "_broadcasts", lambda: _rows(office, page))

    @router.get("/broadcasts/{name}", dependencies=[_SEE])
    def show(request: Request, name: Name) -> Response:
        """How one goes."""
        return office.page(request, "broadcast", name=name, **following.look(name))

    @router.get("/live/broadcasts/{name}", dependencies=[_SEE])
    async def stream(request: Request, name: Name) -> Response:
        """The same as it goes on."""

        def make() -> dict[str, Any]:
            return {"name": name, **following.look(name)}

        return office.stream(request, ("broadcast", name), "_broadcast", make)

    @router.get("/broadcasts/{name}/sure/{deed}", dependencies=[_RUN])
    def ask(request: Request, name: Name, deed: str) -> Response:
        """Ask before something that spends money or cannot be undone."""
        if deed not in _SURE:
            raise NotThere("There is no such page.")
        unknown = desk.broadcasting.unknown(name)
        return office.page(
            request, "broadcast_sure", deed=deed, fault="", unknown=unknown, name=name, **following.look(name)
        )


def _running(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.post("/broadcasts/{name}/pause", dependencies=[_RUN])
    def pause(request: Request, name: Name) -> Response:
        """Hold it."""
        desk.broadcasting.pause(name, desk.now(), desk.trail(asker_of(request)))
        return go(
            address(name), words_of(request).gettext("It is paused. What the provider was given already is sent.")
        )

    @router.post("/broadcasts/{name}/resume", dependencies=[_RUN])
    def resume(request: Request, name: Name, budget: Annotated[str, Form(max_length=20)] = "") -> Response:
        """Go on, with more money if somebody says so."""
        pen = desk.trail(asker_of(request))
        try:
            if text := budget.strip().replace(",", ""):
                amount = millionths(text, text[:3] if text[:3].isalpha() else "")
                desk.broadcasting.raise_budget(name, amount, desk.now(), pen)
            desk.broadcasting.resume(name, desk.now(), pen)
        except (NotPossible, NotMoney) as error:
            return go(address(name), str(error), wrong=True)
        return go(address(name), words_of(request).gettext("It goes on where it was."))


def _deciding(router: APIRouter, office: Office, following: Following) -> None:
    desk = office.desk

    def refused(request: Request, name: str, deed: str, fault: str) -> Response:
        unknown = desk.broadcasting.unknown(name)
        shown = {"deed": deed, "fault": fault, "unknown": unknown, "name": name}
        return office.page(request, "broadcast_sure", status=422, **shown, **following.look(name))

    def unsure(request: Request) -> str:
        return words_of(request).gettext("Say that you are sure: set the tick. Nothing was done.")

    @router.post("/broadcasts/{name}/cancel", dependencies=[_RUN])
    def cancel(request: Request, name: Name, sure: Sure = "") -> Response:
        """End it for good."""
        if sure != "yes":
            return refused(request, name, "cancel", unsure(request))
        desk.broadcasting.cancel(name, desk.now(), desk.trail(asker_of(request)))
        said = words_of(request).gettext("It is cancelled. What was sent stays sent, what was not is withdrawn.")
        return go(address(name), said)

    @router.post("/broadcasts/{name}/remind", dependencies=[_RUN])
    def remind(request: Request, name: Name, sure: Sure = "") -> Response:
        """Remind now those who never began or stopped half-way."""
        if sure != "yes":
            return refused(request, name, "remind", unsure(request))
        with desk.planning() as planning:
            count = planning.remind(name, desk.now(), desk.trail(asker_of(request)))
        said = words_of(request).gettext(
            "%(count)s people are looked at. Those who have not answered are reminded in its hours."
        )
        return go(address(name), said % {"count": f"{count:,}"})

    @router.post("/broadcasts/{name}/unknown", dependencies=[_RUN])
    def decide(
        request: Request, name: Name, what: Annotated[str, Form(max_length=8)] = "", sure: Sure = ""
    ) -> Response:
        """Decide of the messages of which nobody knows whether they were sent."""
        if what not in {"sent", "again"} or (what == "again" and sure != "yes"):
            return refused(request, name, "unknown", unsure(request))
        pen = desk.trail(asker_of(request))
        decided = desk.broadcasting.decide_unknown(name, Decision(what), desk.now(), pen)
        words = words_of(request)
        done = words.gettext("%(count)s count as sent now.") if what == "sent" else words.gettext(
            "%(count)s wait to be sent again."
        )  # fmt: skip
        stay = words.gettext("%(count)s stay as they are: to send them again would do no good.")
        said = done % {"count": f"{decided.count:,}"} + (
            f" {stay}" % {"count": f"{decided.stay:,}"} if decided.stay else ""
        )
        return go(address(name), said)


def _rows(office: Office, page: int) -> dict[str, Any]:
    every = office.desk.broadcasting.every()[::-1]
    some = every[(page - 1) * _PAGE : page * _PAGE]

    def read(connection: Any) -> list[dict[str, Any]]:
        return [row(each, tallies.of(connection, each.id)) for each in some]

    return {"rows": office.desk.database.read(read), "more": len(every) > page * _PAGE, "page": page}
