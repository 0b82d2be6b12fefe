"""What a route takes of whoever asks: the permission stands beside the route, in front of all that it does."""

from typing import Any, Protocol

from fastapi import Depends, Request

from app.access import Permission, allowed, refusal
from app.gateway.refusals import NotAllowed
from app.values import Role

ASKER = "izwi_asker"
"""Where the guard leaves whose token, or whose account, it found."""


class Asker(Protocol):
    """Whoever asks: a token or an account."""

    @property
    def name(self) -> str:
        """What she is called in the trail."""

    @property
    def role(self) -> Role:
        """What she may do."""


def needs(permission: Permission) -> Any:
    """Let a request through whose asker's role may do this; a parameter with it is told who that is."""

    async def look(request: Request) -> Any:
        asker: Asker = request.scope[ASKER]
        if not allowed(asker.role, permission):
            raise NotAllowed(refusal(asker.role, permission))
        return asker

    look.permission = permission  # type: ignore[attr-defined]  # a test reads it of every route
    return Depends(look)
