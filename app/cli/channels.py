"""`izwi channels …`: what each channel is doing, and the holding of one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from app.cli.allowing import trail
from app.cli.root import fail, read_settings, say
from app.cli.stored import local, opened
from app.gateway.channels import Channels
from app.gateway.refusals import NotPossible
from app.settings import Settings

_NAME = click.argument("name")
_JSON = click.option("--json", "as_json", is_flag=True, help="For programs")


@click.group(short_help="What each channel is doing; pause one")
def channels() -> None:
    """Show what each channel to a provider is doing, and pause one or let it send again.

    An outage needs nobody: Izwi tries again by itself, and what waits goes out then.
    """


@contextmanager
def _channels() -> Iterator[tuple[Channels, Settings]]:
    settings = read_settings()
    with opened(settings) as database:
        try:
            yield Channels(settings, database), settings
        except NotPossible as error:
            fail(str(error))


@channels.command("list", short_help="What each is doing")
@_JSON
def list_(as_json: bool) -> None:
    """Show each channel: what it is doing, when it is tried again, how fast it sends, how many messages wait."""
    with _channels() as (known, _):
        found = known.every(datetime.now(UTC))
    if as_json:
        say(json.dumps([_plain(each) for each in found], indent=2))
        return
    for each in found:
        say(f"{each.name}: {each.words}")
        limit = f" (at most {each.per_second:g} a second)" if each.per_second else ""
        say(f"  {each.waiting:,} messages wait, {each.last_minute:,} went out in the last minute{limit}")
    if not found:
        say("There is no channel yet: `izwi serve` adds those of the settings.")


@channels.command(short_help="Pause it")
@_NAME
def hold(name: str) -> None:
    """Send nothing over a channel until it is released. What comes in is still answered on USSD; texts wait."""
    with _channels() as (known, settings):
        known.hold(name, trail(settings), datetime.now(UTC))
    say(f"{name} is paused.\n\n  izwi channels release {name}    lets it send")


@channels.command(short_help="Let it send again")
@_NAME
def release(name: str) -> None:
    """Let a channel send again; one that was waiting for its next try is tried at once, e.g. when you have paid."""
    with _channels() as (known, settings):
        found = known.release(name, trail(settings), datetime.now(UTC))
    say(f"{name} is released; {found.waiting:,} messages wait to go over it.")


@channels.command(short_help="Its last exchanges with the provider")
@_NAME
@click.option("--count", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many")
@_JSON
def log(name: str, count: int, as_json: bool) -> None:
    """Show the last exchanges with a channel's provider, the newest first: no numbers, no texts, no keys."""
    with _channels() as (known, settings):
        found = known.log(name, count=count, at=datetime.now(UTC))
    if as_json:
        say(json.dumps([_plain(each) for each in found], indent=2))
        return
    for each in found:
        outcomes = ", ".join(f"{number:,} {words}" for words, number in each.outcomes.items())
        say(f"{local(each.at, settings)}  {each.messages:>6,} {each.what:8} {each.took_ms:>6,} ms  {outcomes}")
    if not found:
        say(f"Nothing was sent over {name} yet.")


def _plain(thing: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(thing).items()}
