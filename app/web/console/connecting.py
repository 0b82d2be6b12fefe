"""/system/connect and /system/hooks: the provider's account, the addresses that it is given, and a new start to use them."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import PlainTextResponse, Response

from app.access import Permission
from app.gateway import connecting, hooking, tickets
from app.gateway.connecting import Wish
from app.gateway.phone_codes import SET_UP_LASTS
from app.gateway.refusals import NotNow, NotPossible, NotThere
from app.store import keys as vault
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of
from app.web.console.signing_in import Short

_OPERATES = needs(Permission.OPERATE)
_GIVES = needs(Permission.MANAGE_ACCESS)  # another account of a provider sees every number and every reply
_KEY = "provider key"
Text = Annotated[str, Form(max_length=300)]


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _of_account(router, office)
    _of_hooks(router, office)
    _of_restart(router, office)
    return router


def _of_account(router: APIRouter, office: Office) -> None:
    desk = office.desk

    def page(request: Request, wish: Wish | None = None, fault: str = "", good: str = "") -> Response:
        """The form. A key that was typed comes back as a ticket that only we can open: it is never shown again."""
        settings = desk.settings
        ticket = ""
        if wish is not None and wish.api_key:
            ticket = tickets.sealed(desk.keys, _KEY, wish.api_key, desk.now() + SET_UP_LASTS)
        username = "" if settings.africastalking_username == "sandbox" else settings.africastalking_username
        shown: dict[str, Any] = {
            "username": wish.username if wish else username, "sender": wish.sender if wish else settings.africastalking_sender,
            "ticket": ticket, "fault": fault, "good": good, "outside": connecting.decided_elsewhere(),
            "has_key": bool(settings.africastalking_api_key), "can_restart": office.restart.is_possible,
        }  # fmt: skip
        return office.page(request, "connect_provider", status=422 if fault else 200, **shown)

    @router.get("/system/connect", dependencies=[_GIVES])
    def show(request: Request) -> Response:
        """Ask for user name and key."""
        return page(request)

    @router.post("/system/connect", dependencies=[_GIVES])
    def connect(
        request: Request,
        username: Text = "",
        api_key: Text = "",
        sender: Text = "",
        ticket: Annotated[str, Form(max_length=2000)] = "",
        act: Short = "test",
    ) -> Response:
        """Try them, or keep them for the next start."""
        at = desk.now()
        key = api_key.strip() or tickets.content_of(desk.keys, _KEY, ticket, at) or ""
        wish = Wish(username.strip(), key, sender.strip())
        try:
            if act == "keep":
                connecting.keep(desk.settings, desk.database, wish, desk.trail(asker_of(request)), at)
                return go("/system/restart", words_of(request).gettext("Kept. Izwi uses it after a new start."))
            account = connecting.ask_provider(desk.settings, wish)
        except NotPossible as error:
            return page(request, wish, str(error))
        return page(request, wish, good=account.words) if account.usable else page(request, wish, account.words)


def _of_hooks(router: APIRouter, office: Office) -> None:
    desk = office.desk

    def page(request: Request, shown_of: str) -> Response:
        every, base = hooking.addresses(desk.settings), desk.settings.public_url
        return office.page(request, "hooks", every=every, shown_of=shown_of, has_base=bool(base))

    def noted(request: Request, action: str, channel: str) -> None:
        if channel not in desk.settings.lines:
            raise NotThere("There is no such channel.")
        trail, at = desk.trail(asker_of(request)), desk.now()
        desk.database.write(lambda connection: trail.note(connection, action, channel, at=at))

    @router.get("/system/hooks", dependencies=[_OPERATES])
    def show(request: Request) -> Response:
        """The addresses, without their secrets."""
        return page(request, "")

    @router.post("/system/hooks/{channel}/show", dependencies=[_OPERATES])
    def reveal(request: Request, channel: str) -> Response:
        """Those of one channel as they are; noted."""
        noted(request, "hooks show", channel)
        return page(request, channel)

    @router.post("/system/hooks/{channel}/rotate", dependencies=[_OPERATES])
    def rotate(request: Request, channel: str) -> Response:
        """A new secret beside the present one."""
        noted(request, "hooks rotate", channel)
        vault.rotate_hook(desk.settings.data_dir, channel)
        said = words_of(request).gettext(
            "There is a new secret. Both are valid after a new start, until you retire the old."
        )
        return go("/system/restart", said)

    @router.post("/system/hooks/{channel}/retire", dependencies=[_OPERATES])
    def retire(request: Request, channel: str) -> Response:
        """Only the newest secret stays valid."""
        noted(request, "hooks retire", channel)
        vault.retire_hook(desk.settings.data_dir, channel)
        return go("/system/restart", words_of(request).gettext("After a new start only the newest secret is valid."))


def _of_restart(router: APIRouter, office: Office) -> None:
    desk, started = office.desk, office.desk.now().isoformat()

    @router.get("/system/restart", dependencies=[_OPERATES])
    def show(request: Request) -> Response:
        """What a new start means."""
        return office.page(request, "restart", can_restart=office.restart.is_possible, under_way="")

    @router.post("/system/restart", dependencies=[_OPERATES])
    def restart(request: Request) -> Response:
        """End in order and begin again; the page waits until Izwi is back."""
        if not office.restart.is_possible:
            raise NotNow("This Izwi is started by something else: start it again there.")
        trail, at = desk.trail(asker_of(request)), desk.now()
        desk.database.write(lambda connection: trail.note(connection, "restart", "the service", at=at))
        office.restart.ask()
        return office.page(request, "restart", can_restart=True, under_way=started)

    @router.get("/system/started", dependencies=[_OPERATES])
    def when() -> Response:
        """Which start this is, for the page that waits for the next."""
        return PlainTextResponse(started)
