"""`izwi cases …`: who may need help, who sees to it, and what came of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from app.cli.allowing import trail
from app.cli.root import fail, read_settings, say
from app.cli.stored import local, opened
from app.gateway.casework import Casework
from app.gateway.refusals import NotPossible
from app.reports.lines import moment
from app.settings import Settings
from app.store.cases import OUTCOMES, Case

_UID = click.argument("uid")


@click.group(short_help="Respondents who may need help")
def cases() -> None:
    """See which respondents may need help, take a case, and close it with what came of it.

    A case names the question whose answer raised it, never the answer. `izwi contacts reveal` shows a number, and notes it.
    """


@contextmanager
def _casework() -> Iterator[tuple[Casework, Settings]]:
    settings = read_settings()
    with opened(settings) as database:
        try:
            yield Casework(database), settings
        except NotPossible as error:
            fail(str(error))


@cases.command("list", short_help="Those that wait for somebody")
@click.option("--all", "closed", is_flag=True, help="Closed ones too")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def list_(closed: bool, as_json: bool) -> None:
    """Show the cases that wait for somebody, the most urgent first."""
    now = datetime.now(UTC)
    with _casework() as (casework, settings):
        found = casework.every(closed=closed)
    if as_json:
        say(json.dumps([_plain(each, now) for each in found], indent=2, ensure_ascii=False))
        return
    for each in found:
        say(_line(each, settings, now))
    if not found:
        say("There is no case." if closed else "No case waits for anybody.")


@cases.command(short_help="See to one")
@_UID
@click.option("--over", is_flag=True, help="Take it over from the colleague who sees to it")
def take(uid: str, over: bool) -> None:
    """Say that you see to a case. Colleagues see who does."""
    with _casework() as (casework, settings):
        found = casework.take(uid, trail(settings), datetime.now(UTC), over=over)
    say(f"{found.owner} sees to it; it should be done by {local(found.due_at, settings)}.\n")
    say(f"  izwi contacts reveal {found.pseudonym} --reason …    shows the number, and notes that you looked")
    say(f"  izwi cases close {found.uid} --outcome …    ends it")


@cases.command(short_help="End one, with what came of it")
@_UID
@click.option("--outcome", required=True, type=click.Choice(OUTCOMES), help="What came of it")
def close(uid: str, outcome: str) -> None:
    """End a case that somebody has taken."""
    with _casework() as (casework, settings):
        casework.close(uid, outcome, trail(settings), datetime.now(UTC))
    say("It is closed.")


def _line(each: Case, settings: Settings, now: datetime) -> str:
    who = f", {each.owner} sees to it" if each.state == "taken" else ""
    end = f", closed {local(each.closed_at, settings)}: {each.outcome.replace('_', ' ')}" if each.closed_at else ""
    late = "OVERDUE, " if each.overdue(now) else ""
    return (
        f"{each.uid}  {each.pseudonym}  {each.survey}, {each.question}: {late}{each.state}{who}{end}\n"
        f"    raised {local(each.raised_at, settings)}, due {local(each.due_at, settings)}"
    )


def _plain(each: Case, now: datetime) -> dict[str, object]:
    """A case as a program reads it."""
    moments = {name: moment(getattr(each, name)) for name in ("raised_at", "due_at", "closed_at")}
    return each._asdict() | moments | {"uid": str(each.uid), "overdue": each.overdue(now)}
