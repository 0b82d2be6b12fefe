"""What a provider tells us besides turns: delivery reports, the end of a session, and subscribers who opted out."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from app.channels.base import AirtimeCheck, AirtimeReport, DeliveryReport, UssdEnd
from app.gateway.batch import Batch
from app.money import in_millionths
from app.store import airtime, sessions
from app.store import reports as stored
from app.store.contacts import Contact
from app.values import RunState


def take_reports(
    connection: Connection,
    channel_id: int,
    reports: Sequence[DeliveryReport],
    phone: Callable[[str], int | None],
    at: datetime,
) -> None:
    """Keep delivery reports and let each settle its message, now or when the message is committed.

    A message of unknown outcome has no id from the provider; it is found by its phone, where only one can be meant.
    """
    known = stored.known(connection, channel_id, [each.provider_id for each in reports])
    adopted = [
        report.provider_id
        for report in reports
        if report.provider_id not in known
        and (contact_id := phone(report.recipient)) is not None
        and stored.adopt(connection, channel_id=channel_id, provider_id=report.provider_id, contact_id=contact_id)
    ]
    rows = [
        stored.Report(channel_id, each.provider_id, each.delivery, each.status, each.reason, each.network_code)
        for each in reports
    ]
    stored.take(connection, channel_id, rows, at, adopted=adopted)


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
        amount=in_millionths(check.amount),
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
    for run in batch.runs_of(contact.id):
        run.state, run.reason, run.ended_at = RunState.STOPPED, "opt_out", batch.at
        run.revision += 1
        batch.change_run(run)
    batch.stop(contact.id, batch.at)
