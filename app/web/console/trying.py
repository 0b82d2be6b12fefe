"""/try: a survey on basic phones in the browser, beside its picture, on a stage of its own where nothing is real."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.engine import Connection

from app.access import Permission
from app.flows.picture.plan import END, way
from app.flows.review.findings import language
from app.gateway import describing, library, versions
from app.gateway.refusals import NotPossible, NotThere
from app.gateway.versions import newest_draft, published_of
from app.store import surveys
from app.store.surveys import Version
from app.values import Medium, RunState
from app.web.allowing import needs
from app.web.console.kept import Kept
from app.web.console.office import Office, asker_of
from app.web.console.picture import Funnel, Picture, funnel_from
from app.web.console.rendering import go, words_of
from app.web.console.stages import Stage, View, Wanted
from app.web.console.surveys import named, versions_of
from app.web.console.tasks import Task

PEOPLE = 200
_TRY = needs(Permission.TRY_SURVEYS)
_EVENTS = {
    "drop": "session dropped", "duplicate": "provider retries", "late": "an old request comes late", "sms": "by sms",
    "ussd": "by ussd", "hour": "one hour passes", "day": "one day passes", "another": "another phone",
}  # fmt: skip
Act = Annotated[str, Form(max_length=20)]
Words = Annotated[str, Form(max_length=500)]


@dataclass(frozen=True, slots=True)
class _Lit:
    """What of the picture lights up."""

    seen: Sequence[str] = ()
    at: str = ""
    taken: frozenset[int] = frozenset()


class _Room:
    """Where the phones of all who try something are."""

    def __init__(self, office: Office) -> None:
        self.office, self.desk, self.stages = office, office.desk, office.stages
        self._kept = Kept(office.desk.now, most=8)

    def mine(self, request: Request, survey: str) -> Stage:
        """The stage of whoever asks; raises `NotThere` where it is gone."""
        stage = self.stages.find(_owner(request))
        if stage is None or stage.wanted.survey != survey:
            raise NotThere(
                "This phone was put away: after half an hour without a touch, or for another survey. Begin anew."
            )
        return stage

    def shown(self, stage: Stage) -> dict[str, Any]:
        """Everything that the page shows of it."""
        wanted, view, found = stage.wanted, stage.view(), stage.funnel()
        key = wanted.version_id, wanted.xform
        picture = self._kept.value(("picture", *key), lambda: Picture.of(describing.compiled(wanted.xform)), wait=5)
        return {
            "survey": wanted.survey, "wanted": wanted, "view": view, "picture": picture,
            "funnel": funnel_from(found) if found else Funnel(), "lit": _lit(picture, view), "fault": "", "people": PEOPLE,
        }  # fmt: skip

    def beginning(self, survey: str, version: int) -> dict[str, Any]:
        """What is asked before a phone is taken up."""
        found = self.desk.database.read(lambda connection: versions_of(connection, survey))
        chosen = named(found, version) if version else newest_draft(found) or published_of(found) or found[-1]
        key = chosen.id, chosen.digest  # a draft may have got the number of one that it took the place of
        languages = self._kept.value(("languages", *key), lambda: self._to_choose(chosen), wait=5) or {}
        return {"survey": survey, "versions": found[::-1], "chosen": chosen, "languages": languages}

    def _to_choose(self, version: Version) -> Mapping[str, str]:
        """The languages that a phone may have; none where the form asks for it."""
        flow = versions.flow_of(self.desk.database, version.id)
        if any(each.sets_language for each in flow.questions):
            return {}
        return {each: language(flow, each) for each in flow.locales}


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, room = APIRouter(), _Room(office)
    _coming_and_going(router, room)
    _acting(router, room)
    return router


def _coming_and_going(router: APIRouter, room: _Room) -> None:
    office, desk, stages = room.office, room.desk, room.stages

    @router.get("/try", dependencies=[_TRY])
    def which(request: Request) -> Response:
        """Which survey to try."""
        every = desk.database.read(surveys.every)
        stage = stages.find(_owner(request))
        return office.page(request, "try_which", versions=_tryable(every), open=stage.wanted if stage else None)

    @router.get("/try/{survey}", dependencies=[_TRY])
    def show(
        request: Request, survey: str, version: Annotated[int, Query()] = 0, anew: Annotated[bool, Query()] = False
    ) -> Response:
        """The phones beside the picture; or how to begin."""
        stage = stages.find(_owner(request))
        is_open = stage is not None and stage.wanted.survey == survey and version in {0, stage.wanted.version_id}
        if stage is not None and is_open and not anew:
            return office.page(request, "try", **room.shown(stage))
        return office.page(request, "try_begin", **room.beginning(survey, version), open=stage)

    @router.post("/try/{survey}/begin", dependencies=[_TRY])
    def begin(
        request: Request, survey: str, version: Annotated[int, Form()], medium: Act = "ussd", locale: Act = ""
    ) -> Response:
        """Set a stage and dial."""
        wanted = desk.database.read(lambda connection: _wanted(connection, survey, version, medium, locale))
        stages.begin(_owner(request), wanted)
        return go(_address(survey))

    @router.post("/try/{survey}/end", dependencies=[_TRY])
    def end(request: Request, survey: str) -> Response:
        """Put the phones away."""
        room.mine(request, survey)
        stages.end(_owner(request))
        return go("/try", words_of(request).gettext("The phones were put away, and all that was typed on them."))


def _acting(router: APIRouter, room: _Room) -> None:
    office = room.office

    @router.post("/try/{survey}/act", dependencies=[_TRY])
    def act(request: Request, survey: str, act: Act = "send", words: Words = "") -> Response:
        """Do something with the phone, or let the world do something."""
        stage, fault = room.mine(request, survey), ""
        try:
            _play(stage, act, words)
        except NotPossible as error:
            fault = str(error)
        if "hx-request" in request.headers:
            return office.page(request, "_try", **room.shown(stage) | {"fault": fault})
        return go(_address(survey), fault, wrong=bool(fault))

    @router.get("/try/{survey}/transcript", dependencies=[_TRY])
    def transcript(request: Request, survey: str) -> Response:
        """Everything that happened, as a file that is played again."""
        text = room.mine(request, survey).transcript()
        headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(survey, safe='')}.txt"}
        return Response(text, media_type="text/plain; charset=utf-8", headers=headers)

    @router.post("/try/{survey}/people", dependencies=[_TRY])
    def simulate(request: Request, survey: str) -> Response:
        """Let simulated people answer it on the stage."""
        stage, words = room.mine(request, survey), words_of(request)

        def work(task: Task) -> str:
            stage.simulate(PEOPLE, task)
            return f"{PEOPLE} simulated people have answered, on your stage only."

        title = words.gettext("Simulated people try the survey")
        task = office.tasks.begin(title, asker_of(request), work, back=_address(survey), total=PEOPLE)
        return go(f"/tasks/{task.id}")


def _play(stage: Stage, act: str, words: str) -> None:
    match act:
        case "send":
            stage.type(words)
        case "dial":
            stage.start()
        case "slow":  # what she typed is taken, but the network has given up before the screen came
            stage.type(words)
            stage.happen("session dropped")
        case _ if act in _EVENTS:
            stage.happen(_EVENTS[act])
        case _ if act.startswith("phone-") and act[6:].isdigit():
            stage.happen(f"phone {min(max(int(act[6:]), 1), stage.view().phones)}")
        case _:
            raise NotPossible("A phone cannot do that.")


def _lit(picture: Picture | None, view: View) -> _Lit:
    if picture is None:
        return _Lit()
    known = {box.id for box in picture.plan.boxes}
    seen = [each for each in view.seen if each in known]
    reached_end = view.state == RunState.COMPLETED and END in known and (not seen or seen[-1] not in _endings(picture))
    return _Lit(seen, view.at, way(picture.plan, [*seen, END] if reached_end else seen))


def _endings(picture: Picture) -> set[str]:
    return {box.item.name for box in picture.plan.boxes if box.item is not None and box.item.end}


def _wanted(connection: Connection, survey: str, version_id: int, medium: str, locale: str) -> Wanted:
    version = named(versions_of(connection, survey), version_id)
    ships = any(each.name == version.filename for each in library.shipped())
    xform, how = surveys.xform(connection, version.id), Medium.SMS if medium == Medium.SMS else Medium.USSD
    called = survey if ships else version.filename
    return Wanted(survey, version.title, version.id, version.version, called, xform, how, locale)


def _tryable(every: Sequence[Version]) -> dict[str, list[Version]]:
    """The versions of each survey, the newest first."""
    found: dict[str, list[Version]] = {}
    for version in reversed(every):
        found.setdefault(version.survey, []).append(version)
    return found


def _owner(request: Request) -> str:
    return asker_of(request).name


def _address(survey: str) -> str:
    return f"/try/{quote(survey, safe='')}"
