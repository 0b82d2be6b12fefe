"""`izwi erase`: forget a phone and everybody on it, and show what was forgotten when."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from app.cli.allowing import trail
from app.cli.root import read_settings, say
from app.cli.stored import loaded_keys, local, opened, refuse
from app.gateway.forgetting import Forgetting
from app.reports.lines import moment
from app.settings import Settings
from app.store import erasures
from app.store.erasures import Receipt
from app.values import Msisdn, NotAPhoneNumber


@click.command(short_help="Forget a phone, and everybody who answered on it")
@click.option("--yes", is_flag=True, help="Do not ask")
@click.option("--receipts", is_flag=True, help="Show what was forgotten, and when; no number is in it")
@click.option("--json", "as_json", is_flag=True, help="The receipts as JSON")
def erase(yes: bool, receipts: bool, as_json: bool) -> None:
    """Remove a phone with all answers, messages and records of the people on it. It asks for the number.

    The number is asked for, or read from the standard input, so that it stays in no history of commands. What was
    published stays, and figures of broadcasts. No file of contacts brings the number back; she herself can.
    """
    settings = read_settings()
    with opened(settings) as database:
        if receipts or as_json:
            _show(database.read(erasures.receipts), settings, as_json)
        else:
            _forget(settings, Forgetting(database, loaded_keys(settings), trail(settings)), yes)


def _show(found: Sequence[Receipt], settings: Settings, as_json: bool) -> None:
    if as_json:
        say(json.dumps([_as_json(each) for each in found], indent=2))
    else:
        say("\n".join(_line(each, settings) for each in found) or "Nobody was forgotten yet.")


def _forget(settings: Settings, forgetting: Forgetting, yes: bool) -> None:
    try:
        msisdn = Msisdn.parse(click.prompt("Number", err=True, hide_input=True), region=settings.region)
    except NotAPhoneNumber as error:
        refuse(f"This is no phone number: {error}")
    found = forgetting.held(msisdn)
    if found is None:
        refuse("Nothing is known of this number.")
    say(
        f"Kept of this phone: {found.respondents} respondents, {found.runs} runs, {found.answers} answers, "
        f"{found.messages} messages."
    )
    if not yes:
        click.confirm("Remove all of it? It cannot be brought back.", abort=True, err=True)
    done = forgetting.forget(msisdn, datetime.now(UTC))
    rest = "" if done else " A message to it is just being sent: the worker removes the last of it in a moment."
    say(f"Removed.{rest} The receipt: izwi erase --receipts")
    say("Backups forget it with the next `izwi backup`, or at once: izwi backup --keys-only FOLDER")


def _as_json(each: Receipt) -> dict[str, object]:
    """One erasure as a program reads it."""
    return {
        "uid": str(each.uid),
        "asked_by": each.asked_by,
        "asked_at": moment(each.asked_at),
        "done_at": moment(each.done_at),
        "removed": each.removed,
    }


def _line(each: Receipt, settings: Settings) -> str:
    what = ", ".join(f"{count} {name}" for name, count in each.removed.items()) or "nothing but the number"
    done = f"gone {local(each.done_at, settings)}" if each.done_at else "not all gone yet"
    by = "her own word" if each.asked_by == "word" else "an officer"
    return f"{each.uid}  asked {local(each.asked_at, settings)} by {by}, {done}: {what}"
