"""`izwi migrate`: tables and surveys made ready. Kept light: the first start waits for it."""

import click

from app.cli.root import fail, log_to_stderr, read_settings, say
from app.gateway import preparing
from app.store import keys, schema
from app.store.unit import Database


@click.command(short_help="Bring tables and surveys up to date")
@click.option("--quiet", is_flag=True, help="Say nothing when all goes well")
def migrate(quiet: bool) -> None:
    """Bring the database's tables up to date and publish new surveys. `izwi serve` does this by itself."""
    settings = read_settings()
    log_to_stderr(settings.log_level)
    keys.make_private(settings.data_dir)
    database = Database(settings.database)
    before = schema.current(database.engine)
    try:
        preparing.prepare(settings, database)
    except preparing.NotReady as error:
        fail(str(error))
    after = schema.current(database.engine)
    database.close()
    if not quiet:
        say(f"Up to date at {after}." if before == after else f"Brought from {before or 'nothing'} to {after}.")
