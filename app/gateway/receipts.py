"""What a provider tells us besides turns: delivery reports, the end of a session, and subscribers who opted out."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.engine import Connection

from app.channels.base import AirtimeCheck, AirtimeReport, DeliveryReport, UssdEnd
from app.gateway.batch import Batch
from app.gateway.thanks import millionths
from app.store import airtime, outbox, sessions
from app.store.contacts import Contact
from app.values import RunState


def take_report(
    connection: Connection, channel_id: int, report: DeliveryReport, phone: Callable[[str], int | None], at: datetime
) -> None:
    """Keep a delivery report and let it settle its message, now or when the message is committed.

    A message of unknown outcome has no id from the provider; it is found by its phone, where only one can be meant.
    """
    if not outbox.is_known(connection, channel_id=channel_id, provider_id=report.provider_id):
        contact_id = phone(report.recipient)
        if contact_id is not None:
            outbox.adopt(connection, channel_id=channel_id, provider_id=report.provider_id, contact_id=contact_id)
    outbox.add_report(
        connection,
        channel_id=channel_id,
        provider_id=report.provider_id,
        delivery=report.delivery,
        status=report.status,
        reason=report.reason,
        network_code=report.network_code,
        at=at,
    )


def take_airtime(
    connection: Connection, channel_id: int, report: AirtimeReport, phone: Callable[[str], int | None], at: datetime
) -> None:
    """Keep what the provider says became of airtime, and let it settle the gift, now or when that is committed."""
    if not airtime.is_known(connection, channel_id=channel_id, provider_id=report.provider_id):
        contact_id = phone(report.recipient)
        if contact_id is not None:
            airtime.adopt(connection, channel_id=channel_id, provider_id=report.provider_id, contact_id=contact_id)
    airtime.add_report(
        connection,
        channel_id=channel_id,
        provider_id=report.provider_id,
        delivery=report.delivery,
        status=report.status,
        reason=report.reason,
        at=at,
    )


def may_thank(connection: Connection, channel_id: int, check: AirtimeCheck, phone: Callable[[str], int | None]) -> bool:
    """Say whether airtime that the provider is about to pay is ours: whoever has our API key could ask for more."""
    contact_id = phone(check.sender)
    return contact_id is not None and airtime.is_ours(
        connection,
        channel_id=channel_id,
        contact_id=contact_id,
        amount=millionths(check.amount),
        currency=check.currency,
    )


def take_end(connection: Connection, channel_id: int, end: UssdEnd, at: datetime) -> None:
    """Close a session; her run waits for her to dial again. What she typed is in the event too, and is not kept twice."""
    sessions.end(
        connection,
        channel_id=channel_id,
        ref=end.session,
        status=end.status,
        cost=end.cost,
        duration_ms=end.duration_ms,
        at=at,
    )


def take_opt_out(batch: Batch, contact: Contact) -> None:
    """The subscriber asked the provider for silence: the same as STOP, but nothing is confirmed."""
    for (contact_id, _), run in list(batch.active.items()):
        if contact_id == contact.id:
            run.state, run.reason, run.ended_at = RunState.STOPPED, "opt_out", batch.at
            run.revision += 1
            batch.change_run(run)
    batch.stop(contact.id, batch.at)
