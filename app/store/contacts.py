"""Contacts and respondents: phones, and the people who answer on them."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models.care import facilitator
from app.models.people import contact, respondent
from app.store.batch import within
from app.store.bulk import Bulk, Job, insert, new_uid, stamp
from app.store.keys import Keys, Sealed
from app.values import Msisdn


@dataclass(slots=True)
class Contact:
    """A phone, as much of it as a turn needs."""

    id: int
    locale: str | None
    stopped: bool
    new: bool = False
    """It was added just now, so nobody has answered on it."""
    facilitator: bool = False
    """Its holder takes several people through a survey."""


class Address(NamedTuple):
    """Where a message to a contact goes, and whether she asked for silence."""

    msisdn: Msisdn
    stopped: bool


class Person(NamedTuple):
    """Someone who is new to a survey: the next one on her phone, behind a random pseudonym."""

    id: int
    contact_id: int
    survey_id: int
    position: int
    pseudonym: str


_PHONES = sa.select(
    contact.c.msisdn_hash, contact.c.id, contact.c.locale, contact.c.stopped_at, facilitator.c.contact_id
).outerjoin(facilitator, facilitator.c.contact_id == contact.c.id)
_FIND = _PHONES.where(contact.c.msisdn_hash.in_(sa.bindparam("hashes", expanding=True)))
_BY_ID = _PHONES.where(contact.c.id == sa.bindparam("contact"))
_ONE = sa.select(contact.c.id).where(contact.c.msisdn_hash == sa.bindparam("hash"))
_LOCALE = sa.update(contact).where(contact.c.id == sa.bindparam("contact")).values(locale=sa.bindparam("to_locale"))
_STOP = sa.update(contact).where(contact.c.id == sa.bindparam("contact")).values(stopped_at=sa.bindparam("moment"))
_POSITIONS = (
    sa.select(respondent.c.contact_id, respondent.c.survey_id, sa.func.max(respondent.c.position))
    .where(within(respondent.c.contact_id, "contacts"))
    .group_by(respondent.c.contact_id, respondent.c.survey_id)
)
_AT_ONCE = """
WITH given AS (
  SELECT decode(r->>0, 'hex') AS hash, decode(r->>1, 'hex') AS sealed, CAST(r->>2 AS uuid) AS uid,
    CAST(r->>3 AS integer) AS key_id, CAST(r->>4 AS timestamptz) AS at, r->>5 AS operator
  FROM jsonb_array_elements(CAST(%(rows)s AS jsonb)) AS r
), added AS (
  INSERT INTO contact (uid, msisdn_hash, msisdn_sealed, key_id, created_at, operator)
  SELECT uid, hash, sealed, key_id, at, operator FROM given
  WHERE NOT EXISTS (SELECT FROM contact WHERE msisdn_hash = hash) ORDER BY hash
  ON CONFLICT (msisdn_hash) DO NOTHING RETURNING msisdn_hash, id
)
SELECT msisdn_hash, id, locale, stopped_at, false, f.contact_id FROM contact JOIN given ON msisdn_hash = hash
  LEFT JOIN facilitator f ON f.contact_id = contact.id
UNION ALL SELECT msisdn_hash, id, NULL, NULL, true, NULL FROM added
"""
PEOPLE = Bulk.insert(respondent, ("id", "contact_id", "survey_id", "position", "pseudonym", "uid", "created_at"))
_PEOPLE_ON = (
    sa.select(respondent.c.id, respondent.c.pin_hash)
    .where(respondent.c.contact_id == sa.bindparam("contact"), respondent.c.survey_id == sa.bindparam("survey"))
    .order_by(respondent.c.position)
)
_PSEUDONYM = sa.select(respondent.c.pseudonym).where(respondent.c.id == sa.bindparam("respondent"))
_NUMBERS = sa.select(contact.c.id, contact.c.msisdn_sealed, contact.c.key_id, contact.c.stopped_at).where(
    within(contact.c.id, "contacts")
)


def find_or_add(
    connection: Connection,
    keys: Keys,
    msisdns: Sequence[Msisdn],
    at: datetime,
    operator_of: Callable[[str], str] = lambda _: "",
) -> dict[str, Contact]:
    """Return the contact of each number (by E.164), adding those that never reached us before."""
    hashes = {keys.find(msisdn): msisdn for msisdn in msisdns}
    if connection.dialect.name == "postgresql":
        found = _find_or_add_at_once(connection, keys, hashes, at, operator_of)
    else:
        found = _find(connection, list(hashes))
    # Sorted, so that two processes that add the same phones wait for each other instead of blocking each other.
    missing = sorted(hashes.keys() - found.keys())
    if missing:
        rows = [
            {
                "uid": uuid7(), "msisdn_hash": each, "msisdn_sealed": sealed, "key_id": key_id,
                "locale": None, "created_at": at, "stopped_at": None, "operator": operator_of(hashes[each].e164),
            }
            for each, (sealed, key_id) in ((each, keys.seal(hashes[each])) for each in missing)
        ]  # fmt: skip
        statement = insert(connection, contact).on_conflict_do_nothing(index_elements=["msisdn_hash"])
        added = connection.execute(statement.returning(contact.c.msisdn_hash, contact.c.id), rows)
        found |= {bytes(row[0]): Contact(row[1], None, stopped=False, new=True) for row in added}
        if late := [each for each in missing if each not in found]:  # another process was faster
            found |= _find(connection, late)
    return {msisdn.e164: found[each] for each, msisdn in hashes.items()}


def _find_or_add_at_once(
    connection: Connection,
    keys: Keys,
    hashes: Mapping[bytes, Msisdn],
    at: datetime,
    operator_of: Callable[[str], str],
) -> dict[bytes, Contact]:
    """Both in one way there and back. A phone that another process adds at this very moment is not among the found."""
    rows = [
        (
            each.hex(),
            sealed.hex(),
            new_uid(connection),
            key_id,
            stamp(at),
            operator_of(msisdn.e164),
        )
        for each, msisdn, (sealed, key_id) in (
            (each, msisdn, keys.seal(msisdn)) for each, msisdn in sorted(hashes.items())
        )
    ]
    found = connection.exec_driver_sql(_AT_ONCE, {"rows": to_json(rows).decode()})
    return {bytes(row[0]): Contact(row[1], row[2], row[3] is not None, row[4], row[5] is not None) for row in found}


def find(connection: Connection, keys: Keys, msisdn: Msisdn) -> int | None:
    """The key of a number's contact, if it ever reached us."""
    return connection.execute(_ONE, {"hash": keys.find(msisdn)}).scalar()


