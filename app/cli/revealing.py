"""`izwi contacts reveal`: the number behind a pseudonym, for an officer who has to call; each look is noted."""

from datetime import UTC, datetime

import click

from app.cli.allowing import trail
from app.cli.root import read_settings, say
from app.cli.stored import loaded_keys, opened, refuse
from app.gateway import revealing
from app.gateway.refusals import NotPossible


@click.command(short_help="Show a number; the look is noted")
@click.argument("pseudonym")
@click.option("--reason", required=True, help="Why you need it, in a sentence; it stays in the trail")
def reveal(pseudonym: str, reason: str) -> None:
    """Show the phone number behind PSEUDONYM. Who looked, when and why is in `izwi audit list`, before the number is shown."""
    try:
        reason = revealing.checked(reason)
        settings = read_settings()
        keys, pen, now = loaded_keys(settings), trail(settings), datetime.now(UTC)
        with opened(settings) as database:
            found = revealing.reveal(database, keys, pseudonym, reason=reason, trail=pen, at=now)
    except NotPossible as error:
        refuse(str(error))
    say(found.e164)
