"""`izwi retention`: how long things are kept, and what was removed because of it."""

import json

import click

from app.cli.root import read_settings, say
from app.cli.stored import local, opened
from app.reports.lines import moment
from app.store import retention as stored


@click.command(short_help="How long things are kept, and what was removed")
@click.option("--json", "as_json", is_flag=True, help="As JSON")
def retention(as_json: bool) -> None:
    """Show how long words and links are kept, and how many were removed so far. The worker removes them by itself."""
    settings = read_settings()
    with opened(settings) as database:
        found = database.read(stored.removed)
    if as_json:
        rules = {"words_days": settings.keep_words_days, "links_days": settings.keep_links_days}
        rows = [{"what": each.what, "rows": each.rows, "last_at": moment(each.last_at)} for each in found]
        say(json.dumps(rules | {"removed": rows}, indent=2))
        return
    say(f"Words of messages and turns are kept for {settings.keep_words_days:g} days. Answers stay.")
    say(f"Whose answers are whose is known until {settings.keep_links_days:g} days after a survey was retired.")
    for each in found:
        say(f"  removed {each.rows:>10,} {each.what:<10} last {local(each.last_at, settings)}")
    if not found:
        say("  Nothing was old enough to be removed yet.")
