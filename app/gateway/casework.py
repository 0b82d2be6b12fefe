"""What a duty officer does with cases of distress; each step is noted with it, and each refusal says what would help."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.engine import Connection

from app.gateway.refusals import NotNow, NotThere
from app.store import cases
from app.store.audit import Trail
from app.store.cases import Case
from app.store.unit import Database


@dataclass(frozen=True, slots=True)
class Casework:
    """The cases of this Izwi, for the command line and the API alike."""

    database: Database

    def every(self, *, closed: bool = False) -> list[Case]:
        """The cases that wait for somebody, the most urgent first; with `closed` all of them."""
        return self.database.read(lambda connection: cases.every(connection, closed=closed))

    def take(self, uid: str, trail: Trail, at: datetime, *, over: bool = False) -> Case:
        """Let whoever asks see to a case; with `over` also where a colleague does so already."""

        def work(connection: Connection) -> Case:
            found = _find(connection, uid)
            if found.state == "closed":
                raise NotNow(f"The case {uid} is closed.")
            if found.owner not in {"", trail.actor} and not over:
                raise NotNow(
                    f"{found.owner} sees to the case {uid} already; say that you take it over, if that is meant."
                )
            if not cases.take(connection, found.uid, trail.actor, before=found.owner):
                raise NotNow(f"A colleague was faster with the case {uid}.")
            trail.note(connection, "cases take", str(found.uid), at=at)
            return _find(connection, uid)

        return self.database.write(work)

    def close(self, uid: str, outcome: str, trail: Trail, at: datetime) -> Case:
        """End a case that somebody has taken, with what came of it."""

        def work(connection: Connection) -> Case:
            found = _find(connection, uid)
            if found.state == "taken" and found.owner != trail.actor:
                raise NotNow(f"The case {uid} is {found.owner}'s: take it first, with --over.")
            if not cases.close(connection, found.uid, outcome, at):
                hint = "nobody has taken it yet" if found.state == "open" else "it is closed already"
                raise NotNow(f"The case {uid} cannot be closed: {hint}.")
            trail.note(connection, "cases close", str(found.uid), at=at, reason=outcome)
            return _find(connection, uid)

        return self.database.write(work)


def _find(connection: Connection, uid: str) -> Case:
    try:
        found = cases.find(connection, UUID(uid))
    except ValueError:
        found = None
    if found is None:
        raise NotThere(f"There is no case {uid}.")
    return found
