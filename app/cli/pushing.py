"""`izwi push …`: records on their way to projects at KoboToolbox and ODK Central."""

import json
from datetime import UTC, datetime

import click
from sqlalchemy.engine import Connection

from app.cli.allowing import trail
from app.cli.root import read_settings, say
from app.cli.stored import loaded_keys, opened, refuse
from app.cli.targets import named_target
from app.gateway.library import Library
from app.gateway.pushed import told
from app.gateway.recording import Recording
from app.store import push as stored
from app.values import PushState


@click.group(short_help="Send records to KoboToolbox or ODK Central")
def push() -> None:
    """Send finished records to the projects that IZWI_TARGETS names, where those of enumerators are.

    New records of the surveys that are named there go by themselves; `start` sends those that were made before.
    """


@push.command(short_help="Send the records that were made before")
@click.argument("target")
def start(target: str) -> None:
    """Let all records that TARGET does not have yet go there. The worker sends them, and goes on after whatever happens."""
    settings = read_settings()
    surveys = named_target(settings, target).surveys
    if not surveys:
        refuse(f"IZWI_TARGETS names no survey whose records go to {target}.")
    pen, now = trail(settings), datetime.now(UTC)
    with opened(settings) as database:
        Recording(settings, database, Library(database), loaded_keys(settings)).make_all(now)
        database.write(
            lambda connection: pen.note(connection, "push start", target, at=now, reason=", ".join(surveys)[:255])
        )
        count = 0
        while added := database.write(lambda connection: stored.add_all(connection, target, surveys, now)):
            count += added
    say(f"{count} records are queued for {target}. `izwi push status` says how they stand.")


@push.command(short_help="How records stand")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def status(as_json: bool) -> None:
    """Show how many records wait, are there, or have stopped, and what helps."""
    with opened(read_settings()) as database:
        found = database.read(stored.counts)
    if as_json:
        say(json.dumps([each._asdict() for each in found], indent=2, ensure_ascii=False))
        return
    for each in found:
        why = f" ({each.reason})" if each.reason and each.state is not PushState.THERE else ""
        say(f"{each.target}  {each.survey} {each.version}  {each.records:>7,} {each.state}{why}")
        if each.state is PushState.STOPPED:
            say(f"    {told(each)[1]}")
    if not found:
        say("No record was pushed yet.")


@push.command(short_help="Try again what has stopped")
@click.argument("target")
def retry(target: str) -> None:
    """Let what has stopped on its way to TARGET, or waits, be tried now. Nothing gets there twice."""
    settings = read_settings()
    named_target(settings, target)
    pen, now = trail(settings), datetime.now(UTC)

    def work(connection: Connection) -> int:
        count = stored.again(connection, target, now)
        pen.note(connection, "push retry", target, at=now)
        return count

    with opened(settings) as database:
        count = database.write(work)
    say(f"{count} records are tried again.")


@push.command(short_help="What must be removed in other projects")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def forgotten(as_json: bool) -> None:
    """List records that are, or may be, in other projects although their respondents took them back.

    Izwi cannot remove them there: somebody has to, by their instanceID.
    """
    with opened(read_settings()) as database:
        found = database.read(stored.forgotten)
    rows = [{"target": each.target, "survey": each.survey, "instanceID": f"uuid:{each.uid}", "sure": not each.doubt}
            for each in found]  # fmt: skip
    if as_json:
        say(json.dumps(rows, indent=2))
        return
    for row in rows:
        say(f"{row['target']}  {row['survey']}  {row['instanceID']}{'' if row['sure'] else '  (may be there)'}")
    if not rows:
        say("There is none.")
