"""`izwi messages unknown`, and what `izwi broadcast unknown` shares with it: the outcome that only a person can decide."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import click

from app.cli.allowing import trail
from app.cli.root import fail, read_settings, say
from app.cli.stored import local, opened
from app.gateway import deciding
from app.gateway.deciding import Decided, Decision
from app.settings import Settings
from app.store.unknowns import Unknown

COUNT_AS_SENT = click.option("--count-as-sent", "sent", is_flag=True, help="They count as sent from now on")
SEND_AGAIN = click.option("--send-again", "again", is_flag=True, help="They are sent again; some may arrive twice")
YES = click.option("--yes", is_flag=True, help="Do not ask")


@click.group(short_help="Messages whose outcome nobody knows")
def messages() -> None:
    """Decide what becomes of messages of conversations whose outcome nobody knows."""


@messages.command(short_help="Replies of which nobody knows whether they were sent")
@COUNT_AS_SENT
@SEND_AGAIN
@YES
def unknown(sent: bool, again: bool, yes: bool) -> None:
    """Show how many replies are of unknown outcome, since when and why; decide what becomes of them.

    The provider took the request and never said what came of it. Those of broadcasts: `izwi broadcast unknown NAME`.
    """
    settings = read_settings()
    with opened(settings) as database:
        found = deciding.look(database, None)
        decide_with(
            settings, found, decision_of(sent, again), yes, "izwi messages unknown",
            lambda decision: deciding.decide(settings, database, None, decision, datetime.now(UTC), trail(settings)),
        )  # fmt: skip


def decision_of(sent: bool, again: bool) -> Decision | None:
    """What was decided, if anything was."""
    if sent and again:
        fail("Choose one: --count-as-sent or --send-again.", code=2)
    return Decision.SENT if sent else Decision.AGAIN if again else None


def decide_with(
    settings: Settings,
    found: Sequence[Unknown],
    decision: Decision | None,
    yes: bool,
    command: str,
    decide: Callable[[Decision], Decided],
) -> None:
    """Show what is of unknown outcome; then do what was decided, or say what can be."""
    count = sum(each.count for each in found)
    if not count:
        say("No message is of unknown outcome.")
        return
    are, them = ("message is", "it") if count == 1 else ("messages are", "them")
    say(f"{count:,} {are} of unknown outcome: the provider never said whether it sent {them}.")
    for each in found:
        say(f"  {each.count:>10,} since {local(each.since, settings)}: {each.reason or 'no reason is known'}")
    if decision is None:
        say(
            "\nA delivery report may still come. Izwi never sends them again by itself. You can decide:\n\n"
            f"  {command} --count-as-sent    they count as sent; one that never went is lost\n"
            f"  {command} --send-again       they are sent again; one that went already arrives twice, and is paid twice"
        )
        return
    if decision is Decision.AGAIN and not yes:
        click.confirm("\nSome of them may have arrived: they arrive twice and are paid twice. Send again?", abort=True)
    decided = decide(decision)
    did = "count as sent now" if decision is Decision.SENT else "wait to be sent again"
    say(f"\n{decided.count:,} {did}.")
    if decided.stay:
        say(
            f"{decided.stay:,} stay as they are: these phones asked for silence, were written to since, or began the survey."
        )
