"""`izwi segments`: audiences by what is known of contacts, described in words and saved under a name."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.engine import Connection

from app.cli.root import read_settings, say
from app.cli.stored import known_operators, local, opened, refuse
from app.settings import Settings
from app.store import segments as stored
from app.store.audience import BadSegment, audience, count
from app.store.unit import Database


@click.group(short_help="Describe audiences: who is meant, by what is known of contacts")
def segments() -> None:
    """Describe audiences in words: `province = Masvingo and not completed leave_no_one_behind`.

    docs/contacts.md has the whole language. A saved segment has no list of members: who is in it is found out each time.
    """


@segments.command(short_help="Save a description under a name")
@click.argument("name")
@click.argument("query")
@click.option("--change", is_flag=True, help="Give the segment of this name another description")
def add(name: str, query: str, change: bool) -> None:
    """Save QUERY as the segment NAME, and say how many contacts are in it now. Put QUERY in quotes."""
    settings = read_settings()
    with opened(settings) as database:
        found, _ = _counted(database, query, settings)
        known = database.read(lambda connection: stored.find(connection, name))
        if known is not None and known.query != query and not change:
            refuse(f"There is a segment {known.name} already: {known.query}\n--change gives it this description.")
        try:
            database.write(lambda connection: _save(connection, name, query, settings))
        except BadSegment as error:
            refuse(f"{error}\nNothing was saved.")
    say(f"Saved. {_people(found)} in {name} now.")


def _save(connection: Connection, name: str, query: str, settings: Settings) -> None:
    stored.save(connection, name, query, _now(settings))
    audience(connection, name, _now(settings))  # it may lead back to itself: then nothing is saved


@segments.command("list", short_help="All saved segments, and how many are in each")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def list_(as_json: bool) -> None:
    """List the saved segments, and how many contacts are in each at this moment."""
    settings = read_settings()
    with opened(settings) as database:
        shown = [_listed(database, each, settings) for each in database.read(stored.every)]
    if as_json:
        say(json.dumps({"segments": shown}, indent=2, ensure_ascii=False))
        return
    if not shown:
        say("No segment is saved yet; `izwi segments add NAME QUERY` saves one.")
    for each in shown:
        say(f"{each['name']}  {_fault(each) or format(each['contacts'], ',')}")
        say(f"  {each['query']}")


@segments.command("count", short_help="How many a description means")
@click.argument("query")
def count_(query: str) -> None:
    """Say how many contacts QUERY means, or the saved segment of that name. Those who stopped are counted apart."""
    settings = read_settings()
    with opened(settings) as database:
        found, stopped = _counted(database, query, settings)
    say(f"{_people(found)} meant." + (f" {stopped:,} of them asked for silence and get nothing." if stopped else ""))


@segments.command(short_help="Forget a saved segment")
@click.argument("name")
def remove(name: str) -> None:
    """Forget the segment NAME. Contacts stay as they are."""
    with opened(read_settings()) as database:
        known = database.read(lambda connection: stored.find(connection, name))
        if known is None:
            listed = ", ".join(each.name for each in database.read(stored.every)) or "none"
            refuse(f"There is no segment {name}. There are: {listed}.")
        users = database.read(lambda connection: stored.users(connection, known.name))
        if users:
            refuse(f"{known.name} is in use by {', '.join(users)}. Nothing was removed.")
        database.write(lambda connection: stored.remove(connection, known.name))
    say(f"{known.name} is removed. It was: {known.query}")


def _counted(database: Database, query: str, settings: Settings) -> tuple[int, int]:
    """How many contacts a query means and how many of them stopped, or say what is wrong with it and end."""
    try:
        return database.read(lambda connection: _count(connection, query, settings))
    except BadSegment as error:
        refuse(str(error))


def _count(connection: Connection, query: str, settings: Settings) -> tuple[int, int]:
    names = known_operators(settings).names
    condition = audience(connection, query, _now(settings), operators=names)
    return count(connection, condition), count(connection, condition & audience(connection, "stopped"))


def _listed(database: Database, each: stored.Segment, settings: Settings) -> dict[str, Any]:
    try:
        found, _ = database.read(lambda connection: _count(connection, each.query, settings))
        counted: dict[str, Any] = {"contacts": found}
    except BadSegment as error:  # what it speaks of was there when it was saved
        counted = {"contacts": None, "fault": error.reason}
    return {"name": each.name, "query": each.query, "changed_at": local(each.changed_at, settings)} | counted


def _fault(each: dict[str, Any]) -> str:
    return f"cannot be used: {each['fault']}" if "fault" in each else ""


def _people(found: int) -> str:
    return "1 contact is" if found == 1 else f"{found:,} contacts are"


def _now(settings: Settings) -> datetime:
    """Now, where the survey is: dates in a query begin at midnight there."""
    return datetime.now(ZoneInfo(settings.zone))
