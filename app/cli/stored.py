"""What the commands about surveys share: the database as it must be, and a version as somebody names it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy.exc import OperationalError

from app.channels import operators
from app.channels.operators import BadOperators, Operators
from app.cli.root import fail, say
from app.gateway.versions import newest_draft, published_of
from app.settings import Settings
from app.store import audit, holdings, schema, surveys
from app.store import keys as vault
from app.store.keys import Keys, KeysUnreadable
from app.store.surveys import Version
from app.store.unit import Database


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Open the database, or say what is wrong with it and end."""
    database = Database(settings.database)
    try:
        current, newest = schema.current(database.engine), schema.newest()
        if current is None:
            fail("There is no database yet: `izwi serve` or `izwi migrate` makes it.")
        if current != newest:
            fail(f"The tables are at {current}, this Izwi needs {newest}: `izwi migrate` brings them there.")
        yield database
    finally:
        database.close()


def versions_of(database: Database, survey: str) -> list[Version]:
    """All versions of a survey in the order they were brought, or say which surveys there are and end."""
    found = database.read(lambda connection: surveys.of_survey(connection, survey))
    if not found:
        known = ", ".join(sorted(database.read(surveys.ids))) or "none"
        refuse(f"There is no survey {survey}. There are: {known}.")
    return found


def named(versions: Sequence[Version], name: str) -> Version:
    """The version of this name, or say which there are and end."""
    found = [each for each in versions if each.version == name]
    if not found:
        there = ", ".join(each.version for each in versions)
        refuse(f"{versions[0].survey} has no version {name}. It has: {there}.")
    return found[-1]


@dataclass(frozen=True, slots=True)
class StoredForm:
    """The form of a stored version, as if it were a file."""

    name: str
    content: bytes

    def read_bytes(self) -> bytes:
        """Its content."""
        return self.content

    @classmethod
    def of(cls, database: Database, version: Version) -> "StoredForm":
        """Read it."""
        xform = database.read(lambda connection: surveys.xform(connection, version.id))
        return cls(f"{version.survey}.xml", xform.encode())


def playable(settings: Settings, survey: str, version: str | None, *, ships: bool) -> StoredForm | None:
    """The form of a stored version: the one that is named, the draft, or the one that is asked if it does not ship."""
    database = Database(settings.database)
    try:
        ready = schema.current(database.engine) == schema.newest()
        found = database.read(lambda connection: surveys.of_survey(connection, survey)) if ready else []
        wanted = _wanted(found, version, ships=ships) if found else None
        if wanted is None:
            return None
        say(f"This is version {wanted.version}, {wanted.status}.", err=True)
        return StoredForm.of(database, wanted)
    except OperationalError:  # the database is away; what ships can be tried without it
        return None
    finally:
        database.close()


def _wanted(found: Sequence[Version], version: str | None, *, ships: bool) -> Version | None:
    if version is not None:
        return named(found, version)
    wanted = newest_draft(found)
    return wanted if wanted or ships else published_of(list(found)) or found[-1]


def known_operators(settings: Settings) -> Operators:
    """The list of operators that the settings name, or say what is wrong with it and end."""
    try:
        return operators.read(settings.operators)
    except (OSError, BadOperators) as error:
        refuse(f"{settings.operators}: {error}")


def loaded_keys(settings: Settings) -> Keys:
    """The keys of phone numbers, or say what is wrong with them and end.

    None are made for a database that is in use: it has its own, and with others its numbers and its trail would be lost.
    """
    if not vault.there(settings.data_dir) and _is_in_use(settings):
        refuse("There is no keys.json in IZWI_DATA_DIR: copy it from where the service runs.")
    try:
        return vault.load(settings.data_dir, tuple(settings.lines))
    except KeysUnreadable as error:
        refuse(str(error))


def _is_in_use(settings: Settings) -> bool:
    """Whether any phone has reached this service, or anything was noted in its trail."""
    with opened(settings) as database:
        return database.read(lambda connection: bool(holdings.sealed(connection) or audit.every(connection)))


def local(moment: datetime, settings: Settings) -> str:
    """A moment in the survey's own zone."""
    return moment.astimezone(ZoneInfo(settings.zone)).strftime("%Y-%m-%d %H:%M")


def refuse(text: str) -> NoReturn:
    """Say what is wrong and end."""
    fail(text)
    raise AssertionError("unreachable")
