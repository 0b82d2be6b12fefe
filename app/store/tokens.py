"""Tokens of people and programs: shown once when they are made; what is kept is good for nothing but to know one again."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.access import api_token
from app.values import Role

_PREFIX = "izwi_"  # so that programs which look for secrets in files find one that was left there
_SECRET_BYTES = 32
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as people may see it: everything but the token."""

    id: int
    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None


_ALL = sa.select(api_token.c.id, api_token.c.name, api_token.c.role, api_token.c.created_at, api_token.c.last_used_at)
_DIGESTS = sa.select(*_ALL.selected_columns, api_token.c.digest)


def every(connection: Connection) -> Sequence[Token]:
    """All tokens, by name."""
    return [_token(row) for row in connection.execute(_ALL.order_by(api_token.c.name))]


def add(connection: Connection, name: str, at: datetime, *, role: Role = Role.COORDINATOR) -> str | None:
    """Make a token of this name and return it, which nobody can again; None where there is one of that name."""
    if connection.execute(_ALL.where(api_token.c.name == name)).first() is not None:
        return None
    token = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    connection.execute(sa.insert(api_token).values(name=name, role=role, digest=_digest(token), created_at=at))
    return token


def remove(connection: Connection, name: str) -> bool:
    """Let a token be valid no more; says whether there was one."""
    return bool(connection.execute(sa.delete(api_token).where(api_token.c.name == name)).rowcount)


def find(connection: Connection, token: str) -> Token | None:
    """The token that this is. Each one's hash is compared, in constant time, so that time tells nothing of any."""
    given, found = _digest(token), None
    for *values, digest in connection.execute(_DIGESTS):
        if hmac.compare_digest(given, digest):
            found = _token(values)
    return found


def is_to_be_noted(token: Token, at: datetime) -> bool:
    """Whether its use is worth a write: once a minute is enough to see which tokens are still in use."""
    return token.last_used_at is None or token.last_used_at <= at - _NOTED_EVERY


def used(connection: Connection, token: Token, at: datetime) -> None:
    """Note that a token is used now."""
    connection.execute(sa.update(api_token).where(api_token.c.id == token.id).values(last_used_at=at))


def _token(row: Any) -> Token:
    key, name, role, *moments = row
    return Token(key, name, Role(role), *moments)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
