"""`izwi audit …`: what was done by whom, and whether anybody has touched what is written of it."""

import json
from datetime import UTC, datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

import click

from app.cli.allowing import trail
from app.cli.root import fail, read_settings, say
from app.cli.stored import local, opened, refuse
from app.reports.lines import moment
from app.store import audit as stored
from app.store.audit import Entry, Head, Verdict

DAY_OR_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"])


@click.group(short_help="What was done by whom")
def audit() -> None:
    """See the trail of what was done by whom, and prove that nobody has changed it."""


@audit.command("list", short_help="What was done, the first thing first")
@click.option("--since", type=DAY_OR_TIME, help="Only from then on, e.g. 2026-11-01")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def list_(since: datetime | None, as_json: bool) -> None:
    """Show who looked at a number, exported, erased, started a broadcast, and so on. No number and no answer is in it."""
    settings = read_settings()
    start = since.replace(tzinfo=ZoneInfo(settings.zone)).astimezone(UTC) if since else None
    with opened(settings) as database:
        found = database.read(lambda connection: stored.every(connection, since=start))
    if as_json:
        say(json.dumps([each._asdict() | {"at": moment(each.at)} for each in found], indent=2, ensure_ascii=False))
        return
    for each in found:
        say(f"{each.number:>6}  {local(each.at, settings)}  {_told(each)}")
    if not found:
        say("Nothing was noted yet.")


@audit.command(short_help="Prove that nobody has changed it")
@click.option("--head", metavar="N:HEX", help="What an earlier `verify` said: proves that nothing was cut off since")
def verify(head: str | None) -> None:
    """Go along the trail, and say how many rows hold or which is the first that was changed, removed or put in.

    It ends with status 1 where one was. Write the head down somewhere else each time: on paper, in a mail to the board.
    """
    known = _head(head) if head else None
    settings = read_settings()
    with opened(settings) as database:
        secret = trail(settings).secret
        found = database.read(lambda connection: stored.verify(connection, secret, head=known))
    if found.broken is not None:
        _broken(found)
    say(f"All {found.rows:,} rows hold." if found.rows else "Nothing was noted yet.")
    if known is not None:
        say(f"Nothing was cut off since row {known.number:,}.")
    if found.rows:
        say(
            f"\nWrite this down elsewhere; `izwi audit verify --head …` proves later that nothing was cut off:\n{found.head}"
        )


def _broken(found: Verdict) -> NoReturn:
    refuse(f"Row {found.broken:,} {found.what}. The {found.rows:,} rows before it hold.")


def _head(text: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError:
        fail("The head is written like 12:9f3c…, as `izwi audit verify` said it.", code=2)
        raise


def _told(each: Entry) -> str:
    why = f"  ({each.reason})" if each.reason else ""
    return f"{each.actor} ({each.role})  {each.action}  {each.subject}{why}"
