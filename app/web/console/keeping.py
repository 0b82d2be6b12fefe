"""/system/backups and /system/processing: all that there is in one sealed file, and the record that the law asks for."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response

from app.access import Permission
from app.gateway.backing_up import BackingUp
from app.gateway.refusals import NotPossible, NotThere
from app.gateway.restoring import Restoring
from app.reports import processing as record
from app.store import keys as vault
from app.store.backups import keyring
from app.values import VERSION
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of
from app.web.console.signing_in import Short
from app.web.console.tasks import Task

_OPERATES = needs(Permission.OPERATE)
_NAME = re.compile(r"izwi-(\d{8}-\d{6})\.backup")


class Backup(NamedTuple):
    """One that is there."""

    name: str
    made_at: datetime
    bytes: int


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _of_backups(router, office)
    _of_one(router, office)
    _of_processing(router, office)
    return router


def _every(folder: Path) -> list[Backup]:
    """The backups of a folder, the newest first."""
    if not folder.is_dir():
        return []
    found = [(path, match) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    made = [
        Backup(path.name, datetime.strptime(match[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC), path.stat().st_size)
        for path, match in found
    ]
    return sorted(made, key=lambda each: each.made_at, reverse=True)


def _counting(task: Task) -> Any:
    """Tells how many rows of all tables were written or read."""
    seen: dict[str, int] = {}

    def told(table: str, rows: int) -> None:
        seen[table] = rows
        task(sum(seen.values()))

    return told


def _of_backups(router: APIRouter, office: Office) -> None:
    desk, folder = office.desk, office.desk.settings.backups

    def backing_up(request: Request) -> BackingUp:
        desk.keys.refresh()  # there may be a new one since we began
        return BackingUp(desk.database, desk.keys, desk.trail(asker_of(request)), VERSION)

    def begun(request: Request, title: str, work: Any) -> Response:
        return go(f"/tasks/{office.tasks.begin(title, asker_of(request), work, back='/system/backups').id}")

    @router.get("/system/backups", dependencies=[_OPERATES])
    def show(request: Request) -> Response:
        """The backups that are there."""
        ring = folder / keyring.FILE
        made_of = keyring.FILE if ring.exists() else ""
        return office.page(request, "backups", backups=_every(folder), folder=folder, ring=made_of)

    @router.post("/system/backups", dependencies=[_OPERATES])
    def make(request: Request) -> Response:
        """Make one, while everything goes on."""
        at_work = backing_up(request)

        def work(task: Task) -> str:
            vault.make_private(folder)
            made = at_work.make(folder, desk.now(), _counting(task))
            return (
                f"{made.path.name} has {sum(made.counts.values()):,} rows. Read it once whole: “Verify” beside it does."
            )

        return begun(request, words_of(request).gettext("Make a backup"), work)

    @router.post("/system/backups/forget", dependencies=[_OPERATES])
    def forget(request: Request) -> Response:
        """Let the backups of the folder forget who was erased since."""
        at_work = backing_up(request)

        def work(_: Task) -> str:
            if not folder.is_dir():
                raise NotPossible("There is no backup yet.")
            return f"The keyring has the keys of {at_work.keys_only(folder, desk.now()):,} phones."

        return begun(request, words_of(request).gettext("Let backups forget"), work)


def _of_one(router: APIRouter, office: Office) -> None:
    desk, folder = office.desk, office.desk.settings.backups

    def named(name: str) -> Path:
        known = {each.name for each in _every(folder)} | {keyring.FILE}
        if name not in known or not (folder / name).is_file():
            raise NotThere("There is no such backup.")
        return folder / name

    @router.post("/system/backups/{name}/verify", dependencies=[_OPERATES])
    def verify(request: Request, name: str) -> Response:
        """Read one whole; restores nothing."""
        desk.keys.refresh()
        restoring = Restoring(named(name), folder / keyring.FILE, desk.keys)

        def work(task: Task) -> str:
            found = restoring.verify(_counting(task))
            left_out = f" Of {found.left_out:,} phones nothing can be read any more." if found.left_out else ""
            return f"{name} is whole: {sum(found.counts.values()):,} rows.{left_out}"

        title, owner = words_of(request).gettext("Verify a backup"), asker_of(request)
        return go(f"/tasks/{office.tasks.begin(title, owner, work, back='/system/backups').id}")

    @router.post("/system/backups/{name}/fetch", dependencies=[_OPERATES])
    def fetch(request: Request, name: str) -> Response:
        """The file itself, for a stick or another machine; noted."""
        path, trail, at = named(name), desk.trail(asker_of(request)), desk.now()
        desk.database.write(lambda connection: trail.note(connection, "backup fetch", name, at=at))
        return FileResponse(path, filename=name, media_type="application/octet-stream")


def _of_processing(router: APIRouter, office: Office) -> None:
    desk, reports = office.desk, needs(Permission.REPORT_PROCESSING)

    @router.get("/system/processing", dependencies=[reports])
    def show(request: Request) -> Response:
        """What it is, and a button that writes it."""
        return office.page(request, "processing", text="")

    @router.post("/system/processing", dependencies=[reports])
    def write(request: Request, as_file: Short = "") -> Response:
        """Write it, and note that."""
        trail, at = desk.trail(asker_of(request)), desk.now()
        text = record.told(desk.settings, desk.database, desk.keys, at)
        desk.database.write(lambda connection: trail.note(connection, "report processing", "all", at=at))
        if as_file:
            name = f"record-of-processing-{at:%Y-%m-%d}.md"
            headers = {"content-disposition": f'attachment; filename="{name}"'}
            return PlainTextResponse(text, headers=headers, media_type="text/markdown")
        return office.page(request, "processing", text=text)