def one(connection: Connection, keys: Keys, msisdn: Msisdn) -> Contact | None:
    """The contact of a number, if it ever reached us."""
    return _find(connection, [keys.find(msisdn)]).get(keys.find(msisdn))


def _find(connection: Connection, hashes: list[bytes]) -> dict[bytes, Contact]:
    rows = connection.execute(_FIND, {"hashes": hashes})
    return {bytes(row[0]): _contact(row) for row in rows}


def by_id(connection: Connection, contact_id: int) -> Contact:
    """A phone that a session knows."""
    return _contact(connection.execute(_BY_ID, {"contact": contact_id}).one())


def _contact(row: Sequence[Any]) -> Contact:
    return Contact(row[1], row[2], row[3] is not None, facilitator=row[4] is not None)


def people(connection: Connection, contact_id: int, survey_id: int) -> dict[int, bytes | None]:
    """Those who have answered a survey on a phone, the first one first, each with the hash of her digits."""
    rows = connection.execute(_PEOPLE_ON, {"contact": contact_id, "survey": survey_id})
    return {row[0]: None if row[1] is None else bytes(row[1]) for row in rows}


def set_pins(connection: Connection, pins: Mapping[int, bytes]) -> None:
    """Note the digits that people come back with, hashed."""
    if pins:
        statement = sa.update(respondent).where(respondent.c.id == sa.bindparam("person"))
        rows = [{"person": person, "pin": pin} for person, pin in sorted(pins.items())]
        connection.execute(statement.values(pin_hash=sa.bindparam("pin")), rows)


def positions(connection: Connection, contact_ids: Sequence[int]) -> dict[tuple[int, int], int]:
    """(contact, survey) → how many people have answered that survey on that phone."""
    rows = connection.execute(_POSITIONS, {"contacts": contact_ids})
    return {(row[0], row[1]): row[2] for row in rows}


def adding_respondents(connection: Connection, people: Iterable[Person], at: datetime) -> Job:
    """The adding of people."""
    created_at = stamp(at)
    return Job(PEOPLE, [(*each, new_uid(connection), created_at) for each in people])


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


def addresses(connection: Connection, keys: Keys, contact_ids: Sequence[int]) -> dict[int, Address]:
    """Unseal the numbers of contacts: for sending only."""
    rows = connection.execute(_NUMBERS, {"contacts": contact_ids})
    return {row[0]: Address(keys.unseal(bytes(row[1]), row[2]), row[3] is not None) for row in rows}


_OLDER = (
    sa.select(contact.c.id, contact.c.msisdn_sealed, contact.c.key_id)
    .where(contact.c.key_id < sa.bindparam("newest"))
    .limit(sa.bindparam("count"))
)
_RESEAL = (
    sa.update(contact)
    .where(contact.c.id == sa.bindparam("contact"))
    .values(msisdn_sealed=sa.bindparam("sealed"), key_id=sa.bindparam("key"))
)


def resealed(connection: Connection, keys: Keys, *, count: int = 1_000) -> list[tuple[int, Sealed]]:
    """Some numbers that an older key sealed, encrypted anew, by contact."""
    rows = connection.execute(_OLDER, {"newest": keys.current, "count": count}).all()
    return [(row.id, keys.seal(keys.unseal(bytes(row.msisdn_sealed), row.key_id))) for row in rows]


def reseal(connection: Connection, fresh: Sequence[tuple[int, Sealed]]) -> None:
    """Write numbers that were encrypted anew."""
    rows = [{"contact": contact_id, "sealed": made.sealed, "key": made.key_id} for contact_id, made in fresh]
    connection.execute(_RESEAL, rows)


def older(connection: Connection, keys: Keys) -> int:
    """How many numbers an older key than the newest still seals."""
    counted = sa.select(sa.func.count()).select_from(contact).where(contact.c.key_id < keys.current)
    return int(connection.execute(counted).scalar_one())


_BEHIND = (
    sa.select(contact.c.msisdn_sealed, contact.c.key_id)
    .join(respondent, respondent.c.contact_id == contact.c.id)
    .where(respondent.c.pseudonym == sa.bindparam("pseudonym"))
)
_KNOWN = sa.select(sa.exists().where(respondent.c.pseudonym == sa.bindparam("pseudonym")))


def behind(connection: Connection, keys: Keys, pseudonym: str) -> Msisdn | None:
    """The number of the phone that somebody answered on: for an officer who has to reach her, and for nobody else."""
    row = connection.execute(_BEHIND, {"pseudonym": pseudonym}).first()
    return None if row is None else keys.unseal(bytes(row.msisdn_sealed), row.key_id)


def is_known(connection: Connection, pseudonym: str) -> bool:
    """Whether somebody has this pseudonym, even where her phone is not known any more."""
    return bool(connection.execute(_KNOWN, {"pseudonym": pseudonym}).scalar())
