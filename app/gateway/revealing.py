"""The number behind a pseudonym, for an officer who has to call; who looked, when and why is noted before it is shown."""

from datetime import datetime

from sqlalchemy.engine import Connection

from app.gateway.refusals import NotPossible, NotThere
from app.store import contacts
from app.store.audit import Trail
from app.store.keys import Keys
from app.store.unit import Database
from app.values import Msisdn, without_numbers

_SHORTEST, _LONGEST = 10, 255


def reveal(database: Database, keys: Keys, pseudonym: str, *, reason: str, trail: Trail, at: datetime) -> Msisdn:
    """Look a number up, and note it; raises `NotPossible` where the reason is none, `NotThere` where there is no number."""
    reason = checked(reason)

    def look(connection: Connection) -> Msisdn | None:
        found = contacts.behind(connection, keys, pseudonym)
        if found is not None:
            trail.note(connection, "contacts reveal", pseudonym, at=at, reason=reason)
        return found

    found = database.write(look)  # what is noted is stored before a figure of it is shown
    if found is None:
        known = database.read(lambda connection: contacts.is_known(connection, pseudonym))
        raise NotThere(
            "Whose this is was forgotten: the survey was closed long enough ago." if known
            else f"Nobody has the pseudonym {pseudonym}."
        )  # fmt: skip
    return found


def checked(reason: str) -> str:
    """A reason as it stays in the trail; raises `NotPossible` where it says nothing, or too much."""
    reason = " ".join(reason.split())
    if sum(letter.isalpha() for letter in reason) < _SHORTEST or len(reason) > _LONGEST:
        raise NotPossible(
            f"Say why in a sentence of {_SHORTEST} letters or more, and not over {_LONGEST}: it stays in the trail."
        )
    if without_numbers(reason) != reason:
        raise NotPossible("Write no phone number into the reason: it stays in the trail.")
    return reason
