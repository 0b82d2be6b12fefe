"""/contacts/segments: audiences described in words, put together from fields, counted while they are typed, and saved."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, StringConstraints
from sqlalchemy.engine import Connection

from app.access import Permission
from app.channels import operators
from app.gateway.refusals import NotNow, NotThere
from app.store import contacts, segments, timeline
from app.store.audience import BadSegment, audience
from app.web.allowing import needs
from app.web.console import audiences
from app.web.console.office import Office
from app.web.console.rendering import go, words_of
from app.web.console.seldom import Seldom

Text = Annotated[str, Query(max_length=4000)]
Name = Annotated[str, Path(max_length=64)]
Line = Annotated[str, StringConstraints(max_length=80)]
_MANAGE = needs(Permission.MANAGE_CONTACTS)
_SAMPLE = 8


class Built(BaseModel):
    """A description that is put together: what is there, and the fields of one condition more."""

    query: Annotated[str, StringConstraints(max_length=4000)] = ""
    name: Line = ""
    before: Line = ""
    about: Line = ""
    sign: Line = "="
    value: Annotated[str, StringConstraints(max_length=255)] = ""
    joiner: Line = "and"

    @property
    def joined(self) -> str:
        """The description with that condition."""
        condition = _condition(self.about, self.sign, self.value)
        return audiences.joined(self.query, condition, "or" if self.joiner == "or" else "and")


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _describing(router, office)
    _saving(router, office)
    return router


def _describing(router: APIRouter, office: Office) -> None:
    desk = office.desk
    dear: Seldom[audiences.Counted] = Seldom()

    @router.get("/contacts/segments", dependencies=[_MANAGE])
    def show_all(request: Request) -> Response:
        """All saved segments, and how many are in each now."""

        def count(each: segments.Segment) -> audiences.Counted:
            return dear.of((each.name, each.query), lambda: audiences.counted(desk, each.query))

        found = [(each, count(each)) for each in desk.database.read(segments.every)]
        return office.page(request, "segments", segments=found)

    @router.get("/contacts/segments/new", dependencies=[_MANAGE])
    def describe(request: Request, built: Annotated[Built, Query()]) -> Response:
        """Describe contacts; with a field chosen, its condition joins what is there."""
        return _describe(office, request, built.before, built.joined, name=built.name)

    @router.get("/contacts/segments/count", dependencies=[_MANAGE])
    def tell(request: Request, query: Text = "") -> Response:
        """How many are meant, and some of them, while somebody types."""
        return office.page(request, "_segment", **_meant(office, query))

    @router.get("/contacts/segments/{name}", dependencies=[_MANAGE])
    def change(request: Request, name: Name) -> Response:
        """One of them, to be changed."""
        found = desk.database.read(lambda connection: segments.find(connection, name))
        if found is None:
            raise NotThere("There is no segment of this name.")
        return _describe(office, request, found.name, found.query)


def _saving(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.post("/contacts/segments", dependencies=[_MANAGE])
    def save(
        request: Request,
        name: Annotated[str, Form(max_length=64)] = "",
        query: Annotated[str, Form(max_length=4000)] = "",
        before: Annotated[str, Form(max_length=64)] = "",
    ) -> Response:
        """Save a description under a name; one that is taken is changed only where that is meant."""
        text, at = " ".join(query.split()), desk.now().astimezone(desk.zone)

        def work(connection: Connection) -> None:
            known = segments.find(connection, name.strip())
            if known is not None and known.name != before:
                raise BadSegment(words_of(request).gettext("There is a segment of this name already."))
            segments.save(connection, name.strip(), text, at)
            audience(connection, name.strip(), at, operators=_operators(office))  # it may lead back to itself

        try:
            desk.database.write(work)
        except BadSegment as error:
            return _describe(office, request, before, query, name=name, fault=str(error))
        return go("/contacts/segments", words_of(request).gettext("The segment is saved."))

    @router.post("/contacts/segments/{name}/remove", dependencies=[_MANAGE])
    def remove(request: Request, name: Name) -> Response:
        """Forget one; contacts stay as they are."""

        def work(connection: Connection) -> None:
            if users := segments.users(connection, name):
                raise NotNow(f"{name} is in use by {', '.join(users)}. Nothing was removed.")
            segments.remove(connection, name)

        desk.database.write(work)
        return go("/contacts/segments", words_of(request).gettext("The segment is removed. Contacts stay as they are."))


def _condition(about: str, sign: str, value: str) -> str:
    """One condition in the language of segments, from its fields."""
    kind, _, name = about.partition(":")
    value = " ".join(value.replace('"', "").split())
    if kind == "survey" and value:
        return f"{name} {value}"
    if kind == "asked":
        return f"last asked more than {value} days ago or never asked" if value.isdecimal() else "never asked"
    if kind not in {"field", "attribute"} or sign not in audiences.SIGNS:
        return ""
    if sign.startswith("is "):
        return f"{name} {sign}"
    return f"{name} {sign} {_quoted(value)}" if value else ""


def _quoted(value: str) -> str:
    return value if value.replace("-", "").replace("_", "").replace(".", "").isalnum() else f'"{value}"'


def _operators(office: Office) -> Any:
    return operators.read(office.desk.settings.operators).names


def _meant(office: Office, query: str) -> dict[str, Any]:
    desk = office.desk
    counted = audiences.counted(desk, query)

    def read(connection: Connection) -> list[tuple[int, str, str, str]]:
        condition = audience(connection, query, desk.now().astimezone(desk.zone))
        found = timeline.some(connection, condition, count=_SAMPLE)
        to = contacts.addresses(connection, desk.keys, [key for key, _, _ in found])
        return [(key, to[key].msisdn.masked, locale, operator) for key, locale, operator in found]

    return {"counted": counted, "sample": [] if counted.fault else desk.database.read(read)}


def _describe(
    office: Office, request: Request, before: str, query: str, *, name: str = "", fault: str = ""
) -> Response:
    shown = {"before": before, "query": query, "name": name or before, "fault": fault}
    status = 422 if fault else 200
    return office.page(
        request, "segment", status=status, operators=sorted(_operators(office)), **shown, **_meant(office, query),
        **audiences.known(office.desk),
    )  # fmt: skip
