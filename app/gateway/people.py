"""Who has an account, and as what: inviting, a new password by a code, another role, an end. The last admin is never lost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from app.gateway import phone_codes
from app.gateway.accounts import CODE_LASTS, NO_PASSWORD, digest, new_code
from app.gateway.refusals import NotNow, NotPossible, NotThere
from app.store import accounts, sign_ins
from app.store.accounts import Account, Invitation
from app.store.audit import Trail
from app.store.keys import Keys
from app.store.unit import Database
from app.values import Role

_LAST = "Nobody else is an admin. Make somebody else one first: without an admin nobody can give access any more."


@dataclass(frozen=True, slots=True)
class People:
    """The people of one installation, as whoever gives access sees them."""

    database: Database
    keys: Keys
    trail: Trail

    def every(self) -> list[Account]:
        """All accounts, by name."""
        return list(self.database.read(accounts.every))

    def find(self, name: str) -> Account:
        """The account of this name."""
        found = next((each for each in self.every() if each.name == name), None)
        if found is None:
            raise NotThere(f"Nobody is called {name!r} here.")
        return found

    def numbered(self, account_id: int) -> Account:
        """One account."""
        found = self.database.read(lambda connection: accounts.one(connection, account_id))
        if found is None:
            raise NotThere("There is no such account.")
        return found

    def invitations(self, at: datetime) -> list[Invitation]:
        """The codes that are open."""
        return list(self.database.read(lambda connection: accounts.invitations(connection, at)))

    def invite(self, role: Role, at: datetime) -> str:
        """A code that makes an account of this role, once."""
        code = new_code()
        made = Invitation(0, role, None, self.trail.actor, at, at + CODE_LASTS)

        def work(connection: Connection) -> None:
            accounts.invite(connection, self._digest(code), made)
            self.trail.note(connection, "account invite", str(role), at=at)

        self.database.write(work)
        return code

    def withdraw(self, invitation_id: int, at: datetime) -> None:
        """Let a code be valid no more."""

        def work(connection: Connection) -> None:
            if not accounts.remove_invitation(connection, invitation_id):
                raise NotThere("This code is not open any more.")
            self.trail.note(connection, "account invite", "a code", at=at, reason="withdrawn")

        self.database.write(work)

    def reset(self, account: Account, at: datetime) -> str:
        """A code by which somebody chooses a new password. The old one ends, and she is signed in nowhere any more."""
        self._not_oneself(account)  # else whoever finds a browser open has the account
        if account.disabled_at is not None:
            raise NotNow(f"{account.name} may not come in now. Let her in again first.")
        code = new_code()
        made = Invitation(0, account.role, account.id, self.trail.actor, at, at + CODE_LASTS)

        def work(connection: Connection) -> None:
            accounts.invite(connection, self._digest(code), made)
            accounts.change(connection, account.id, password=NO_PASSWORD)

        self._do(account, "account reset", work, at)
        return code

    def change_role(self, account: Account, role: Role, at: datetime) -> None:
        """Let somebody do what another role may."""
        self._not_oneself(account)

        def work(connection: Connection) -> None:
            if role is not Role.ADMIN:
                _keep_admins(connection, account)
                accounts.remove_invitations_by(connection, account.name)
            accounts.change(connection, account.id, role=role)

        self._do(account, "account role", work, at, reason=f"{account.role} → {role}")

    def disable(self, account: Account, at: datetime) -> None:
        """Let somebody in no more. What she did stays under her name."""
        self._not_oneself(account)

        def work(connection: Connection) -> None:
            _keep_admins(connection, account)
            accounts.change(connection, account.id, disabled_at=at)
            accounts.remove_invitations_to(connection, account.id)
            accounts.remove_invitations_by(connection, account.name)

        self._do(account, "account disable", work, at)

    def enable(self, account: Account, at: datetime) -> None:
        """Let somebody in again, with the password that she had."""
        self._do(account, "account enable", lambda _: accounts.change(_, account.id, disabled_at=None), at)

    def sign_out(self, account: Account, at: datetime) -> None:
        """End every browser in which somebody is signed in."""
        self._do(account, "account sign out", lambda _: None, at)

    def take_codes(self, account: Account, at: datetime) -> None:
        """Let somebody who lost her phone sign in without its codes."""
        self._not_oneself(account)
        self._do(account, "account codes", lambda _: phone_codes.remove(_, account), at, reason="taken away")

    def _do(
        self, account: Account, action: str, work: Callable[[Connection], None], at: datetime, *, reason: str = ""
    ) -> None:
        """Change an account; whoever is signed in with it is so no more."""

        def whole(connection: Connection) -> None:
            work(connection)
            sign_ins.end_all(connection, account.id)
            self.trail.note(connection, action, account.name, at=at, reason=reason)

        self.database.write(whole)

    def _not_oneself(self, account: Account) -> None:
        if account.name == self.trail.actor:
            raise NotPossible("Nobody does this to herself: another admin has to.")

    def _digest(self, code: str) -> bytes:
        return digest(self.keys, "invitation", code)


def _keep_admins(connection: Connection, account: Account) -> None:
    now = accounts.one(connection, account.id)
    if now is not None and now.role is Role.ADMIN and accounts.lacks_admins(connection, account.id):
        raise NotNow(_LAST)
