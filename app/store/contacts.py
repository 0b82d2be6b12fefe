"""Contacts and respondents: phones, and the people who answer on them."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.people import contact, respondent
from app.store.batch import within
from app.store.bulk import insert
from app.store.keys import Keys
from app.values import Msisdn


@dataclass(slots=True)
class Contact:
    """A phone, as much of it as a turn needs."""

    id: int
    locale: str | None
    stopped: bool


_FIND = sa.select(contact.c.msisdn_hash, contact.c.id, contact.c.locale, contact.c.stopped_at).where(
    contact.c.msisdn_hash.in_(sa.bindparam("hashes", expanding=True))
)
_ONE = sa.select(contact.c.id).where(contact.c.msisdn_hash == sa.bindparam("hash"))
_LOCALE = sa.update(contact).where(contact.c.id == sa.bindparam("contact")).values(locale=sa.bindparam("to_locale"))
_STOP = sa.update(contact).where(contact.c.id == sa.bindparam("contact")).values(stopped_at=sa.bindparam("moment"))
_POSITIONS = (
    sa.select(respondent.c.contact_id, respondent.c.survey_id, sa.func.max(respondent.c.position))
    .where(within(respondent.c.contact_id, "contacts"))
    .group_by(respondent.c.contact_id, respondent.c.survey_id)
)
_PSEUDONYM = sa.select(respondent.c.pseudonym).where(respondent.c.id == sa.bindparam("respondent"))
_NUMBERS = sa.select(contact.c.id, contact.c.msisdn_sealed, contact.c.key_id).where(within(contact.c.id, "contacts"))


def find_or_add(connection: Connection, keys: Keys, msisdns: Sequence[Msisdn], at: datetime) -> dict[str, Contact]:
    """Return the contact of each number (by E.164), adding those that never reached us before."""
    hashes = {keys.find(msisdn): msisdn for msisdn in msisdns}
    found = _find(connection, list(hashes))
    # Sorted, so that two processes that add the same phones wait for each other instead of blocking each other.
    missing = sorted(hashes.keys() - found.keys())
    if missing:
        rows = [
            {
                "uid": uuid7(), "msisdn_hash": each, "msisdn_sealed": keys.seal(hashes[each]), "key_id": keys.current,
                "locale": None, "created_at": at, "stopped_at": None,
            }
            for each in missing
        ]  # fmt: skip
        connection.execute(insert(connection, contact).on_conflict_do_nothing(index_elements=["msisdn_hash"]), rows)
        found |= _find(connection, missing)
    return {msisdn.e164: found[each] for each, msisdn in hashes.items()}


def find(connection: Connection, keys: Keys, msisdn: Msisdn) -> int | None:
    """The key of a number's contact, if it ever reached us."""
    return connection.execute(_ONE, {"hash": keys.find(msisdn)}).scalar()


def one(connection: Connection, keys: Keys, msisdn: Msisdn) -> Contact | None:
    """The contact of a number, if it ever reached us."""
    return _find(connection, [keys.find(msisdn)]).get(keys.find(msisdn))


def _find(connection: Connection, hashes: list[bytes]) -> dict[bytes, Contact]:
    rows = connection.execute(_FIND, {"hashes": hashes})
    return {bytes(row[0]): Contact(row[1], row[2], row[3] is not None) for row in rows}


def positions(connection: Connection, contact_ids: Sequence[int]) -> dict[tuple[int, int], int]:
    """(contact, survey) → how many people have answered that survey on that phone."""
    rows = connection.execute(_POSITIONS, {"contacts": contact_ids})
    return {(row[0], row[1]): row[2] for row in rows}


def add_respondents(connection: Connection, rows: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Add people; each row gives id, contact_id, survey_id, position and pseudonym."""
    if rows:
        connection.execute(
            sa.insert(respondent),
            [{**row, "uid": uuid7(), "created_at": at} for row in rows],
        )


def pseudonym_of(connection: Connection, respondent_id: int) -> str:
    """The only name that a person's answers carry."""
    return connection.execute(_PSEUDONYM, {"respondent": respondent_id}).scalar() or ""


def new_pseudonym() -> str:
    """A name that says nothing and can be typed: 10 letters and figures without those that look alike."""
    return "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(10))


def set_locales(connection: Connection, locales: Mapping[int, str]) -> None:
    """Remember the language that each phone last chose."""
    if locales:
        connection.execute(_LOCALE, [{"contact": key, "to_locale": locale} for key, locale in sorted(locales.items())])


def set_stopped(connection: Connection, moments: Mapping[int, datetime | None]) -> None:
    """Stop phones at a moment, or (None) let them be written to again."""
    if moments:
        connection.execute(_STOP, [{"contact": key, "moment": moment} for key, moment in sorted(moments.items())])


def numbers(connection: Connection, keys: Keys, contact_ids: Sequence[int]) -> dict[int, Msisdn]:
    """Unseal the numbers of contacts: for sending only."""
    rows = connection.execute(_NUMBERS, {"contacts": contact_ids})
    return {row[0]: keys.unseal(bytes(row[1]), row[2]) for row in rows}
