"""What a route takes of whoever asks: the permission stands beside the route, in front of all that it does."""

from typing import Any

from fastapi import Depends, Request

from app.access import Permission, allowed, refusal
from app.gateway.refusals import NotAllowed
from app.store.tokens import Token

ASKER = "izwi_token"
"""Where the guard leaves whose token it found."""


def needs(permission: Permission) -> Any:
    """Let a request through whose token's role may do this; a parameter with it is told whose token that is."""

    async def look(request: Request) -> Token:
        token: Token = request.scope[ASKER]
        if not allowed(token.role, permission):
            raise NotAllowed(refusal(token.role, permission))
        return token

    look.permission = permission  # type: ignore[attr-defined]  # a test reads it of every route
    return Depends(look)
