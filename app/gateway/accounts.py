"""How people come to an account of the console and sign in: by a code that is given to them, and a password of their own."""

import hmac
import secrets
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from app.gateway.refusals import NotPossible
from app.store import accounts, sign_ins
from app.store.accounts import Account, Invitation
from app.store.audit import Trail
from app.store.keys import Keys
from app.store.unit import Database
from app.values import Role, without_numbers

if TYPE_CHECKING:
    from argon2 import PasswordHasher

CODE_LASTS = timedelta(hours=48)
FIRST_CODE_LASTS = timedelta(minutes=30)
SERVICE = "the service"
NO_PASSWORD = ""
"""In place of a hash: no password is the right one, until she chooses a new one by a code."""
_RESERVED = frozenset({"terminal", SERVICE})
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # none that is mistaken for another when it is read out
_GROUPS, _GROUP = 4, 4  # 16 letters: 78 bits
_LONGEST_NAME = 64
_SHORTEST, _LONGEST = 12, 128
# OWASP's figures for Argon2id: 19 MiB, two passes, one lane; about 40 ms, so that a small box can do it.
_PASSES, _KIBIBYTES, _LANES = 2, 19 * 1024, 1
_WEAK = 3  # of zxcvbn's 0 to 4: up to 100 million guesses
_one_at_a_time = threading.Lock()  # each takes 19 MiB


class Accounts:
    """The accounts of one installation."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database, self._keys = database, keys

    def first_code(self, at: datetime) -> str | None:
        """A code that makes the first account, an admin's, in place of any before it; None where there is an account."""
        if self._database.read(accounts.any_there):
            return None
        code = new_code()
        made = Invitation(0, Role.ADMIN, None, SERVICE, at, at + FIRST_CODE_LASTS)

        def work(connection: Connection) -> None:
            accounts.remove_invitations_by(connection, SERVICE)
            accounts.invite(connection, self._digest(code), made)

        self._database.write(work)
        return code

    def invitation(self, code: str, at: datetime) -> Invitation | None:
        """What a code is for, while it is valid."""
        return self._database.read(lambda connection: accounts.find_invitation(connection, self._digest(code), at))

    def accept(self, code: str, name: str, password: str, *, locale: str, at: datetime) -> Account:
        """Use a code up: make the account, or give the one that it is of a new password. Raises `NotPossible`."""
        found = self.invitation(code, at)
        known = self._known(found) if found else None
        if found is None or (known is not None and known.disabled_at is not None):
            raise NotPossible("This code is not valid, or not any more. Ask whoever gave it to you for a new one.")
        name = " ".join(name.split())
        if known is None:
            check_name(name)
        check_password(password, known.name if known else name)
        hashed = hash_password(password)

        def work(connection: Connection) -> Account:
            if not accounts.remove_invitation(connection, found.id):
                raise NotPossible("This code was used this very moment.")
            if known is not None:
                accounts.change(connection, known.id, password=hashed)
                sign_ins.end_all(connection, known.id)
                self.trail(known).note(connection, "account password", known.name, at=at, reason="by a code")
                return known
            if accounts.is_taken(connection, name):
                raise NotPossible(f"Somebody else is called {name} here. Take another name, with a surname perhaps.")
            made = accounts.add(connection, name, found.role, hashed, locale, at)
            accounts.remove_invitations_by(connection, SERVICE)  # those are for the very first account
            self.trail(made).note(connection, "account add", name, at=at, reason=f"{found.role}, by {found.made_by}")
            return made

        return self._database.write(work)

    def check(self, name: str, password: str, at: datetime) -> Account:
        """Whose name and password these are; else `NotPossible`. A wrong name takes as long as a wrong password."""
        name = " ".join(name.split())
        found = self._database.read(lambda connection: accounts.secrets_of(connection, name))
        right = verify_password(found.password if found else None, password)
        if found is not None and right and found.account.disabled_at is None:
            return found.account
        if found is not None:
            self._note(self.trail(found.account), "sign in refused", name, at)
        raise NotPossible("This name and this password do not belong together.")

    def change_password(self, account: Account, before: str, password: str, at: datetime) -> None:
        """Give somebody another password, who knows the one that she has. Every browser in which she is signed in ends."""
        known = self._database.read(lambda connection: accounts.secrets_of(connection, account.name))
        if known is None or not verify_password(known.password, before):
            raise NotPossible("This is not your password.")
        check_password(password, account.name)
        hashed = hash_password(password)

        def work(connection: Connection) -> None:
            accounts.change(connection, account.id, password=hashed)
            sign_ins.end_all(connection, account.id)
            self.trail(account).note(connection, "account password", account.name, at=at, reason="by herself")

        self._database.write(work)

    def sign_in(self, account: Account, browser: str, at: datetime) -> str:
        """Sign somebody in who has shown who she is; returns the secret for her browser."""

        def work(connection: Connection) -> str:
            secret = sign_ins.begin(connection, account.id, browser, at)
            self.trail(account).note(connection, "sign in", account.name, at=at, reason=browser)
            return secret

        return self._database.write(work)

    def trail(self, account: Account) -> Trail:
        """What somebody does is noted with this."""
        return Trail(self._keys.trail, account.name, account.role)

    def _known(self, found: Invitation) -> Account | None:
        if found.account_id is None:
            return None
        account_id = found.account_id
        return self._database.read(lambda connection: accounts.one(connection, account_id))

    def _note(self, pen: Trail, action: str, subject: str, at: datetime) -> None:
        self._database.write(lambda connection: pen.note(connection, action, subject, at=at))

    def _digest(self, code: str) -> bytes:
        return digest(self._keys, "invitation", code)


