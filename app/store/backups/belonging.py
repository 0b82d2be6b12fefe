"""Whose each row is: what belongs to a phone is sealed with the key of that phone in every backup (D17).

A table that is not named here stops every backup, and a test. One that holds or points at what belongs to a phone belongs
to that phone itself, else a restore without that phone would leave rows that point at nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from app.models import metadata
from app.models.access import account, api_token, audit, invitation, login, recovery_code, sign_in
from app.models.broadcasts import airtime, broadcast, recipient, tally
from app.models.care import distress_case, facilitator, flag
from app.models.consents import consent
from app.models.descriptions import choice, choice_label, description, question, question_label
from app.models.erasures import erasure, purge
from app.models.messages import delivery_report, exchange, inbound, outbox
from app.models.people import (
    attribute,
    contact,
    contact_group,
    contact_import,
    contact_key,
    group_member,
    respondent,
    segment,
)
from app.models.push import push
from app.models.runs import answer, channel, record, run, session, turn
from app.models.surveys import survey, survey_version

Owner = Callable[[sa.Table], sa.ColumnElement[Any]]
"""From a row of a table to the key of the contact that it belongs to; NULL where it is nobody's (any more)."""


def _itself(table: sa.Table) -> sa.ColumnElement[Any]:
    return table.c.id


def _said(table: sa.Table) -> sa.ColumnElement[Any]:
    return table.c.contact_id


def _by_run(table: sa.Table) -> sa.ColumnElement[Any]:
    return sa.select(run.c.contact_id).where(run.c.id == table.c.run_id).correlate(table).scalar_subquery()


def _by_uid(table: sa.Table) -> sa.ColumnElement[Any]:
    return sa.select(run.c.contact_id).where(run.c.uid == table.c.uid).correlate(table).scalar_subquery()


def _said_or_by_run(table: sa.Table) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(table.c.contact_id, _by_run(table))


def _by_session(table: sa.Table) -> sa.ColumnElement[Any]:
    owner = sa.select(_said_or_by_run(session)).where(session.c.id == table.c.session_id)
    return owner.correlate(table).scalar_subquery()


def _by_message(table: sa.Table) -> sa.ColumnElement[Any]:
    """Of a report: whom the message went to, or the airtime."""

    def of(other: sa.Table) -> sa.ColumnElement[Any]:
        same = (other.c.channel_id == table.c.channel_id) & (other.c.provider_id == table.c.provider_id)
        return sa.select(sa.func.min(other.c.contact_id)).where(same).correlate(table).scalar_subquery()

    return sa.func.coalesce(of(outbox), of(airtime))


OWNERS: Mapping[sa.Table, Owner] = {
    contact: _itself,
    **dict.fromkeys((respondent, run, inbound, outbox, recipient, group_member, facilitator, erasure), _said),
    **dict.fromkeys((session, airtime), _said_or_by_run),
    **dict.fromkeys((answer, consent, record, flag, distress_case), _by_run),
    turn: _by_session,
    push: _by_uid,
    delivery_report: _by_message,
}
NOBODYS = frozenset(
    {
        account, api_token, audit, attribute, broadcast, channel, choice, choice_label, contact_group, contact_import,
        description, exchange, invitation, login, purge, question, question_label, recovery_code, segment, sign_in, survey,
        survey_version, tally,
    }
)  # fmt: skip
LEFT_OUT = frozenset({contact_key})
"""What is in no backup: with the keys in it, nothing in it could ever be forgotten."""


def at_once(table: sa.Table) -> int:
    """How many rows of a table are in memory at a time; a version of a survey has whole files in it."""
    return 1 if table is survey_version else 2_000


def kept() -> list[sa.Table]:
    """All tables that a backup has, parents before children."""
    unknown = set(metadata.tables.values()) - OWNERS.keys() - NOBODYS - LEFT_OUT
    if unknown:
        raise AssertionError(f"nobody said whose {', '.join(sorted(each.name for each in unknown))} is")
    return [table for table in metadata.sorted_tables if table not in LEFT_OUT]


def rows_of(table: sa.Table) -> sa.Select[*tuple[Any, ...]]:
    """All rows of a table as the driver gives them, then the contact that each belongs to, and the key of that contact."""
    columns = [sa.type_coerce(column, sa.types.NullType()).label(column.name) for column in table.columns]
    if table not in OWNERS:
        return sa.select(*columns, sa.null().label("owner_"), sa.null().label("key_"))
    found = sa.select(*columns, OWNERS[table](table).label("owner_")).subquery("found")
    return sa.select(found, contact_key.c.key.label("key_")).select_from(
        found.outerjoin(contact_key, contact_key.c.contact_id == found.c.owner_)
    )
