"""Codes from a phone: the second thing that somebody shows who signs in (TOTP), and the codes on paper for when it is lost."""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.engine import Connection

from app.gateway import tickets
from app.gateway.accounts import LETTERS, Accounts, digest, verify_password
from app.gateway.refusals import NotPossible
from app.store import accounts, sign_ins
from app.store.accounts import Account, Secrets
from app.store.keys import Keys
from app.store.unit import Database

ON_PAPER = 10
ISSUER = "Izwi"
_PAPER_LETTERS = 10  # 49 bits, behind a keyed hash and few tries
_STEP_SECONDS = 30
_NEAR = (0, -1, 1)  # clocks of phones are not quite ours
_SIGNING_IN, _SETTING_UP = "sign in", "set up codes"
_SIGN_IN_LASTS, SET_UP_LASTS = timedelta(minutes=5), timedelta(minutes=20)
_WRONG = "This code is not right, or it was used before. Wait for the next one."
_LATE = "That took too long. Begin again."


class Offer(NamedTuple):
    """A secret that becomes hers when she shows a code of it."""

    secret: str
    address: str
    """What the picture says to the app on her phone."""
    ticket: str


class PhoneCodes:
    """Codes of people who have an account."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database, self._keys, self._accounts = database, keys, Accounts(database, keys)

    # -- signing in ----------------------------------------------------------------------------------------------------

    def ticket(self, account: Account, at: datetime) -> str:
        """For somebody whose password was right: with this and a code she comes in. It ends when the password changes."""
        content = f"{account.id} {_mark(self._secrets(account))}"
        return tickets.sealed(self._keys, _SIGNING_IN, content, at + _SIGN_IN_LASTS)

    def whose(self, ticket: str, at: datetime) -> Account:
        """Whose ticket this is; raises `NotPossible` where it is nobody's any more."""
        number, _, mark = (tickets.content_of(self._keys, _SIGNING_IN, ticket, at) or "").partition(" ")
        found = self._database.read(lambda connection: accounts.one(connection, int(number))) if number else None
        if found is None or found.disabled_at is not None or _mark(self._secrets(found)) != mark:
            raise NotPossible(_LATE)
        return found

    def check(self, account: Account, code: str, at: datetime) -> None:
        """Take a code from her phone or from her paper, once; raises `NotPossible` where it is wrong."""
        known, pen = self._secrets(account), self._accounts.trail(account)

        def work(connection: Connection) -> bool:
            if self._is_right(connection, known, code, at):
                return True
            if accounts.take_recovery(connection, account.id, digest(self._keys, "recovery", code)):
                pen.note(connection, "account paper code", account.name, at=at)
                return True
            pen.note(connection, "sign in refused", account.name, at=at, reason="code")
            return False

        if not self._database.write(work):
            raise NotPossible(_WRONG)

    # -- setting up ----------------------------------------------------------------------------------------------------

    def offer(self, account: Account, at: datetime) -> Offer:
        """A new secret for her phone. It is kept nowhere before she has shown a code of it."""
        import pyotp  # here, for it is seldom needed

        secret = pyotp.random_base32()
        return self._offered(account, secret, at)

    def offered(self, account: Account, ticket: str, at: datetime) -> Offer:
        """What was offered before, for the form to be shown again."""
        return self._offered(account, self._secret_of(account, ticket, at), at)

    def confirm(self, account: Account, ticket: str, code: str, password: str, at: datetime) -> list[str]:
        """Let her codes count from now on, in place of any before; returns those for paper, which are shown once.

        All browsers in which she is signed in end; the one that she does this in is given a new secret.
        """
        secret = self._secret_of(account, ticket, at)
        self.require_password(account, password)
        step = _step_of(secret, code, at)
        if step is None:
            raise NotPossible("This is not the code that the phone should show now. Is the time on the phone right?")
        paper = _new_paper()
        sealed = tickets.seal(self._keys, _totp(account), secret)

        def work(connection: Connection) -> None:
            accounts.change(connection, account.id, totp=sealed, totp_step=step)
            self._keep_paper(connection, account, paper)
            sign_ins.end_all(connection, account.id)
            self._accounts.trail(account).note(connection, "account codes", account.name, at=at, reason="set up")

        self._database.write(work)
        return paper

    def renew_paper(self, account: Account, password: str, at: datetime) -> list[str]:
        """New codes for paper in place of those before."""
        self.require_password(account, password)
        paper = _new_paper()

        def work(connection: Connection) -> None:
            self._keep_paper(connection, account, paper)
            self._accounts.trail(account).note(connection, "account codes", account.name, at=at, reason="new on paper")

        self._database.write(work)
        return paper

    def remove(self, account: Account, password: str, at: datetime) -> None:
        """Let her sign in without codes from now on."""
        self.require_password(account, password)

        def work(connection: Connection) -> None:
            remove(connection, account)
            self._accounts.trail(account).note(connection, "account codes", account.name, at=at, reason="removed")

        self._database.write(work)

    def left(self, account: Account) -> int:
        """How many codes on her paper are left."""
        return self._database.read(lambda connection: accounts.recovery_left(connection, account.id))

    def require_password(self, account: Account, password: str) -> None:
        """Raise `NotPossible` unless it is hers: whoever finds a browser open changes nothing of an account."""
        if not verify_password(self._secrets(account).password, password):
            raise NotPossible("This is not your password.")

    def _offered(self, account: Account, secret: str, at: datetime) -> Offer:
        import pyotp

        address = pyotp.TOTP(secret).provisioning_uri(name=account.name, issuer_name=ISSUER)
        ticket = tickets.sealed(self._keys, _SETTING_UP, f"{account.id} {secret}", at + SET_UP_LASTS)
        return Offer(secret, address, ticket)

    def _secret_of(self, account: Account, ticket: str, at: datetime) -> str:
        number, _, secret = (tickets.content_of(self._keys, _SETTING_UP, ticket, at) or "").partition(" ")
        if number != str(account.id):
            raise NotPossible(_LATE)
        return secret

    def _is_right(self, connection: Connection, known: Secrets, code: str, at: datetime) -> bool:
        if known.totp is None:
            return False
        step = _step_of(tickets.unseal(self._keys, _totp(known.account), known.totp), code, at)
        return step is not None and accounts.take_step(connection, known.account.id, step)

    def _keep_paper(self, connection: Connection, account: Account, paper: list[str]) -> None:
        accounts.set_recovery(connection, account.id, [digest(self._keys, "recovery", each) for each in paper])

    def _secrets(self, account: Account) -> Secrets:
        found = self._database.read(lambda connection: accounts.secrets_of(connection, account.name))
        if found is None:
            raise NotPossible("There is no such account any more.")
        return found


def remove(connection: Connection, account: Account) -> None:
    """Forget somebody's codes, those on paper too."""
    accounts.change(connection, account.id, totp=None, totp_step=None)
    accounts.set_recovery(connection, account.id, ())


def _step_of(secret: str, code: str, at: datetime) -> int | None:
    """The time step whose code this is, if it is one of now."""
    import pyotp

    plain = "".join(code.split())
    totp, now = pyotp.TOTP(secret), int(at.timestamp()) // _STEP_SECONDS
    steps = [now + near for near in _NEAR]
    right = [step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), plain.encode())]
    return right[0] if right else None


def _new_paper() -> list[str]:
    def half() -> str:
        return "".join(secrets.choice(LETTERS) for _ in range(_PAPER_LETTERS // 2))

    return [f"{half()}-{half()}" for _ in range(ON_PAPER)]


def _totp(account: Account) -> str:
    return f"totp {account.id}"


def _mark(known: Secrets) -> str:
    """Changes with the password and with the codes."""
    return hmac.digest(known.password.encode(), known.totp or b"", "sha256").hex()[:16]
