"""/contacts: how many there are, groups, lists that came in; one phone's story, its stop and restart, its number for a call."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from app.access import Permission
from app.gateway.contacts import wishes
from app.gateway.refusals import NotPossible, NotThere
from app.store import attributes, contacts, groups, imports, timeline, unimport
from app.values import Msisdn, NotAPhoneNumber
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of
from app.web.console.seldom import Seldom

Reason = Annotated[str, Form(max_length=400)]
_MANAGE = needs(Permission.MANAGE_CONTACTS)
_IMPORTS = 10


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _looking(router, office)
    _wishing(router, office)
    return router


def _looking(router: APIRouter, office: Office) -> None:
    desk = office.desk
    dear: Seldom[dict[str, Any]] = Seldom()

    def count() -> dict[str, Any]:
        return {
            "counts": desk.database.read(imports.counts), "groups": desk.database.read(groups.every),
            "attributes": desk.database.read(attributes.every),
        }  # fmt: skip

    def overview(request: Request, fault: str = "", number: str = "") -> Response:
        lists = desk.database.read(lambda connection: unimport.latest(connection, count=_IMPORTS))
        status = 422 if fault else 200
        found = dear.of(str(lists[:1]), count)  # after an import they are counted anew
        return office.page(request, "contacts", status=status, lists=lists, fault=fault, number=number, **found)

    @router.get("/contacts", dependencies=[_MANAGE])
    def show(request: Request) -> Response:
        """How many there are."""
        return overview(request)

    @router.post("/contacts/find", dependencies=[_MANAGE])
    def find(request: Request, number: Annotated[str, Form(max_length=40)] = "") -> Response:
        """Look one up by its number, which stands in no address."""
        words = words_of(request)
        try:
            office.limits.hit_look(asker_of(request).id)
            msisdn = Msisdn.parse(number, region=desk.settings.region)
        except NotAPhoneNumber:
            return overview(request, words.gettext("This is no phone number. Write it like 077 000 0001."), number)
        except NotPossible as error:
            return overview(request, str(error), number)
        found = desk.database.read(lambda connection: contacts.find(connection, desk.keys, msisdn))
        if found is None:
            return overview(request, words.gettext("No contact has this number."), number)
        return go(f"/contacts/{found}")

    @router.get("/contacts/{contact_id}", dependencies=[_MANAGE])
    def story(request: Request, contact_id: int) -> Response:
        """What happened on one phone."""
        return _story(office, request, contact_id)


def _wishing(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.post("/contacts/{contact_id}/stop", dependencies=[_MANAGE])
    def stop(request: Request, contact_id: int, reason: Reason = "") -> Response:
        """Write to her no more, because she said so."""
        try:
            wishes.stop(desk.database, contact_id, reason, desk.now(), desk.trail(asker_of(request)))
        except NotPossible as error:
            return _story(office, request, contact_id, fault=str(error), reason=reason)
        said = words_of(request).gettext("She is written to no more. What waited for her is withdrawn.")
        return go(f"/contacts/{contact_id}", said)

    @router.post("/contacts/{contact_id}/restart", dependencies=[_MANAGE])
    def restart(request: Request, contact_id: int, reason: Reason = "") -> Response:
        """Let her be written to again, because she said so."""
        try:
            wishes.restart(desk.database, contact_id, reason, desk.now(), desk.trail(asker_of(request)))
        except NotPossible as error:
            return _story(office, request, contact_id, fault=str(error), reason=reason)
        return go(f"/contacts/{contact_id}", words_of(request).gettext("She may be written to again."))

    @router.post("/contacts/{contact_id}/reveal", dependencies=[needs(Permission.SEE_NUMBERS)])
    def reveal(request: Request, contact_id: int, reason: Reason = "") -> Response:
        """Show her number once, on this very page: it stands in no address and no cookie."""
        pen = desk.trail(asker_of(request))
        try:
            found = wishes.reveal(desk.database, desk.keys, contact_id, reason, desk.now(), pen)
        except NotPossible as error:
            return office.page(request, "contact_number", status=422, contact=contact_id, fault=str(error), number="")
        return office.page(request, "contact_number", contact=contact_id, fault="", number=found.e164)


def _story(
    office: Office, request: Request, contact_id: int, *, fault: str = "", reason: str = "", revealed: str = ""
) -> Response:
    desk = office.desk
    phone = desk.database.read(lambda connection: timeline.phone(connection, contact_id))
    if phone is None:
        raise NotThere("There is no such contact.")
    address = desk.database.read(lambda connection: contacts.addresses(connection, desk.keys, [contact_id]))[contact_id]
    return office.page(
        request, "contact", status=422 if fault else 200, phone=phone, masked=address.msisdn.masked, fault=fault,
        moments=desk.database.read(lambda connection: timeline.of(connection, contact_id)), reason=reason,
        revealed=revealed,
    )  # fmt: skip
