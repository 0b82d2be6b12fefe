"""Text messages that came in; the provider's own id makes a repeat harmless."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.messages import inbound
from app.store.bulk import insert


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message as it is stored."""

    channel_id: int
    provider_id: str
    text: str
    recipient: str
    link_id: str
    network_code: str
    state: str


_CONTACT = (
    sa.update(inbound).where(inbound.c.id == sa.bindparam("message")).values(contact_id=sa.bindparam("to_contact"))
)


def add(connection: Connection, message: Inbound, at: datetime) -> int | None:
    """Store a message; None if it is there already."""
    values = {
        "uid": uuid7(), "channel_id": message.channel_id, "provider_id": message.provider_id, "contact_id": None,
        "text": message.text, "recipient": message.recipient, "link_id": message.link_id,
        "network_code": message.network_code, "state": message.state, "received_at": at,
    }  # fmt: skip
    statement = insert(connection, inbound).on_conflict_do_nothing(index_elements=["channel_id", "provider_id"])
    return connection.execute(statement.returning(inbound.c.id), values).scalar()


def set_contacts(connection: Connection, contacts: Sequence[tuple[int, int]]) -> None:
    """Say which contact each message (its key, the contact's key) came from."""
    if contacts:
        connection.execute(_CONTACT, [{"message": message, "to_contact": contact} for message, contact in contacts])
