"""What all pages work with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from app.gateway.accounts import Accounts
from app.gateway.phone_codes import PhoneCodes
from app.store.accounts import Account
from app.store.sign_ins import SignIn
from app.web.allowing import ASKER
from app.web.console.door import SIGNED_IN
from app.web.console.limits import Limits
from app.web.console.live import EVERY_SECONDS, Live
from app.web.console.rendering import LOCALE, Pages
from app.web.console.stages import Stages
from app.web.console.tasks import Tasks
from app.web.desk import Desk
from app.web.restarting import Restart


@dataclass(frozen=True)
class Office:
    """The desk that commands and the API work at too, and what only pages need."""

    desk: Desk
    pages: Pages
    live: Live
    accounts: Accounts
    codes: PhoneCodes
    limits: Limits
    tasks: Tasks
    stages: Stages
    restart: Restart

    def page(self, request: Request, template: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page from its template."""
        return self.pages.page(request, template, status=status, **values)

    def stream(
        self,
        request: Request,
        key: Any,
        template: str,
        make: Callable[[], dict[str, Any]],
        *,
        every: float = EVERY_SECONDS,
    ) -> Response:
        """A part of a page that moves by itself: the template with what `make` finds, for all of one role and language."""
        locale, role = request.scope[LOCALE], asker_of(request).role

        def text() -> str:
            return self.pages.text(template, locale, role=role, **make())

        return self.live.stream((key, locale, role), text, browser_of(request), every=every)


def asker_of(request: Request) -> Account:
    """Whose page this is; only where the door lets nobody in without an account."""
    found: Account = request.scope[ASKER]
    return found


def browser_of(request: Request) -> SignIn:
    """Which of her browsers it is."""
    found: SignIn = request.scope[SIGNED_IN]
    return found
