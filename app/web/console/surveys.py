"""/surveys: which there are, their versions and files, what a version changes, and how a new one is brought."""

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Query, Request, UploadFile
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.engine import Connection

from app.access import Permission
from app.flows.comparing.changes import Change
from app.flows.comparing.diff import diff as compare
from app.flows.reading.faults import Fault, FormError, Place
from app.gateway import bringing, packing, versions
from app.gateway.refusals import NotThere
from app.gateway.versions import Brought, How
from app.settings import Settings
from app.store import overview, surveys
from app.store.surveys import Version
from app.store.unit import Database
from app.web.allowing import needs
from app.web.console.office import Office
from app.web.console.rendering import go, words_of

_SEE, _MANAGE = needs(Permission.SEE_STATUS), needs(Permission.MANAGE_SURVEYS)
_MOST_FILES = 40
_SHOWN_FAULTS = 500


def routes(office: Office) -> APIRouter:
    """The routes of the list, of one survey and its versions."""
    router, desk = APIRouter(), office.desk
    _bringing(router, office)  # first: its address would be taken for that of a survey

    @router.get("/surveys", dependencies=[_SEE])
    def every(request: Request) -> Response:
        """All surveys."""
        return office.page(
            request, "surveys", **desk.database.read(lambda connection: _list(connection, desk.settings))
        )

    @router.get("/surveys/{survey}", dependencies=[_SEE])
    def one(request: Request, survey: str) -> Response:
        """One survey: its versions, and what can be done with each."""

        def read(connection: Connection) -> dict[str, Any]:
            found = versions_of(connection, survey)
            return {"versions": found[::-1], "counts": surveys.counts(connection, found[0].survey_id)}

        shown = desk.database.read(read)
        return office.page(
            request, "survey", survey=survey, title=shown["versions"][0].title, **shown,
            published=versions.published_of(shown["versions"]), started=versions.is_started(desk.settings, survey),
            codes=_codes(desk.settings, survey),
        )  # fmt: skip

    @router.get("/surveys/{survey}/diff", dependencies=[_SEE])
    def diff(
        request: Request, survey: str, older: Annotated[int, Query()] = 0, newer: Annotated[int, Query()] = 0
    ) -> Response:
        """What changes from one version to another."""
        found = desk.database.read(lambda connection: versions_of(connection, survey))
        after = (
            named(found, newer) if newer else versions.newest_draft(found) or versions.published_of(found) or found[-1]
        )
        before = named(found, older) if older else versions.asked_before(found, after)
        made = changes(desk.database, before, after) if before is not None else None
        return office.page(request, "survey_diff", survey=survey, versions=found, before=before, after=after, made=made)

    @router.get("/surveys/{survey}/{version_id}/file", dependencies=[_SEE])
    def fetch(
        survey: str, version_id: int, form: Annotated[str, Query(pattern="^(brought|xform)$")] = "brought"
    ) -> Response:
        """The file of a version: as it was brought, or the XForm that is run."""
        version = desk.database.read(lambda connection: version_of(connection, survey, version_id))
        if form == "xform":
            content = desk.database.read(lambda connection: surveys.xform(connection, version.id)).encode()
            return _file(content, f"{PurePath(version.filename).stem}.xml")
        kept = desk.database.read(lambda connection: surveys.source(connection, version.id))
        if len(packing.laid_out(version.filename, kept)) > 1:  # with the lists that lay beside it
            return _file(kept, f"{PurePath(version.filename).stem}.zip")
        return _file(packing.as_brought(version.filename, kept), version.filename)

    return router


