"""A look over a survey before anyone is asked: a file that is brought, or a version that is stored, with what it costs."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import Form, load
from app.flows.review import bill
from app.flows.review.check import Report, check, refused
from app.flows.review.lengths import Pace
from app.flows.review.tariff import Tariff
from app.gateway import packing
from app.gateway.bringing import File, bring
from app.settings import Settings
from app.store import surveys
from app.store.surveys import Version
from app.store.unit import Database
from app.values import Medium, Room

Rooms = Mapping[Medium, Room]
Lines = Sequence[bill.Line]


def rooms_of(settings: Settings, channel: str | None = None) -> Rooms:
    """What fits on a screen and in a message of these channels, or of one kind only."""
    rooms = (
        Room(Medium.USSD, settings.ussd_septets, settings.ussd_ucs2),
        Room(Medium.SMS, settings.sms_septets, settings.sms_ucs2),
    )
    return {room.medium: room for room in rooms if channel in {None, room.medium}}


def of_file(file: File, rooms: Rooms) -> Report:
    """Look over what somebody brings."""
    try:
        return _of_form(bring(file), rooms)
    except FormError as error:
        return refused(error.faults)


def of_version(database: Database, version: Version, rooms: Rooms) -> Report:
    """Look over a stored version. It is read as it was brought, so that what is found is told by sheet and row."""
    kept = database.read(lambda connection: surveys.source(connection, version.id))
    (name, content), *others = packing.laid_out(version.filename, kept).items()
    try:
        return _of_form(load(content, name, {PurePath(path).name: each for path, each in others}), rooms)
    except FormError as error:
        return refused(error.faults)


def priced(
    report: Report, settings: Settings, prices: Tariff | None, rooms: Rooms, called: str = ""
) -> tuple[Lines, str]:
    """How long it is and what it costs, and how that was worked out; nothing for a form that cannot be asked."""
    if report.lengths is None:
        return (), ""
    pace = Pace(settings.screen_seconds, settings.ussd_seconds)
    return tuple(bill.lines(report.lengths, pace, prices, rooms)), bill.explained(report.lengths, pace, called)


def _of_form(form: Form, rooms: Rooms) -> Report:
    return check(form, compile_form(form), rooms)
