"""/system: what each channel does, what waits, messages of unknown outcome, and what is wrong with how to mend it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.engine import Connection

from app.access import Permission
from app.gateway import deciding, examining
from app.gateway.channels import WORDS
from app.gateway.deciding import Decision
from app.gateway.examining import Finding
from app.gateway.refusals import NotPossible
from app.store import overview, unknowns, waiting
from app.store import retention as stored
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of
from app.web.console.signing_in import Short
from app.web.console.tasks import Task

_HOLDS, _OPERATES = needs(Permission.HOLD_CHANNELS), needs(Permission.OPERATE)
_LOG = 100


@dataclass
class _Asked:
    """What others said when they were last asked, for all who look."""

    at: datetime | None = None
    findings: Sequence[Finding] = field(default_factory=tuple)


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _of_channels(router, office)
    _of_outbox(router, office)
    _of_doctor(router, office)
    return router


def _of_channels(router: APIRouter, office: Office) -> None:
    desk = office.desk

    def channels() -> dict[str, Any]:
        return {"channels": desk.channels.every(desk.now()), "troubles": WORDS}

    @router.get("/system", dependencies=[_HOLDS])
    def show(request: Request) -> Response:
        """All parts of it."""
        backed_up_at = desk.database.read(overview.backed_up_at)
        return office.page(request, "system", backed_up_at=backed_up_at, **channels())

    @router.get("/live/system", dependencies=[_HOLDS])
    async def stream(request: Request) -> Response:
        """What each channel is doing, as it changes."""
        return office.stream(request, "system", "_channels", channels)

    @router.post("/system/channels/{name}/hold", dependencies=[_HOLDS])
    def hold(request: Request, name: str) -> Response:
        """Send nothing over it."""
        desk.channels.hold(name, desk.trail(asker_of(request)), desk.now())
        said = words_of(request).gettext("%(name)s is held: nothing is sent over it until somebody releases it.")
        return go("/system", said % {"name": name})

    @router.post("/system/channels/{name}/release", dependencies=[_HOLDS])
    def release(request: Request, name: str) -> Response:
        """Let it send again."""
        desk.channels.release(name, desk.trail(asker_of(request)), desk.now())
        return go("/system", words_of(request).gettext("%(name)s may send again.") % {"name": name})

    @router.get("/system/channels/{name}", dependencies=[_OPERATES])
    def log(request: Request, name: str) -> Response:
        """The last exchanges with its provider."""
        found = desk.channels.find(name, desk.now())
        log = desk.channels.log(name, count=_LOG, at=desk.now())
        return office.page(request, "channel", channel=found, log=log, troubles=WORDS)

    @router.get("/system/retention", dependencies=[_OPERATES])
    def retention(request: Request) -> Response:
        """How long things are kept, and what was removed because of it."""
        return office.page(request, "retention", removed=desk.database.read(stored.removed))


def _of_outbox(router: APIRouter, office: Office) -> None:
    desk = office.desk

    def look(connection: Connection) -> dict[str, Any]:
        return {
            "waiting": waiting.by_channel(connection, desk.now()),
            "unknown": unknowns.counts(connection, None),
            "of_broadcasts": unknowns.by_broadcast(connection),
        }

    @router.get("/system/outbox", dependencies=[needs(Permission.SEE_STATUS)])
    def show(request: Request) -> Response:
        """What waits, and messages of which nobody knows whether they were sent."""
        return office.page(request, "outbox", **desk.database.read(look))

    @router.post("/system/outbox/unknown", dependencies=[_OPERATES])
    def decide(request: Request, decision: Short = "", sure: Short = "") -> Response:
        """Do what a person decides of replies of unknown outcome."""
        if decision not in set(Decision):
            raise NotPossible("Choose what becomes of them.")
        wanted, words = Decision(decision), words_of(request)
        if wanted is Decision.AGAIN and not sure:
            raise NotPossible("Some may arrive twice and be paid twice. Tick that this is meant.")
        trail = desk.trail(asker_of(request))
        found = deciding.decide(desk.settings, desk.database, None, wanted, desk.now(), trail)
        did = words.gettext("%(count)s count as sent now.")
        if wanted is Decision.AGAIN:
            did = words.gettext(
                "%(count)s wait to be sent again. %(stay)s stay as they are: these phones asked for silence, were written to "
                "since, or began the survey."
            )
        return go("/system/outbox", did % {"count": found.count, "stay": found.stay})


def _of_doctor(router: APIRouter, office: Office) -> None:
    desk, asked = office.desk, _Asked()

    @router.get("/system/doctor", dependencies=[_OPERATES])
    def show(request: Request) -> Response:
        """What is wrong on this machine now, and what others said when they were last asked."""
        here = examining.examine(desk.settings, examining.HERE, desk.now())
        return office.page(request, "doctor", here=here, outside=asked.findings, asked_at=asked.at)

    @router.post("/system/doctor", dependencies=[_OPERATES])
    def ask(request: Request) -> Response:
        """Ask the provider, and ourselves from outside: it may take some seconds."""
        done = words_of(request).gettext("The provider was asked.")

        def work(_: Task) -> str:
            asked.findings = examining.examine(desk.settings, examining.OUTSIDE, desk.now())
            asked.at = desk.now()
            return done

        title, owner = words_of(request).gettext("Ask the provider"), asker_of(request)
        return go(f"/tasks/{office.tasks.begin(title, owner, work, back='/system/doctor').id}")