def new_code() -> str:
    """A code that people can read out: XXXX-XXXX-XXXX-XXXX."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def digest(keys: Keys, kind: str, code: str) -> bytes:
    """The keyed hash that a code is found by, however it was typed."""
    plain = "".join(each for each in code.upper() if each.isalnum())
    return hmac.digest(keys.accounts, f"{kind}:{plain}".encode(), "sha256")


def check_name(name: str) -> None:
    """Raise `NotPossible` where nobody can be called that."""
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or without_numbers(name) != name:
        raise NotPossible(
            f"Choose a name of at most {_LONGEST_NAME} letters, and no phone number: colleagues will see it."
        )
    if name.casefold() in _RESERVED:
        raise NotPossible(f"{name} is what the record calls Izwi itself. Take another name.")


def check_password(password: str, name: str) -> None:
    """Raise `NotPossible` with what would help where a password is too easy. Any letters will do; length is what counts."""
    if len(password) < _SHORTEST:
        raise NotPossible(
            f"A password needs at least {_SHORTEST} letters. Four or five words that belong to nobody are good."
        )
    if len(password) > _LONGEST:
        raise NotPossible(f"A password has at most {_LONGEST} letters.")
    from zxcvbn import zxcvbn  # here: its lists of common passwords take memory, and are seldom needed

    if zxcvbn(password, user_inputs=["izwi", "nango", name, *name.split()], max_length=_LONGEST)["score"] < _WEAK:
        raise NotPossible("This password is easy to guess. Take four or five words that do not belong together.")


def hash_password(password: str) -> str:
    """What is kept of a password."""
    from argon2 import PasswordHasher

    with _one_at_a_time:
        return PasswordHasher(_PASSES, _KIBIBYTES, _LANES).hash(password)


def verify_password(hashed: str | None, password: str) -> bool:
    """Whether it is the password that was hashed; for nobody's takes as long, and is not."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    with _one_at_a_time:
        hasher = PasswordHasher(_PASSES, _KIBIBYTES, _LANES)
        try:
            return hasher.verify(hashed or _nobodys(hasher), password[: _LONGEST + 1]) and bool(hashed)
        except (VerificationError, InvalidHashError):
            return False


_NOBODYS: list[str] = []


def _nobodys(hasher: "PasswordHasher") -> str:
    if not _NOBODYS:
        _NOBODYS.append(hasher.hash(secrets.token_hex()))
    return _NOBODYS[0]
