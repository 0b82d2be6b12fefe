"""/sign-in and /sign-out: by name, password and, where somebody set them up, a code from her phone."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.access import Permission
from app.gateway.refusals import NotPossible
from app.store import accounts as stored
from app.store import sign_ins
from app.store.accounts import Account
from app.store.sign_ins import SignIn
from app.web.allowing import ASKER, needs
from app.web.console import wording
from app.web.console.door import LANGUAGE, SIGNED_IN, cookie_name, is_encrypted
from app.web.console.office import Office, asker_of, browser_of
from app.web.console.rendering import go

Short = Annotated[str, Form(max_length=200)]
_BROWSERS = ("Firefox", "Edg", "OPR", "SamsungBrowser", "Chrome", "Safari")
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac", "Linux")


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _coming(router, office)
    _staying(router, office)
    return router


def _coming(router: APIRouter, office: Office) -> None:
    @router.get("/sign-in")
    def show(request: Request, following: Annotated[str, Query(alias="next", max_length=2000)] = "/") -> Response:
        """Ask for name and password; or for the first account, where there is none."""
        if not office.desk.database.read(stored.any_there):
            return RedirectResponse("/welcome", 303)
        return office.page(request, "sign_in", following=following, fault="", name="")

    @router.post("/sign-in")
    def sign_in(
        request: Request,
        name: Short = "",
        password: Short = "",
        following: Annotated[str, Form(alias="next", max_length=2000)] = "/",
    ) -> Response:
        """Let somebody in."""
        try:
            office.limits.hit(request, name)
            found = office.accounts.check(name, password, office.desk.now())
        except NotPossible as error:
            shown = {"following": following, "fault": str(error), "name": name}
            return office.page(request, "sign_in", status=401, **shown)
        return go_on(office, request, found, following)

    @router.post("/sign-in/code")
    def show_code(
        request: Request,
        ticket: Annotated[str, Form(max_length=400)] = "",
        code: Short = "",
        following: Annotated[str, Form(alias="next", max_length=2000)] = "/",
    ) -> Response:
        """Let somebody in who has a code too. Only her password has made the ticket, so who tries codes has that."""
        at = office.desk.now()
        try:
            found = office.codes.whose(ticket, at)
        except NotPossible as error:
            shown = {"following": following, "fault": str(error), "name": ""}
            return office.page(request, "sign_in", status=401, **shown)
        try:
            office.limits.hit_account(found.id)
            office.codes.check(found, code, at)
        except NotPossible as error:
            shown = {"following": following, "fault": str(error), "ticket": ticket}
            return office.page(request, "sign_in_code", status=401, **shown)
        return let_in(office, request, found, following)


def _staying(router: APIRouter, office: Office) -> None:
    @router.post("/sign-out", dependencies=[needs(Permission.TRY_SURVEYS)])
    def sign_out(request: Request) -> Response:
        """End this browser's."""
        mine = browser_of(request)
        office.desk.database.write(lambda connection: sign_ins.end(connection, asker_of(request).id, mine.id))
        office.live.end([mine.id])
        encrypted = is_encrypted(office.desk.settings, request.url.scheme, request.headers)
        response = go("/sign-in")
        response.delete_cookie(cookie_name(encrypted), path="/", secure=encrypted, httponly=True, samesite="lax")
        response.headers["clear-site-data"] = '"cache"'
        return response

    @router.post("/language")
    def choose(request: Request, locale: Short = "en", following: Annotated[str, Form(alias="next")] = "/") -> Response:
        """Show pages in another language from now on."""
        locale = wording.chosen(locale, "")
        asker: Account | None = request.scope[ASKER]
        if asker is not None:
            office.desk.database.write(lambda connection: stored.change(connection, asker.id, locale=locale))
        response = go(_own(following))
        response.set_cookie(LANGUAGE, locale, max_age=365 * 86400, path="/", httponly=True, samesite="lax")
        return response


def go_on(office: Office, request: Request, account: Account, following: str) -> Response:
    """After the right password: in, or first the question for a code where she has set them up."""
    if account.has_totp:
        ticket = office.codes.ticket(account, office.desk.now())
        return office.page(request, "sign_in_code", following=following, fault="", ticket=ticket)
    return let_in(office, request, account, following)


def let_in(office: Office, request: Request, account: Account, following: str) -> Response:
    """Sign somebody in who has shown who she is, and go on."""
    return with_sign_in(office, request, account, go(_own(following)))


def with_sign_in(office: Office, request: Request, account: Account, response: Response) -> Response:
    """The answer with a new secret for this browser, in place of any before."""
    before: SignIn | None = request.scope.get(SIGNED_IN)
    if before is not None:
        office.desk.database.write(lambda connection: sign_ins.end(connection, before.account.id, before.id))
    secret = office.accounts.sign_in(account, browser_name(request.headers.get("user-agent", "")), office.desk.now())
    encrypted = is_encrypted(office.desk.settings, request.url.scheme, request.headers)
    response.set_cookie(
        cookie_name(encrypted), secret, max_age=round(sign_ins.LASTS.total_seconds()), path="/", secure=encrypted,
        httponly=True, samesite="lax",
    )  # fmt: skip
    return response


def browser_name(agent: str) -> str:
    """Which browser it is, in two words, so that people know theirs in a list."""
    browser = next((each for each in _BROWSERS if each in agent), "")
    system = next((each for each in _SYSTEMS if each in agent), "")
    plain = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung"}
    return " ".join(filter(None, (plain.get(browser, browser), system))) or "A browser"


def _own(following: str) -> str:
    """A page of ours, whatever an address says."""
    ours = following.startswith("/") and not following.startswith(("//", "/\\")) and following.isprintable()
    return following if ours and "\\" not in following else "/"
