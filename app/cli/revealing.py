"""`izwi contacts reveal`: the number behind a pseudonym, for an officer who has to call; each look is noted."""

from datetime import UTC, datetime

import click
from sqlalchemy.engine import Connection

from app.cli.allowing import trail
from app.cli.root import read_settings, say
from app.cli.stored import loaded_keys, opened, refuse
from app.gateway.contacts.wishes import good_reason
from app.gateway.refusals import NotPossible
from app.store import contacts as stored
from app.values import Msisdn


@click.command(short_help="Show a number; the look is noted")
@click.argument("pseudonym")
@click.option("--reason", required=True, help="Why you need it, in a sentence; it stays in the trail")
def reveal(pseudonym: str, reason: str) -> None:
    """Show the phone number behind PSEUDONYM. Who looked, when and why is in `izwi audit list`, before the number is shown."""
    try:
        reason = good_reason(reason)
    except NotPossible as error:
        refuse(str(error))
    settings = read_settings()
    keys, pen, now = loaded_keys(settings), trail(settings), datetime.now(UTC)

    def look(connection: Connection) -> Msisdn | None:
        found = stored.behind(connection, keys, pseudonym)
        if found is not None:
            pen.note(connection, "contacts reveal", pseudonym, at=now, reason=reason)
        return found

    with opened(settings) as database:
        found = database.write(look)  # what is noted is stored before a figure of it is shown
        if found is None:
            known = database.read(lambda connection: stored.is_known(connection, pseudonym))
            refuse(
                "Whose this is was forgotten: the survey was closed long enough ago." if known
                else f"Nobody has the pseudonym {pseudonym}."
            )  # fmt: skip
    say(found.e164)
