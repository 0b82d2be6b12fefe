"""/broadcasts/<name>/check: what a draft would do and cost, a try on one phone, and its start."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from app.access import Permission
from app.gateway import trying
from app.gateway.clashes import clashes, prefixes
from app.gateway.hours import hours_of
from app.gateway.refusals import NotNow, NotPossible
from app.store.broadcasts import Broadcast
from app.values import Msisdn, NotAPhoneNumber
from app.web.allowing import needs
from app.web.console.drafting import FAULTS, Name, address, openings
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of

ASKS_ABOVE = 100
"""Above so many recipients their number is typed before a broadcast starts."""
_RUN = needs(Permission.RUN_BROADCASTS)
_UNDER_WAY = {"scheduled", "running", "paused"}


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, desk = APIRouter(), office.desk

    @router.get("/broadcasts/{name}/check", dependencies=[_RUN])
    def show(request: Request, name: Name) -> Response:
        """What it would do."""
        return _show(office, request, name)

    @router.post("/broadcasts/{name}/check", dependencies=[_RUN])
    def check(request: Request, name: Name) -> Response:
        """Find out what it would do now; nothing is sent."""
        try:
            with desk.planning() as planning:
                planning.plan(name, desk.now(), desk.trail(asker_of(request)))
        except FAULTS as error:
            return _show(office, request, name, str(error))
        return go(f"{address(name)}/check")

    @router.post("/broadcasts/{name}/test", dependencies=[_RUN])
    def try_it(
        request: Request,
        name: Name,
        number: Annotated[str, Form(max_length=40)] = "",
        locale: Annotated[str, Form(max_length=35)] = "",
    ) -> Response:
        """Send its message to one phone now."""
        words = words_of(request)
        try:
            office.limits.hit_look(asker_of(request).id)
            text = openings(office, name).get(locale, "")
            msisdn = Msisdn.parse(number, region=desk.settings.region)
            which = desk.broadcasting.find(name)
            trying.send(
                desk.settings, desk.database, desk.keys, which, text, msisdn, desk.now(), desk.trail(asker_of(request))
            )
        except NotAPhoneNumber:
            fault = words.gettext("This is no phone number. Write it like 077 000 0001.")
            return _show(office, request, name, fault, number=number)
        except NotPossible as error:
            return _show(office, request, name, str(error), number=number)
        said = words.gettext("The message is on its way to your phone.")
        return go(f"{address(name)}/check", said)

    @router.post("/broadcasts/{name}/start", dependencies=[_RUN])
    def start(request: Request, name: Name, people: Annotated[str, Form(max_length=20)] = "") -> Response:
        """Start it. Above some recipients their number is typed, so that nobody writes to thousands by a slip."""
        words, which = words_of(request), desk.broadcasting.find(name)
        wanted = (which.plan or {}).get("messages", 0)
        if which.state == "checked" and wanted > ASKS_ABOVE and _figures(people) != str(wanted):
            fault = words.gettext("That is not the number of people who get a message. Nothing was sent.")
            return _show(office, request, name, fault, people=people)
        try:
            which = desk.broadcasting.start(name, desk.now(), desk.trail(asker_of(request)))
        except NotPossible as error:
            return _show(office, request, name, str(error), people=people)
        waits = which.state == "scheduled"
        said = words.gettext("It starts by itself at its time.") if waits else words.gettext("It has started.")
        return go(address(name), said)

    return router


def _figures(text: str) -> str:
    return "".join(each for each in text if each.isdecimal())


def _show(
    office: Office, request: Request, name: str, fault: str = "", *, number: str = "", people: str = ""
) -> Response:
    desk = office.desk
    which = desk.broadcasting.find(name)
    if which.state not in {"draft", "checked"}:
        raise NotNow(f"The broadcast {name!r} is {which.state} already.")
    with desk.planning() as planning:
        draft = planning.drafting.of(which)
    others = [each.name for each in desk.broadcasting.every() if each.state in _UNDER_WAY]
    plan: Mapping[str, Any] = which.plan or {}
    planned_at = datetime.fromisoformat(plan["planned_at"]) if plan else None
    return office.page(
        request, "broadcast_check", status=422 if fault else 200, which=which, draft=draft, name=name, plan=plan,
        planned_at=planned_at, fault=fault, number=number, people=people, asks_above=ASKS_ABOVE,
        others=others, clashes=_clashes(office, draft.survey), until=_until(office, which, plan),
        per_second=_per_second(office, which),
    )  # fmt: skip


def _clashes(office: Office, survey: str | None) -> list[str]:
    """What else a first word that people answer with could mean."""
    if survey is None:
        return []
    found = clashes(office.desk.settings, prefixes(office.desk.database))
    return [f"{each.problem}: {each.cure}" for each in found if survey in each.surveys]


def _per_second(office: Office, which: Broadcast) -> float | None:
    """How fast it goes at most; None where only the provider knows."""
    lines = office.desk.settings.lines
    chosen = [lines[which.channel]] if which.channel in lines else list(lines.values())
    paces = [each.per_second for each in chosen]
    bears = sum(each for each in paces if each) if all(paces) else None
    own = which.per_minute / 60 if which.per_minute else None
    return min((each for each in (bears, own) if each is not None), default=None)


def _until(office: Office, which: Broadcast, plan: Mapping[str, Any]) -> Any:
    """When the first message to everybody has gone."""
    pace = _per_second(office, which)
    if not plan or pace is None:
        return None
    at = office.desk.now()
    return hours_of(which).end_of(plan["messages"] / pace, max(at, which.starts_at or at))
