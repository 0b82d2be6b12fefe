"""tmp"""

import click


@click.group(short_help="tmp")
def report() -> None:
    """Tmp."""
