"""/me: what everybody does with her own account: password, language, browsers, codes from her phone."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from app.access import MATRIX, WORDS, Permission
from app.gateway.phone_codes import Offer
from app.gateway.refusals import NotPossible
from app.store import sign_ins
from app.web.allowing import needs
from app.web.console import signing_in
from app.web.console.door import is_public
from app.web.console.office import Office, asker_of, browser_of
from app.web.console.rendering import go, words_of
from app.web.console.signing_in import Short

_HERS = needs(Permission.TRY_SURVEYS)  # everybody's; none of these touches anybody else's account
_Ticket = Annotated[str, Form(max_length=400)]


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _of_account(router, office)
    _of_codes(router, office)
    return router


def _of_account(router: APIRouter, office: Office) -> None:
    desk = office.desk

    def page(request: Request, fault: str = "") -> Response:
        me = asker_of(request)
        browsers = desk.database.read(lambda connection: sign_ins.of(connection, me.id, desk.now()))
        may = [WORDS[each] for each in Permission if each in MATRIX[me.role]]
        shown = {"browsers": browsers, "mine": browser_of(request).id, "can": may, "fault": fault}
        return office.page(request, "me", status=422 if fault else 200, **shown)

    @router.get("/me", dependencies=[_HERS])
    def show(request: Request) -> Response:
        """Her own account."""
        return page(request)

    @router.post("/me/password", dependencies=[_HERS])
    def change_password(request: Request, before: Short = "", password: Short = "") -> Response:
        """Another password; whoever else is signed in with the account is so no more."""
        me = asker_of(request)
        try:
            office.limits.hit_account(me.id)
            office.accounts.change_password(me, before, password, desk.now())
        except NotPossible as error:
            return page(request, str(error))
        said = words_of(request).gettext("Your password is changed. You are signed in in this browser only.")
        return signing_in.with_sign_in(office, request, me, go("/me", said))

    @router.post("/me/browsers/end", dependencies=[_HERS])
    def end_others(request: Request) -> Response:
        """Be signed in here only."""
        me, mine = asker_of(request), browser_of(request).id
        others = [
            each.id for each in desk.database.read(lambda _: sign_ins.of(_, me.id, desk.now())) if each.id != mine
        ]
        desk.database.write(lambda connection: sign_ins.end_all(connection, me.id, but=mine))
        office.live.end(others)
        return go("/me", words_of(request).gettext("You are signed in in this browser only."))

    @router.post("/me/browsers/{browser_id}/end", dependencies=[_HERS])
    def end_one(request: Request, browser_id: int) -> Response:
        """End one of her browsers."""
        me = asker_of(request)
        if desk.database.write(lambda connection: sign_ins.end(connection, me.id, browser_id)):
            office.live.end([browser_id])
        return go("/me", words_of(request).gettext("That browser is signed out."))


def _of_codes(router: APIRouter, office: Office) -> None:
    desk, codes = office.desk, office.codes

    def page(request: Request, fault: str = "", offer: Offer | None = None) -> Response:
        me = asker_of(request)
        shown: dict[str, Any] = {"left": codes.left(me), "needed": is_public(desk.settings), "fault": fault}
        offer = offer or codes.offer(me, desk.now())
        shown |= {"offer": offer, "picture": _picture(offer.address), "paper": ()}
        return office.page(request, "codes", status=422 if fault else 200, **shown)

    def paper_page(request: Request, paper: list[str]) -> Response:
        return office.page(request, "paper_codes", paper=paper)

    @router.get("/me/codes", dependencies=[_HERS])
    def show(request: Request) -> Response:
        """Codes from her phone: set them up, or see how many are left on paper."""
        return page(request)

    @router.post("/me/codes", dependencies=[_HERS])
    def set_up(request: Request, ticket: _Ticket = "", code: Short = "", password: Short = "") -> Response:
        """From one right code on they count."""
        me, at = asker_of(request), desk.now()
        try:
            office.limits.hit_account(me.id)
            paper = codes.confirm(me, ticket, code, password, at)
        except NotPossible as error:
            return page(request, str(error), _again(office, request, ticket))
        return signing_in.with_sign_in(office, request, me, paper_page(request, paper))

    @router.post("/me/codes/paper", dependencies=[_HERS])
    def renew_paper(request: Request, password: Short = "") -> Response:
        """New codes for paper."""
        me = asker_of(request)
        try:
            office.limits.hit_account(me.id)
            return paper_page(request, codes.renew_paper(me, password, desk.now()))
        except NotPossible as error:
            return page(request, str(error))

    @router.post("/me/codes/remove", dependencies=[_HERS])
    def remove(request: Request, password: Short = "") -> Response:
        """Sign in by password alone again."""
        me = asker_of(request)
        try:
            office.limits.hit_account(me.id)
            codes.remove(me, password, desk.now())
        except NotPossible as error:
            return page(request, str(error))
        return go("/me", words_of(request).gettext("You sign in without codes from now on."))


def _again(office: Office, request: Request, ticket: str) -> Offer | None:
    """The same secret as before, which her phone may have by now; a new one where that took too long."""
    try:
        return office.codes.offered(asker_of(request), ticket, office.desk.now())
    except NotPossible:
        return None


def _picture(address: str) -> str:
    """The QR code as an address of its own content: nothing of it is fetched or stored anywhere."""
    import segno  # here, for it is seldom needed

    picture: str = segno.make(address, micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff")
    return picture
