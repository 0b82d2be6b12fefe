"""/people: who has an account and as what; inviting somebody, a new password by a code, another role, an end."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access import MATRIX, WORDS, Permission
from app.gateway.accounts import CODE_LASTS
from app.gateway.people import People
from app.gateway.refusals import NotPossible
from app.store.accounts import Account
from app.values import Role
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of
from app.web.console.signing_in import Short

_GIVES = needs(Permission.MANAGE_ACCESS)


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _of_all(router, office)
    _of_one(router, office)
    return router


def _people(office: Office, request: Request) -> People:
    desk = office.desk
    return People(desk.database, desk.keys, desk.trail(asker_of(request)))


def _code_page(office: Office, request: Request, code: str, account: Account | None, role: Role) -> Response:
    """A code is shown once, so this is no page to go back to."""
    base = office.desk.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    hours = round(CODE_LASTS.total_seconds() / 3600)
    return office.page(
        request, "given_code", code=code, account=account, given=role, address=f"{base}/welcome", hours=hours
    )


def _of_all(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.get("/people", dependencies=[_GIVES])
    def every(request: Request) -> Response:
        """All accounts, and the codes that are open."""
        people = _people(office, request)
        found, names = people.every(), {each.id: each.name for each in people.every()}
        invitations = people.invitations(desk.now())
        return office.page(request, "people", people=found, names=names, invitations=invitations, roles=list(Role))

    @router.get("/people/roles", dependencies=[needs(Permission.TRY_SURVEYS)])
    def roles(request: Request) -> Response:
        """Who may do what, from the table that everything asks."""
        return office.page(request, "roles", roles=list(Role), words=WORDS, matrix=MATRIX)

    @router.post("/people/invite", dependencies=[_GIVES])
    def invite(request: Request, role: Short = "") -> Response:
        """A code for somebody new."""
        wanted = _role(role)
        return _code_page(office, request, _people(office, request).invite(wanted, desk.now()), None, wanted)

    @router.post("/people/invitations/{invitation_id}/withdraw", dependencies=[_GIVES])
    def withdraw(request: Request, invitation_id: int) -> Response:
        """Let a code be valid no more."""
        _people(office, request).withdraw(invitation_id, desk.now())
        return go("/people", words_of(request).gettext("That code is not valid any more."))


def _of_one(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.get("/people/{account_id}", dependencies=[_GIVES])
    def one(request: Request, account_id: int) -> Response:
        """One person, and what can be done about her account."""
        found = _people(office, request).numbered(account_id)
        return office.page(request, "person", person=found, roles=list(Role))

    @router.post("/people/{account_id}/reset", dependencies=[_GIVES])
    def reset(request: Request, account_id: int) -> Response:
        """A code by which she chooses a new password."""
        people = _people(office, request)
        found = people.numbered(account_id)
        return _code_page(office, request, people.reset(found, desk.now()), found, found.role)

    @router.post("/people/{account_id}/role", dependencies=[_GIVES])
    def change_role(request: Request, account_id: int, role: Short = "") -> Response:
        """Another role."""
        people, wanted = _people(office, request), _role(role)
        people.change_role(people.numbered(account_id), wanted, desk.now())
        return _done(account_id, words_of(request).gettext("She has another role from now on."))

    @router.post("/people/{account_id}/disable", dependencies=[_GIVES])
    def disable(request: Request, account_id: int) -> Response:
        """Let her in no more."""
        people = _people(office, request)
        people.disable(people.numbered(account_id), desk.now())
        return _done(account_id, words_of(request).gettext("She cannot sign in any more."))

    @router.post("/people/{account_id}/enable", dependencies=[_GIVES])
    def enable(request: Request, account_id: int) -> Response:
        """Let her in again."""
        people = _people(office, request)
        people.enable(people.numbered(account_id), desk.now())
        return _done(account_id, words_of(request).gettext("She can sign in again."))

    @router.post("/people/{account_id}/sign-out", dependencies=[_GIVES])
    def sign_out(request: Request, account_id: int) -> Response:
        """End every browser in which she is signed in."""
        people = _people(office, request)
        people.sign_out(people.numbered(account_id), desk.now())
        return _done(account_id, words_of(request).gettext("She is signed in nowhere any more."))

    @router.post("/people/{account_id}/take-codes", dependencies=[_GIVES])
    def take_codes(request: Request, account_id: int) -> Response:
        """Let her sign in without codes."""
        people = _people(office, request)
        people.take_codes(people.numbered(account_id), desk.now())
        return _done(account_id, words_of(request).gettext("She signs in without codes until she sets up new ones."))


def _done(account_id: int, said: str) -> Response:
    return go(f"/people/{account_id}", said)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise NotPossible("Choose a role.") from None
