"""Logins of programs that speak to us as to ODK Central: a token's name and the token, for a token that ends by itself."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.access import api_token, login
from app.store.tokens import Token
from app.values import Role

LASTS = timedelta(hours=24)
PREFIX = "izwi-login_"
_SECRET_BYTES = 32


class Login(NamedTuple):
    """What a program is given."""

    token: str
    created_at: datetime
    expires_at: datetime


_FIND = (
    sa.select(api_token.c.id, api_token.c.name, api_token.c.role, api_token.c.created_at, api_token.c.last_used_at)
    .join(login, login.c.token_id == api_token.c.id)
    .where(
        login.c.digest == sa.bindparam("digest"), login.c.expires_at > sa.bindparam("at", type_=login.c.expires_at.type)
    )
)


def add(connection: Connection, token: Token, at: datetime) -> Login:
    """Log a program in; those that ended are forgotten."""
    made = Login(PREFIX + secrets.token_urlsafe(_SECRET_BYTES), at, at + LASTS)
    connection.execute(sa.delete(login).where(login.c.expires_at <= at))
    connection.execute(
        sa.insert(login).values(
            token_id=token.id, digest=_digest(made.token), created_at=made.created_at, expires_at=made.expires_at
        )
    )
    return made


def find(connection: Connection, given: str, at: datetime) -> Token | None:
    """Whose login this is, if it has not ended."""
    row = connection.execute(_FIND, {"digest": _digest(given), "at": at}).first()
    return Token(row.id, row.name, Role(row.role), row.created_at, row.last_used_at) if row else None


def remove(connection: Connection, given: str, token: Token) -> bool:
    """End a login of this token; says whether there was one."""
    statement = sa.delete(login).where(login.c.digest == _digest(given), login.c.token_id == token.id)
    return bool(connection.execute(statement).rowcount)


def _digest(given: str) -> bytes:
    return hashlib.sha256(given.encode()).digest()
