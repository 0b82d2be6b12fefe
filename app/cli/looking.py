"""`izwi hooks` and `izwi status`: what to tell the provider, and how things stand."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from app.cli.root import fail, read_settings, say
from app.gateway import hooking
from app.gateway.channels import Channels
from app.store import airtime, answers, broadcasts, channels, keys, outbox, runs, schema, tallies
from app.store.unit import Database


@click.command(short_help="Addresses for the provider's dashboard")
@click.option("--json", "as_json", is_flag=True, help="For programs")
@click.option("--rotate", is_flag=True, help="Make a new secret; the present one stays valid until --retire")
@click.option("--retire", is_flag=True, help="Let only the newest secret be valid")
@click.option("--channel", "only", metavar="NAME", help="Only this channel  [default: all]")
def hooks(as_json: bool, rotate: bool, retire: bool, only: str | None) -> None:
    """Show the addresses to paste into the provider's dashboard. Each holds a secret: show them to nobody else."""
    settings = read_settings()
    lines = {name: line for name, line in settings.lines.items() if only in {None, name}}
    if not lines:
        fail(f"There is no channel {only}. There are: {', '.join(settings.lines)}.")
    if rotate or retire:
        keys.load(settings.data_dir, tuple(lines))
        for name in lines:
            (keys.rotate_hook if rotate else keys.retire_hook)(settings.data_dir, name)
        say("Restart Izwi to use it." if rotate else "Only the newest secret is valid after a restart.", err=True)
    shown = [each for each in hooking.addresses(settings) if each.name in lines]
    if as_json:
        say(json.dumps({"channels": [asdict(each) for each in shown]}, indent=2))
        return
    for each in shown:
        say(f"Channel {each.name} ({each.valid_secrets} valid secret(s))")
        for hook, address in each.hooks.items():
            say(f"  {hook:13} {address}")
    if not settings.public_url:
        say("\nThese are addresses on this machine. Set IZWI_PUBLIC_URL to show how the provider reaches it.")


@click.command(short_help="Runs, answers, messages, and what waits")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def status(as_json: bool) -> None:
    """Show runs, answers and messages, and what waits."""
    settings = read_settings()
    database = Database(settings.database)
    if schema.current(database.engine) is None:
        fail("There is no database yet: `izwi serve` or `izwi migrate` makes it.")
    now = datetime.now(UTC)

    def look(connection: Any) -> dict[str, Any]:
        oldest = outbox.oldest_waiting(connection)
        return {
            "runs": runs.counts(connection),
            "answers": answers.count(connection),
            "messages": outbox.counts(connection),
            "airtime": airtime.counts(connection),
            "messages_by_channel": {name: {} for name in settings.lines} | channels.messages(connection),
            "oldest_waiting_seconds": round((now - oldest).total_seconds()) if oldest else None,
            "broadcasts": [_standing(connection, each) for each in broadcasts.every(connection, *_UNDER_WAY)],
        }

    found = database.read(look)
    found["channels"] = {
        each.name: each.words for each in Channels(settings, database).every(now) if each.needs_somebody
    }
    database.close()
    if as_json:
        say(json.dumps(found, indent=2))
        return
    _show(found)


_UNDER_WAY = ("scheduled", "running", "paused")


def _show(found: dict[str, Any]) -> None:
    say("runs      " + _listed(found["runs"]))
    say(f"answers   {found['answers']}")
    say("messages  " + _listed(found["messages"]))
    if len(found["messages_by_channel"]) > 1:
        for name, counts in found["messages_by_channel"].items():
            say(f"  {name:20} {_listed(counts)}")
    if found["oldest_waiting_seconds"] is not None:
        say(f"          the oldest waits for {found['oldest_waiting_seconds']} s")
    if found["airtime"]:
        say("airtime   " + _listed(found["airtime"]))
    if found["messages"].get("unknown"):
        say(
            "          `unknown` ones may have been sent: the provider never said. You can decide what becomes of them:"
        )
        say("          `izwi broadcast unknown NAME`, `izwi messages unknown`")
    for name, words in found["channels"].items():
        say(f"channel   {name}: {words}")
    for each in found["broadcasts"]:
        reason = f" ({each['reason']})" if each["reason"] else ""
        say(f"broadcast {each['name']}: {each['state']}{reason}, {each['left']:,} left")


def _standing(connection: Any, which: broadcasts.Broadcast) -> dict[str, Any]:
    counts = tallies.of(connection, which.id)
    left = counts.get("people:waiting", 0) + counts.get("messages:waiting", 0)
    return {"name": which.name, "state": which.state, "reason": which.reason, "left": left}


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none"
