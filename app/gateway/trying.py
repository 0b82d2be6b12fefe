"""A broadcast tried on one phone before it starts: the message that people will get, over the channel that will bring it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from app.channels import operators
from app.flows import gsm7
from app.gateway.inviting import Wording
from app.gateway.library import Library
from app.gateway.lines import Lines
from app.gateway.refusals import NotPossible
from app.settings import Settings
from app.store import channels, contacts, outbox
from app.store.audit import Trail
from app.store.broadcasts import Broadcast
from app.store.channels import State
from app.store.keys import Keys
from app.store.outbox import Message
from app.store.unit import Database
from app.values import SMS_ROOM, Msisdn, without_numbers


def wording_of(settings: Settings, library: Library, which: Broadcast, at: datetime) -> Wording:
    """The texts of a broadcast that has not started, as they are now."""
    editions = [each for name in library.names() if (each := library.newest(name))]
    edition = next((each for each in editions if each.survey_id == which.survey_id), None)
    room = SMS_ROOM._replace(septets=settings.sms_septets, ucs2=settings.sms_ucs2)
    return Wording(which, edition.flow if edition else None, room, at.astimezone(ZoneInfo(which.zone)))


def send(
    settings: Settings, database: Database, keys: Keys, which: Broadcast, text: str, msisdn: Msisdn, at: datetime,
    trail: Trail,
) -> None:  # fmt: skip
    """Send a text of a broadcast to one phone now. It is on no bill of the broadcast's, and asks for no answer."""
    if not text.strip():
        raise NotPossible("There is no text in this language yet.")

    def work(connection: Connection) -> None:
        known = operators.read(settings.operators)
        [contact] = contacts.find_or_add(connection, keys, [msisdn], at, known.of_number).values()
        if contact.stopped:
            raise NotPossible("This phone asked for silence. Send START from it, then try again.")
        states = {each.id: each for each in channels.states(connection) if each.name in settings.lines}
        lines = Lines(
            {key: settings.lines[each.name] for key, each in states.items()}, known,
            {key: each.name for key, each in states.items()},
        )  # fmt: skip
        message = Message(
            channel_id=_channel(lines, states, which, known.of_number(msisdn.e164), at), key=f"test:{uuid7()}",
            contact_id=contact.id, kind="message", body=text, segments=gsm7.segments(text)[2], at=at,
            expires_at=at + timedelta(hours=1),
        )  # fmt: skip
        outbox.add(connection, [message])
        trail.note(connection, "broadcast test", without_numbers(which.name), at=at)

    database.write(work)


def _channel(lines: Lines, states: dict[int, State], which: Broadcast, operator: str, at: datetime) -> int:
    named = lines.named(which.channel) if which.channel else None
    able = named if named is not None else lines.able(operator, states=states, at=at)
    serving = lines.serving(operator)
    if able is None and not serving:
        raise NotPossible("There is no channel that could send it.")
    return serving[0] if able is None else able
