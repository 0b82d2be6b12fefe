"""/tasks: long work that somebody began, how far it is, what came of it, and its file."""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from app.access import Permission
from app.gateway.refusals import NotThere
from app.web.allowing import needs
from app.web.console import files
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of

_ANY = needs(Permission.TRY_SURVEYS)  # whoever began it had to be allowed to; it is shown to nobody else


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.get("/tasks/{task_id}", dependencies=[_ANY])
    def show(request: Request, task_id: str) -> Response:
        """How far it is."""
        return office.page(request, "task", task=office.tasks.find(task_id, asker_of(request)))

    @router.get("/live/tasks/{task_id}", dependencies=[_ANY])
    async def stream(request: Request, task_id: str) -> Response:
        """The same as it goes on."""
        task = office.tasks.find(task_id, asker_of(request))
        return office.stream(request, ("task", task_id), "_task", lambda: {"task": task})

    @router.post("/tasks/{task_id}/end", dependencies=[_ANY])
    def end(request: Request, task_id: str) -> Response:
        """Do not go on with it."""
        office.tasks.find(task_id, asker_of(request)).unwanted.set()
        return go(f"/tasks/{task_id}", words_of(request).gettext("It will end in a moment."))

    @router.get("/tasks/{task_id}/file", dependencies=[_ANY])
    def fetch(request: Request, task_id: str) -> Response:
        """The file that it made."""
        task = office.tasks.find(task_id, asker_of(request))
        if task.file is None or not task.file.exists():
            raise NotThere("There is no file of this.")
        gone = BackgroundTask(files.remove, office.desk.settings.data_dir, task.id) if task.once else None
        return FileResponse(task.file, filename=task.name or task.file.name, background=gone)

    return router
