"""`izwi facilitators …`: the phones whose holders take several people through a survey."""

from datetime import UTC, datetime

import click
from sqlalchemy.engine import Connection

from app.cli.allowing import trail
from app.cli.root import fail, read_settings, say
from app.cli.stored import known_operators, loaded_keys, local, opened, refuse
from app.store import contacts, erasures
from app.store import facilitators as stored
from app.values import Msisdn, NotAPhoneNumber, without_numbers

_LONGEST = 64


@click.group(short_help="Phones that take several people through a survey")
def facilitators() -> None:
    """Name the phones whose holders take several people through a survey, one after another."""


@facilitators.command(short_help="Let a phone take several people through surveys")
@click.argument("name")
def add(name: str) -> None:
    """Let a phone take several people through a survey; NAME is how the office calls it. It asks for the number.

    The number is asked for, or read from the standard input, so that it stays in no history of commands.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST or not name.isprintable() or without_numbers(name) != name:
        fail(f"A facilitator needs a name of at most {_LONGEST} letters that is no number, e.g. 'Gokwe 1'.", code=2)
    settings = read_settings()
    operators, keys, pen, now = known_operators(settings), loaded_keys(settings), trail(settings), datetime.now(UTC)
    try:
        msisdn = Msisdn.parse(click.prompt("Number", err=True, hide_input=True), region=settings.region)
    except NotAPhoneNumber as error:
        refuse(f"This is no phone number: {error}")

    def work(connection: Connection) -> str:
        if contacts.find(connection, keys, msisdn) is None and erasures.forgotten(connection, [keys.find(msisdn)]):
            return "This phone asked to be forgotten. Only its holder can come back, by dialling or writing."
        found = contacts.find_or_add(connection, keys, [msisdn], now, operators.of_number)[msisdn.e164]
        if not stored.add(connection, found.id, name, now):
            return "This phone is a facilitator's already, or another one has this name: izwi facilitators list"
        pen.note(connection, "facilitators add", name, at=now)
        return ""

    with opened(settings) as database:
        if fault := database.write(work):
            refuse(fault)
    say(f"{name} can take several people through a survey from now on.")


@facilitators.command("list", short_help="All of them")
def list_() -> None:
    """Show all facilitators by name, and since when; no number."""
    settings = read_settings()
    with opened(settings) as database:
        found = database.read(stored.every)
    for each in found:
        say(f"{each.name:24} since {local(each.added_at, settings)}")
    if not found:
        say("There is no facilitator yet. `izwi facilitators add NAME` names one.")


@facilitators.command(short_help="Let a phone be one like all others")
@click.argument("name")
def remove(name: str) -> None:
    """Let a phone take nobody else through a survey from now on. What was answered on it stays."""
    settings = read_settings()
    pen, now = trail(settings), datetime.now(UTC)

    def work(connection: Connection) -> bool:
        gone = stored.remove(connection, name)
        if gone:
            pen.note(connection, "facilitators remove", name, at=now)
        return gone

    with opened(settings) as database:
        if not database.write(work):
            known = ", ".join(each.name for each in database.read(stored.every)) or "none"
            refuse(f"There is no facilitator {name!r}. There are: {known}.")
    say(f"{name} is a phone like all others now.")