def _bringing(router: APIRouter, office: Office) -> None:
    def page(request: Request, faults: Sequence[Fault] = (), *, status: int = 200, name: str = "") -> Response:
        return office.page(
            request,
            "survey_upload",
            status=status,
            faults=faults[:_SHOWN_FAULTS],
            more=len(faults) - _SHOWN_FAULTS,
            file=name,
        )

    @router.get("/surveys/upload", dependencies=[_MANAGE])
    def ask(request: Request) -> Response:
        """Ask for a form."""
        return page(request)

    @router.post("/surveys/upload", dependencies=[_MANAGE])
    def bring(request: Request, files: Annotated[list[UploadFile], File()]) -> Response:
        """Store a form as a draft, or say by sheet and row what keeps it from being asked."""
        brought = [(_safe(each.filename), each.file.read()) for each in files[:_MOST_FILES] if each.filename]
        try:
            made = _brought(office, brought)
        except FormError as error:
            return page(request, error.faults, status=422, name=", ".join(name for name, _ in brought))
        words, version = words_of(request), made.version
        said = {
            How.NEW: words.gettext("It is stored as a draft; nobody is asked it yet."),
            How.RENEWED: words.gettext(
                "It takes the place of the draft with the same version; nobody is asked it yet."
            ),
            How.KNOWN: words.gettext("This form is stored already; nothing was changed."),
        }[made.how]
        return go(f"/surveys/{quote(version.survey, safe='')}/{version.id}/screens", said)


def _brought(office: Office, files: Sequence[tuple[str, bytes]]) -> Brought:
    """Store what was brought: a form, and the lists that it takes from other files."""
    with tempfile.TemporaryDirectory(prefix="izwi-form-") as folder:
        read = versions.read(_laid_down(Path(folder), files))
        return versions.bring(office.desk.database, read.content, office.desk.now())


def _laid_down(folder: Path, files: Sequence[tuple[str, bytes]]) -> Path:
    """Write what was brought into a folder, as it would lie beside a form; returns the form."""
    for name, content in files:
        (folder / name).write_bytes(content)
    there = [folder / name for name, _ in files]
    forms = there if len(there) == 1 else [each for each in there if bringing.is_survey(each)]
    if len(forms) == 1:
        return forms[0]
    if not forms:
        problem, cure = "there is no form", "Choose an XLSForm: .xlsx, .xls, .csv, .md, .xml or .zip."
    else:
        problem = f"there are several forms: {', '.join(each.name for each in forms)}"
        cure = "Bring one form at a time, with the lists that it takes from other files."
    raise FormError([Fault(Place("files", None), "", problem, cure)])


def versions_of(connection: Connection, survey: str) -> list[Version]:
    """All versions of a survey in the order in which they were brought."""
    found = surveys.of_survey(connection, survey)
    if not found:
        raise NotThere("There is no survey of this name.")
    return found


def version_of(connection: Connection, survey: str, version_id: int) -> Version:
    """One version of a survey."""
    return named(versions_of(connection, survey), version_id)


def named(found: Sequence[Version], version_id: int) -> Version:
    """The version with this key."""
    version = next((each for each in found if each.id == version_id), None)
    if version is None:
        raise NotThere("There is no such version of this survey any more. A newer draft may have taken its place.")
    return version


def changes(database: Database, before: Version, after: Version) -> dict[str, Any]:
    """What changes from one version to another, and where their results would no longer line up."""
    made = compare(versions.flow_of(database, before.id), versions.flow_of(database, after.id))

    def row(change: Change) -> dict[str, str]:
        return {"where": change.where, "choice": change.choice, "what": change.what, "warning": change.warning}

    return {"changes": [row(each) for each in made.changes], "warnings": [row(each) for each in made.warnings]}


def _list(connection: Connection, settings: Settings) -> dict[str, Any]:
    by_survey: dict[str, list[Version]] = {}
    for version in surveys.every(connection):
        by_survey.setdefault(version.survey, []).append(version)
    return {
        "surveys": [
            {"about": each, "versions": by_survey.get(each.name, []), "codes": _codes(settings, each.name)}
            for each in overview.every(connection)
        ]
    }


def _codes(settings: Settings, survey: str) -> list[str]:
    """What people dial or send to begin a survey."""
    codes = [code for code, name in settings.service_codes.items() if name == survey]
    return [*codes, *(word for word, name in settings.keywords.items() if name == survey)]


def _safe(name: str | None) -> str:
    """The name of a file without folders, and without what no file should be called by."""
    kept = "".join(each for each in PurePath((name or "").replace("\\", "/")).name if each.isprintable())
    return kept.lstrip(".")[-200:] or "form"


def _file(content: bytes, name: str) -> Response:
    headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(name)}"}
    return StreamingResponse(io.BytesIO(content), media_type="application/octet-stream", headers=headers)
