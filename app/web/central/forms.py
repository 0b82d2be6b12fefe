"""/projects and /forms: the surveys, what they ask, and their XForms."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from app.access import Permission
from app.reports.central import fields
from app.reports.central.fields import Kind
from app.reports.records import moment
from app.web.allowing import needs
from app.web.central.problems import Problem
from app.web.central.shelf import PROJECT, Shelf

READ = needs(Permission.EXPORT_ANSWERS)
Extended = Annotated[bool, Header(alias="x-extended-metadata")]
_FORM = "/projects/{project}/forms/{form}"


def routes(shelf: Shelf) -> APIRouter:
    """The routes."""
    router = APIRouter(dependencies=[READ])

    def project(extended: bool) -> dict[str, Any]:
        forms = shelf.forms()
        made = min((form.versions[0].created_at for form in forms), default=shelf.now())
        told: dict[str, Any] = {
            "id": int(PROJECT), "name": "Izwi", "description": "", "archived": None, "keyId": None,
            "createdAt": moment(made), "updatedAt": None, "deletedAt": None,
        }  # fmt: skip
        if extended:
            last = [shelf.told(form, form.current, extended=True)["lastSubmission"] for form in forms]
            told |= {"forms": len(forms), "appUsers": 0, "lastSubmission": max(filter(None, last), default=None)}
        return told

    @router.get("/projects")
    def list_projects(extended: Extended = False) -> list[dict[str, Any]]:
        """The one project that there is."""
        return [project(extended)]

    @router.get("/projects/{number}")
    def show_project(number: str, extended: Extended = False) -> dict[str, Any]:
        """The one project that there is."""
        if number != PROJECT:
            raise Problem(404.1)
        return project(extended)

    @router.get("/projects/{number}/forms")
    def list_forms(number: str, extended: Extended = False) -> list[dict[str, Any]]:
        """All surveys that were ever published."""
        if number != PROJECT:
            raise Problem(404.1)
        return [shelf.told(form, form.current, extended=extended) for form in shelf.forms()]

    _of_one(router, shelf)
    return router


def _of_one(router: APIRouter, shelf: Shelf) -> None:
    """What stands under a form. The routes with an end such as .xml come first: a name may have a dot."""

    @router.get(_FORM + ".xml")
    def show_xform(project: str, form: str) -> Response:
        """The XForm that is asked now."""
        return _xml(shelf.xform(shelf.form(project, form).current))

    @router.get(_FORM + "/versions/{version}.xml")
    def show_xform_of_version(project: str, form: str, version: str) -> Response:
        """The XForm of a version."""
        found = shelf.form(project, form)
        return _xml(shelf.xform(shelf.version(found, version)))

    @router.get(_FORM + "/versions/{version}")
    def show_version(project: str, form: str, version: str) -> dict[str, Any]:
        """A version."""
        found = shelf.form(project, form)
        return shelf.told(found, shelf.version(found, version))

    @router.get(_FORM + "/versions")
    def list_versions(project: str, form: str) -> list[dict[str, Any]]:
        """All versions, the newest first."""
        found = shelf.form(project, form)
        return [shelf.told(found, each) for each in reversed(found.versions)]

    @router.get(_FORM + "/fields")
    def list_fields(project: str, form: str, odata: bool = False) -> list[dict[str, Any]]:
        """What the form asks, in all its versions."""
        nodes, told = fields.walk(shelf.nodes(shelf.form(project, form))), []
        for order, node in enumerate(nodes):
            name, path = node.name, node.path
            if odata:
                name, path = node.title, "/".join(map(fields.identifier, path.split("/")[1:]))
            kind = node.type if node.kind == Kind.VALUE else node.kind.value
            told.append({
                "path": f"/{path.removeprefix('/')}", "name": name, "type": kind, "binary": kind == "binary" or None,
                "order": order, "selectMultiple": None,
            })  # fmt: skip
        return told

    @router.get(_FORM + "/attachments")
    def list_attachments(project: str, form: str) -> list[dict[str, Any]]:
        """None: lists of choices are in the form itself, and phones like these show no media."""
        shelf.form(project, form)
        return []


def routes_of_form(shelf: Shelf) -> APIRouter:
    """A form itself, whose address would take those of the others with an end."""
    router = APIRouter(dependencies=[READ])

    @router.get(_FORM)
    def show_form(project: str, form: str, extended: Extended = False) -> dict[str, Any]:
        """A form, as it is asked now."""
        found = shelf.form(project, form)
        return shelf.told(found, found.current, extended=extended)

    return router


def _xml(xform: str) -> Response:
    return Response(xform, media_type="application/xml", headers={"cache-control": "no-store"})
