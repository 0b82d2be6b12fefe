"""/begin: what to do first: look around with simulated respondents, bring a survey, or connect a provider."""

from datetime import UTC, datetime, time
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.engine import Connection

from app.access import Permission
from app.gateway.demo import making
from app.gateway.demo.plan import Plan
from app.gateway.library import Library
from app.gateway.refusals import NotPossible
from app.store import demo
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of
from app.web.console.tasks import Task

PEOPLE = 200
_DAYS = 30
_SEED = 1
_OPERATE = needs(Permission.OPERATE)


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, desk = APIRouter(), office.desk

    @router.get("/begin", dependencies=[needs(Permission.TRY_SURVEYS)])
    def show(request: Request) -> Response:
        """What one can begin with."""
        return office.page(request, "begin", simulated=desk.database.read(demo.count), people=PEOPLE)

    @router.post("/begin/simulated", dependencies=[_OPERATE])
    def simulate(request: Request) -> Response:
        """Let simulated people answer the survey, so that every page has something to show."""
        if desk.settings.production:
            raise NotPossible("This is a live service: simulated answers would be mixed with real ones.")
        if desk.database.read(demo.others):
            raise NotPossible("People have answered already: simulated answers would be mixed with theirs.")
        _note(office, request, f"{desk.settings.survey}: {PEOPLE}, seed {_SEED}")
        words = words_of(request)
        title = words.gettext("Simulated respondents")
        task = office.tasks.begin(title, asker_of(request), _making(office), back="/", total=PEOPLE)
        return go(f"/tasks/{task.id}")

    @router.post("/begin/simulated/remove", dependencies=[_OPERATE])
    def remove(request: Request) -> Response:
        """Remove all simulated respondents, and nobody else."""
        _note(office, request, "remove")

        def work(task: Task) -> str:
            gone = making.remove(desk.database, task)
            return f"{gone} simulated respondents were removed, and nobody else."

        title = words_of(request).gettext("Remove the simulated respondents")
        task = office.tasks.begin(title, asker_of(request), work, back="/")
        return go(f"/tasks/{task.id}")

    return router


def _making(office: Office) -> Any:
    desk = office.desk

    def work(task: Task) -> str:
        library = Library(desk.database)  # of its own, for this thread
        library.refresh()
        until = datetime.combine(desk.now().date(), time(), UTC)
        plan = Plan(desk.settings.survey, PEOPLE, _SEED, until, _DAYS)
        making.make(desk.settings, desk.database, library, plan, task, processes=1)
        return f"{PEOPLE} simulated people have answered. All of them can be removed again under “Begin here”."

    return work


def _note(office: Office, request: Request, what: str) -> None:
    pen, at = office.desk.trail(asker_of(request)), office.desk.now()

    def work(connection: Connection) -> None:
        pen.note(connection, "demo data", what[:128], at=at)

    office.desk.database.write(work)
