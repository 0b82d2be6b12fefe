"""`izwi demo-data`: simulated respondents to try figures and exports on, and none of them left afterwards."""

import os
import sys
from datetime import UTC, datetime, time, timedelta

import click

from app.cli.allowing import trail
from app.cli.root import fail, read_settings, say
from app.cli.stored import opened
from app.gateway.demo import making
from app.gateway.demo.crowd import processes_for
from app.gateway.demo.plan import Plan
from app.gateway.library import Library
from app.settings import Settings
from app.store.unit import Database

_TELL_EVERY = 5000


@click.command("demo-data", short_help="Simulated respondents, to try figures and exports on")
@click.option("--survey", help="Of this survey  [default: the one that IZWI_SURVEY names]")
@click.option("--respondents", type=click.IntRange(1, 1_000_000), default=1000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same people again")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day, in UTC  [default: yesterday]")
@click.option("--days", type=click.IntRange(1, 3650), default=120, show_default=True, help="How long it went on")
@click.option("--remove", is_flag=True, help="Remove all simulated respondents, and nobody else")
@click.option("--even-in-production", is_flag=True, help="Also where IZWI_PRODUCTION is set")
def demo_data(
    survey: str | None, respondents: int, seed: int, until: datetime | None, days: int, remove: bool,
    even_in_production: bool,
) -> None:  # fmt: skip
    """Add simulated respondents with answers that vary by province, sex and age; they drop out, refuse and come back.

    They are marked: their pseudonyms begin with `demo-`, and their channel is `demo`. None has a phone, as after the
    retention time, and nothing is sent to anybody. See docs/data.md.
    """
    settings = read_settings()
    if settings.production and not even_in_production and not remove:
        fail("IZWI_PRODUCTION is set: simulated answers would be mixed with real ones. --even-in-production does it.")
    with opened(settings) as database:
        if remove:
            _remove(settings, database)
            return
        last = until.date() if until else datetime.now(UTC).date() - timedelta(days=1)
        end = datetime.combine(last + timedelta(days=1), time(), UTC)
        _make(settings, database, Plan(survey or settings.survey, respondents, seed, end, days))


def _make(settings: Settings, database: Database, plan: Plan) -> None:
    library, processes = Library(database), processes_for(plan.respondents, os.cpu_count() or 1)
    library.refresh()
    _note(settings, database, f"{plan.survey}: {plan.respondents}, seed {plan.seed}")
    try:
        making.make(settings, database, library, plan, _Progress(plan.respondents), processes=processes)
    except making.CannotSimulate as error:
        fail(str(error))
    say(f"{plan.respondents:,} simulated respondents of {plan.survey} are there, of {plan.days} days.")
    say("\n  izwi demo-data --remove    removes them and nobody else")


def _remove(settings: Settings, database: Database) -> None:
    _note(settings, database, "remove")
    gone = making.remove(database, _Progress())
    say(f"{gone:,} simulated respondents were removed." if gone else "There are no simulated respondents.")


def _note(settings: Settings, database: Database, what: str) -> None:
    pen, now = trail(settings), datetime.now(UTC)
    database.write(lambda connection: pen.note(connection, "demo data", what[:128], at=now))


class _Progress:
    """Says now and then how far it got, to a person who waits."""

    def __init__(self, most: int | None = None) -> None:
        self._most, self._said = most, 0

    def __call__(self, count: int) -> None:
        if sys.stderr.isatty() and count - self._said >= _TELL_EVERY:
            self._said = count
            say(f"  {count:,}" + (f" of {self._most:,}" if self._most else ""), err=True)
