"""Accounts of people who work with the console, and the codes that stand in for a lost phone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.access import account, api_token, invitation, recovery_code
from app.values import Role


class Account(NamedTuple):
    """A person as pages know her."""

    id: int
    name: str
    role: Role
    locale: str
    has_totp: bool
    created_at: datetime
    disabled_at: datetime | None


class Secrets(NamedTuple):
    """What somebody who signs in is held against."""

    account: Account
    password: str
    totp: bytes | None
    totp_step: int | None


_KNOWN = (
    account.c.id, account.c.name, account.c.role, account.c.locale, account.c.totp.is_not(None).label("has_totp"),
    account.c.created_at, account.c.disabled_at,
)  # fmt: skip
_ALL = sa.select(*_KNOWN).order_by(account.c.name)
_SECRETS = sa.select(*_KNOWN, account.c.password, account.c.totp, account.c.totp_step)


def every(connection: Connection) -> Sequence[Account]:
    """All accounts, by name."""
    return [of(row) for row in connection.execute(_ALL)]


def one(connection: Connection, account_id: int) -> Account | None:
    """One account."""
    row = connection.execute(sa.select(*_KNOWN).where(account.c.id == account_id)).first()
    return of(row) if row else None


def any_there(connection: Connection) -> bool:
    """Whether there is an account at all."""
    return connection.execute(sa.select(account.c.id).limit(1)).first() is not None


def secrets_of(connection: Connection, name: str) -> Secrets | None:
    """What this name is held against."""
    row = connection.execute(_SECRETS.where(sa.func.lower(account.c.name) == name.lower())).first()
    return Secrets(of(row), row.password, row.totp, row.totp_step) if row else None


def is_taken(connection: Connection, name: str) -> bool:
    """Whether the name is an account's or a token's: in the trail a name has to be one person or program."""
    taken = sa.select(account.c.name).where(sa.func.lower(account.c.name) == name.lower())
    return (
        connection.execute(
            taken.union(sa.select(api_token.c.name).where(sa.func.lower(api_token.c.name) == name.lower()))
        ).first()
        is not None
    )


def add(connection: Connection, name: str, role: Role, password: str, locale: str, at: datetime) -> Account:
    """Make an account; `password` is the hash."""
    made = connection.execute(
        sa.insert(account)
        .values(name=name, role=role, password=password, locale=locale, created_at=at)
        .returning(account.c.id)
    ).scalar_one()
    return Account(made, name, role, locale, False, at, None)


def change(connection: Connection, account_id: int, **values: Any) -> None:
    """Change something of an account."""
    connection.execute(sa.update(account).where(account.c.id == account_id).values(**values))


def take_step(connection: Connection, account_id: int, step: int) -> bool:
    """Note that the code of this time step was used; False where it, or a later one, was used already."""
    later = sa.or_(account.c.totp_step.is_(None), account.c.totp_step < step)
    statement = sa.update(account).where(account.c.id == account_id, later).values(totp_step=step)
    return connection.execute(statement).rowcount == 1


def lacks_admins(connection: Connection, besides: int) -> bool:
    """Whether nobody but this account could give access any more."""
    others = sa.select(account.c.id).where(
        account.c.role == Role.ADMIN, account.c.disabled_at.is_(None), account.c.id != besides
    )
    # Held until the end: of two admins who take each other's role away at the same time, one is too late.
    return connection.execute(others.limit(1).with_for_update()).first() is None


# -- codes on paper ----------------------------------------------------------------------------------------------------


def set_recovery(connection: Connection, account_id: int, digests: Sequence[bytes]) -> None:
    """Keep these codes in place of those before."""
    connection.execute(sa.delete(recovery_code).where(recovery_code.c.account_id == account_id))
    if digests:
        rows = [{"account_id": account_id, "digest": digest} for digest in digests]
        connection.execute(sa.insert(recovery_code), rows)


def take_recovery(connection: Connection, account_id: int, digest: bytes) -> bool:
    """Use a code up; says whether there was one."""
    statement = sa.delete(recovery_code).where(
        recovery_code.c.account_id == account_id, recovery_code.c.digest == digest
    )
    return connection.execute(statement).rowcount == 1


def recovery_left(connection: Connection, account_id: int) -> int:
    """How many codes are left."""
    counted = sa.select(sa.func.count()).where(recovery_code.c.account_id == account_id)
    return int(connection.execute(counted).scalar_one())


# -- invitations -------------------------------------------------------------------------------------------------------


class Invitation(NamedTuple):
    """A code that once makes an account, or lets one choose a new password."""

    id: int
    role: Role
    account_id: int | None
    made_by: str
    created_at: datetime
    expires_at: datetime


_INVITATION = sa.select(
    invitation.c.id, invitation.c.role, invitation.c.account_id, invitation.c.made_by, invitation.c.created_at,
    invitation.c.expires_at,
)  # fmt: skip


def invite(connection: Connection, digest: bytes, made: Invitation) -> None:
    """Keep an invitation; those that ended go, and those to the same account."""
    gone = invitation.c.expires_at <= made.created_at
    if made.account_id is not None:
        gone = sa.or_(gone, invitation.c.account_id == made.account_id)
    connection.execute(sa.delete(invitation).where(gone))
    values = made._asdict()
    values.pop("id")
    connection.execute(sa.insert(invitation).values(digest=digest, **values))


def invitations(connection: Connection, at: datetime) -> Sequence[Invitation]:
    """Those that are open."""
    found = connection.execute(_INVITATION.where(invitation.c.expires_at > at).order_by(invitation.c.id))
    return [_invitation(row) for row in found]


def find_invitation(connection: Connection, digest: bytes, at: datetime) -> Invitation | None:
    """The invitation that a code is of."""
    row = connection.execute(_INVITATION.where(invitation.c.digest == digest, invitation.c.expires_at > at)).first()
    return _invitation(row) if row else None


def remove_invitation(connection: Connection, invitation_id: int) -> bool:
    """Take one away, or use it up; says whether it was there."""
    return connection.execute(sa.delete(invitation).where(invitation.c.id == invitation_id)).rowcount == 1


def remove_invitations_to(connection: Connection, account_id: int) -> None:
    """Take away all to an account."""
    connection.execute(sa.delete(invitation).where(invitation.c.account_id == account_id))


def remove_invitations_by(connection: Connection, made_by: str) -> None:
    """Take away all of somebody's."""
    connection.execute(sa.delete(invitation).where(invitation.c.made_by == made_by))


def of(row: Any) -> Account:
    """The account of a row that has its columns."""
    return Account(row.id, row.name, Role(row.role), row.locale, bool(row.has_totp), row.created_at, row.disabled_at)


def _invitation(row: Any) -> Invitation:
    return Invitation(row.id, Role(row.role), row.account_id, row.made_by, row.created_at, row.expires_at)
