"""/broadcasts: what coordinators do with broadcasts, the same as `izwi broadcast`."""

from typing import Annotated

from fastapi import APIRouter, Body, Path

from app.access import Permission
from app.store.tokens import Token
from app.web.allowing import needs
from app.web.api.shapes import (
    Decide,
    Decided,
    NewBroadcast,
    Plan,
    Reason,
    Reminded,
    Resume,
    Standing,
    Summary,
    Unknown,
)
from app.web.desk import Desk

Name = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]+$")]
_SEE, _RUN = needs(Permission.SEE_STATUS), needs(Permission.RUN_BROADCASTS)
Coordinator = Annotated[Token, _RUN]


def routes(desk: Desk) -> APIRouter:
    """The routes. They are plain functions, so that they run beside the event loop that takes turns, never on it."""
    router = APIRouter(prefix="/broadcasts", tags=["broadcasts"])
    office = desk.broadcasting

    def standing(name: str) -> Standing:
        return Standing.of(office.status(name, desk.now()), desk.zone)

    @router.get("", dependencies=[_SEE])
    def list_broadcasts() -> list[Summary]:
        """All broadcasts, the oldest first."""
        return [Summary.of(each, desk.zone) for each in office.every()]

    @router.post("", status_code=201, dependencies=[_RUN])
    def draft_broadcast(wish: NewBroadcast) -> Standing:
        """Store a draft; nothing is sent."""
        with desk.planning() as planning:
            planning.draft(wish.as_draft(), desk.now())
        return standing(wish.name)

    @router.get("/{name}", dependencies=[_SEE])
    def show_broadcast(name: Name) -> Standing:
        """How it stands: people, messages, cost, what went wrong."""
        return standing(name)

    @router.post("/{name}/plan")
    def plan_broadcast(name: Name, asker: Coordinator) -> Plan:
        """Who would get it and what it would cost, if it started now. Nothing is sent; from then on it may be started."""
        with desk.planning() as planning:
            return Plan.of(planning.plan(name, desk.now(), desk.trail(asker)), desk.zone)

    _running(router, desk)
    _deciding(router, desk)
    return router


def _running(router: APIRouter, desk: Desk) -> None:
    office = desk.broadcasting

    def standing(name: str) -> Standing:
        return Standing.of(office.status(name, desk.now()), desk.zone)

    @router.post("/{name}/start")
    def start_broadcast(name: Name, asker: Coordinator) -> Standing:
        """Start one that was planned, now or at its start time."""
        office.start(name, desk.now(), desk.trail(asker))
        return standing(name)

    @router.post("/{name}/pause")
    def pause_broadcast(name: Name, asker: Coordinator) -> Standing:
        """Hold it within two seconds. What a provider was given already is sent."""
        office.pause(name, desk.now(), desk.trail(asker))
        return standing(name)

    @router.post("/{name}/resume")
    def resume_broadcast(name: Name, asker: Coordinator, how: Annotated[Resume | None, Body()] = None) -> Standing:
        """Go on where it was, with a new budget if one is given."""
        if how is not None and how.millionths is not None:
            office.raise_budget(name, how.millionths, desk.now(), desk.trail(asker))
        office.resume(name, desk.now(), desk.trail(asker))
        return standing(name)

    @router.post("/{name}/cancel")
    def cancel_broadcast(name: Name, asker: Coordinator) -> Standing:
        """End it for good. What was sent stays sent; what was not is withdrawn."""
        office.cancel(name, desk.now(), desk.trail(asker))
        return standing(name)

    @router.post("/{name}/remind")
    def remind_broadcast(name: Name, asker: Coordinator) -> Reminded:
        """Remind now those who never began or stopped half-way."""
        with desk.planning() as planning:
            return Reminded(looked_at=planning.remind(name, desk.now(), desk.trail(asker)))


def _deciding(router: APIRouter, desk: Desk) -> None:
    office = desk.broadcasting

    @router.get("/{name}/unknown", dependencies=[_SEE])
    def show_unknown(name: Name) -> Unknown:
        """How many of its messages are of unknown outcome, since when and why."""
        found = office.unknown(name)
        return Unknown(count=sum(each.count for each in found), reasons=[Reason.of(each, desk.zone) for each in found])

    @router.post("/{name}/unknown")
    def decide_unknown(name: Name, what: Decide, asker: Coordinator) -> Decided:
        """Count them as sent, or send them again; some of these may arrive twice, and are paid twice."""
        decided = office.decide_unknown(name, what.decision, desk.now(), desk.trail(asker))
        return Decided(count=decided.count, stay=decided.stay)
