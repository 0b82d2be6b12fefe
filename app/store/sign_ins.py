"""Browsers in which somebody is signed in: each holds a secret of which only the hash is kept, and can be ended from here."""

import hashlib
import secrets
from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.access import account, sign_in
from app.store import accounts
from app.store.accounts import Account

IDLE = timedelta(hours=12)
LASTS = timedelta(days=7)
_SECRET_BYTES = 32
_NOTED_EVERY = timedelta(minutes=1)


class SignIn(NamedTuple):
    """A browser in which somebody is signed in."""

    id: int
    account: Account
    created_at: datetime
    seen_at: datetime


class Browser(NamedTuple):
    """The same as its owner may see it in a list."""

    id: int
    browser: str
    created_at: datetime
    seen_at: datetime


_OPEN = sa.and_(
    sign_in.c.created_at > sa.bindparam("since", type_=sign_in.c.created_at.type),
    sign_in.c.seen_at > sa.bindparam("lately", type_=sign_in.c.seen_at.type),
)
_FIND = (
    sa.select(
        account.c.id, account.c.name, account.c.role, account.c.locale, account.c.totp.is_not(None).label("has_totp"),
        account.c.created_at, account.c.disabled_at, sign_in.c.id.label("sign_in_id"),
        sign_in.c.created_at.label("begun_at"), sign_in.c.seen_at,
    )
    .join(sign_in, sign_in.c.account_id == account.c.id)
    .where(sign_in.c.digest == sa.bindparam("digest"), account.c.disabled_at.is_(None), _OPEN)
)  # fmt: skip
_OF = (
    sa.select(sign_in.c.id, sign_in.c.browser, sign_in.c.created_at, sign_in.c.seen_at)
    .where(sign_in.c.account_id == sa.bindparam("account_id"), _OPEN)
    .order_by(sign_in.c.seen_at.desc())
)


def begin(connection: Connection, account_id: int, browser: str, at: datetime) -> str:
    """Sign somebody in; returns the secret for her browser. Those that ended are forgotten."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    ended = sa.or_(sign_in.c.created_at <= at - LASTS, sign_in.c.seen_at <= at - IDLE)
    connection.execute(sa.delete(sign_in).where(ended))
    connection.execute(
        sa.insert(sign_in).values(
            account_id=account_id, digest=_digest(secret), browser=browser, created_at=at, seen_at=at
        )
    )
    return secret


def find(connection: Connection, secret: str, at: datetime) -> SignIn | None:
    """Who is signed in with this, if it has not ended."""
    row = connection.execute(_FIND, {"digest": _digest(secret), **_since(at)}).first()
    return SignIn(row.sign_in_id, accounts.of(row), row.begun_at, row.seen_at) if row else None


def of(connection: Connection, account_id: int, at: datetime) -> Sequence[Browser]:
    """All of an account, the last seen first."""
    return [Browser(*row) for row in connection.execute(_OF, {"account_id": account_id, **_since(at)})]


def still(connection: Connection, asked: Set[int], at: datetime) -> set[int]:
    """Which of these have not ended."""
    statement = (
        sa.select(sign_in.c.id)
        .join(account, account.c.id == sign_in.c.account_id)
        .where(sign_in.c.id.in_(asked), account.c.disabled_at.is_(None), _OPEN)
    )
    return set(connection.execute(statement, _since(at)).scalars())


def is_to_be_noted(found: SignIn, at: datetime) -> bool:
    """Whether that she is there is worth a write."""
    return found.seen_at <= at - _NOTED_EVERY


def seen(connection: Connection, sign_in_id: int, at: datetime) -> None:
    """Note that she is there now."""
    connection.execute(sa.update(sign_in).where(sign_in.c.id == sign_in_id).values(seen_at=at))


def end(connection: Connection, account_id: int, sign_in_id: int) -> bool:
    """End one of an account; says whether there was one."""
    statement = sa.delete(sign_in).where(sign_in.c.id == sign_in_id, sign_in.c.account_id == account_id)
    return connection.execute(statement).rowcount == 1


def end_all(connection: Connection, account_id: int, *, but: int | None = None) -> int:
    """End all of an account, but perhaps for one; returns how many."""
    statement = sa.delete(sign_in).where(sign_in.c.account_id == account_id)
    if but is not None:
        statement = statement.where(sign_in.c.id != but)
    return connection.execute(statement).rowcount


def _since(at: datetime) -> dict[str, datetime]:
    return {"since": at - LASTS, "lately": at - IDLE}


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
