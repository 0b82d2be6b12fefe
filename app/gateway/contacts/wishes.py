"""What somebody in the office does about one phone because its owner asked for it: silence, an end of it, a call."""

from datetime import datetime

from sqlalchemy.engine import Connection

from app.gateway.refusals import NotNow, NotThere
from app.gateway.revealing import checked
from app.store import consents, contacts, outbox, timeline
from app.store.audit import Trail
from app.store.keys import Keys
from app.store.unit import Database
from app.values import Msisdn


def stop(database: Database, contact_id: int, reason: str, at: datetime, trail: Trail) -> None:
    """Write to her no more, as if she had sent STOP: what is under way ends, what waits is withdrawn."""

    def work(connection: Connection) -> None:
        if _phone(connection, contact_id).stopped_at is not None:
            raise NotNow("She has asked for silence already.")
        contacts.set_stopped(connection, {contact_id: at})
        timeline.stop_runs(connection, contact_id, reason="wish", at=at)
        outbox.cancel(connection, [contact_id], reason="stopped", at=at)
        consents.withdraw(connection, [contact_id], word="stop", at=at)
        trail.note(connection, "contacts stop", f"contact {contact_id}", at=at, reason=reason)

    reason = checked(reason)
    database.write(work)


def restart(database: Database, contact_id: int, reason: str, at: datetime, trail: Trail) -> None:
    """Let her be written to again, as if she had sent START. Only because she said so."""

    def work(connection: Connection) -> None:
        if _phone(connection, contact_id).stopped_at is None:
            raise NotNow("She may be written to already.")
        contacts.set_stopped(connection, {contact_id: None})
        trail.note(connection, "contacts restart", f"contact {contact_id}", at=at, reason=reason)

    reason = checked(reason)
    database.write(work)


def reveal(database: Database, keys: Keys, contact_id: int, reason: str, at: datetime, trail: Trail) -> Msisdn:
    """Her number, for an officer who has to call; the look is noted before a figure of it is shown."""

    def work(connection: Connection) -> Msisdn:
        _phone(connection, contact_id)
        trail.note(connection, "contacts reveal", f"contact {contact_id}", at=at, reason=reason)
        return contacts.addresses(connection, keys, [contact_id])[contact_id].msisdn

    reason = checked(reason)
    return database.write(work)


def _phone(connection: Connection, contact_id: int) -> timeline.Phone:
    found = timeline.phone(connection, contact_id)
    if found is None:
        raise NotThere("There is no such contact.")
    return found
