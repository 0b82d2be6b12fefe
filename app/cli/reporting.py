"""`izwi report …`: what the law wants to be told, written from what Izwi knows; the rest is left for a person."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from app.cli.allowing import trail
from app.cli.auditing import DAY_OR_TIME
from app.cli.figuring import figures
from app.cli.files import whole_text
from app.cli.root import read_settings, say
from app.cli.stored import loaded_keys, opened, refuse
from app.reports import breach as of_breach
from app.reports import processing as of_processing
from app.settings import Settings
from app.store.unit import Database

_BEFORE = timedelta(days=7)
_OUTPUT = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write  [default: the screen]"
)


class Reports(click.Group):
    """`izwi report SURVEY` means its figures; what the law wants to be told has a name of its own."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take what is no report's name for a survey."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = [figures.name or "", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=Reports, short_help="Figures of a survey, and what the law wants to be told")
def report() -> None:
    """Show what people answered: `izwi report SURVEY` (see `izwi report figures --help` and docs/figures.md).

    The others write the reports that the Cyber and Data Protection Act asks for, as Markdown. What only a person knows is
    left open; docs/do-no-harm.md says when each is due.
    """


report.add_command(figures)


@report.command(short_help="A breach: to be told within 24 hours")
@click.option("--noticed", required=True, type=DAY_OR_TIME, help="When it was noticed, e.g. '2026-11-27 14:00'")
@click.option("--what", required=True, help="What happened, e.g. 'laptop stolen'")
@click.option("--from", "begin", type=DAY_OR_TIME, help="When it may have begun  [default: a week before]")
@click.option("--to", "end", type=DAY_OR_TIME, help="When it was over  [default: when it was noticed]")
@_OUTPUT
def breach(noticed: datetime, what: str, begin: datetime | None, end: datetime | None, output: Path | None) -> None:
    """Write the report of a breach: how much of whom was held, what protects it, what was done in that time, the deadline.

    Section 19: the Authority is told within 24 hours after it was noticed. Nothing of a person is in it.
    """
    settings, now = read_settings(), datetime.now(UTC)
    at = _moment(noticed, settings)
    first = _moment(begin, settings) if begin else at - _BEFORE
    last = _moment(end, settings) if end else at
    if at > now or first > last:
        refuse("It was noticed in the time to come, or ended before it began: look at --noticed, --from and --to.")
    keys, told = loaded_keys(settings), of_breach.Noticed(at, what, first, last)
    with opened(settings) as database:
        found = database.read(lambda connection: of_breach.look(connection, keys, told))
        _note(settings, database, "report breach", f"noticed {at:%Y-%m-%dT%H:%MZ}", now)
    _write(output, of_breach.write(settings, keys, told, found, now))


@report.command(short_help="The record of processing: due before it begins")
@_OUTPUT
def processing(output: Path | None) -> None:
    """Write the record of processing: controller, purposes, categories, recipients, how long things are kept, safeguards.

    Sections 20 and 21: the Authority is notified before processing begins. IZWI_CONTROLLER is who answers for the data.
    """
    settings, now = read_settings(), datetime.now(UTC)
    keys = loaded_keys(settings)
    with opened(settings) as database:
        told = of_processing.told(settings, database, keys, now)
        _note(settings, database, "report processing", "all", now)
    _write(output, told)


def _moment(said: datetime, settings: Settings) -> datetime:
    return said.replace(tzinfo=ZoneInfo(settings.zone)).astimezone(UTC)


def _note(settings: Settings, database: Database, action: str, subject: str, at: datetime) -> None:
    pen = trail(settings)
    database.write(lambda connection: pen.note(connection, action, subject, at=at))


def _write(output: Path | None, text: str) -> None:
    with whole_text(output) as out:
        out.write(text)
    if output:
        say(f"Written to {output}. Fill in what is left open.", err=True)
