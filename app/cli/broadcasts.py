"""`izwi broadcast …`: what coordinators send, from a draft to its end, and how it stands."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.cli.allowing import trail
from app.cli.messages import COUNT_AS_SENT, SEND_AGAIN, YES, decide_with, decision_of
from app.cli.root import fail, read_settings, say
from app.cli.stored import opened
from app.flows.review.tariff import BadTariff
from app.gateway.broadcasting import Broadcasting
from app.gateway.drafting import Draft
from app.gateway.library import Library
from app.gateway.planning import Plan, tariff_of, time_left
from app.gateway.refusals import NotPossible
from app.money import NotMoney, millionths, written
from app.settings import Settings
from app.store.query import BadSegment

_NAME = click.argument("name")
_JSON = click.option("--json", "as_json", is_flag=True, help="For programs")
_WATCH_SECONDS = 2.0


@click.group(short_help="Send a survey or a message to many phones")
def broadcast() -> None:
    """Send a survey or a message to an audience: draft, plan, start, watch, pause, resume, cancel, remind.

    Nothing is sent before `start`, nothing outside of its hours, nothing to who said STOP, and nothing twice.
    """


@contextmanager
def _broadcasting() -> Iterator[tuple[Broadcasting, Settings]]:
    """What a command works with; what cannot be done is said in a sentence."""
    settings = read_settings()
    with opened(settings) as database:
        try:
            tariff = tariff_of(settings)
        except BadTariff as error:
            fail(f"The tariff {settings.tariff} cannot be used: {error}.", code=2)
        library = Library(database)
        library.refresh()
        try:
            yield Broadcasting(settings, database, library, tariff), settings
        except (NotPossible, BadSegment) as error:
            fail(str(error))


def _texts(_: click.Context, __: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for value in values:
        locale, sign, text = value.partition("=")
        if not sign or not locale.strip() or not text.strip():
            raise click.BadParameter("write it as language=text, e.g. --text 'en=Please dial *384*77#.'")
        texts[locale.strip()] = text.strip()
    return texts


def _days(_: click.Context, __: click.Parameter, values: Sequence[str]) -> tuple[date, ...]:
    try:
        return tuple(date.fromisoformat(value) for value in values)
    except ValueError:
        raise click.BadParameter("write dates like 2026-12-25") from None


@broadcast.command(short_help="Write a draft")
@_NAME
@click.option("--survey", help="Survey to ask")
@click.option(
    "--mode", type=click.Choice(["invitation", "conversation", "message"]), default="invitation", show_default=True,
    help="invitation: an SMS with the code to dial; conversation: the first question as an SMS; message: a text, no survey",
)  # fmt: skip
@click.option(
    "--to",
    "audience",
    default="",
    help="Who gets it, e.g. 'province = Masvingo' or a segment's name  [default: everybody]",
)
@click.option(
    "--text",
    "texts",
    multiple=True,
    callback=_texts,
    metavar="LANG=TEXT",
    help="A text in a language; the first is for the rest",
)
@click.option("--channel", default="", help="Channel to send over  [default: by operator]")
@click.option(
    "--start",
    "starts",
    type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]),
    help="When to begin  [default: at once]",
)
@click.option(
    "--end", "ends", type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]), help="When to send nothing more"
)
@click.option("--hours", default="08:00-19:00", show_default=True, help="Hours of the day in which it may send")
@click.option("--at-night", is_flag=True, help="The hours reach into the night, and that is meant")
@click.option("--weekdays", default="1234567", show_default=True, help="Days on which it may send; 1 is Monday")
@click.option(
    "--holiday", "holidays", multiple=True, callback=_days, metavar="DATE", help="A day on which it may not send"
)
@click.option(
    "--expiry",
    "expiry_hours",
    type=float,
    default=24,
    show_default=True,
    help="Hours after which a message that could not be sent is given up",
)
@click.option("--per-minute", type=click.IntRange(1), help="At most so many messages a minute")
@click.option("--budget", help="Most that it may cost, in the tariff's currency, e.g. 250.00")
@click.option(
    "--remind", "remind_most", type=click.IntRange(0, 5), default=0, show_default=True, help="Most reminders to each"
)
@click.option(
    "--remind-after",
    "remind_days",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Days of silence before one",
)
@click.option(
    "--remind-text", "remind_texts", multiple=True, callback=_texts, metavar="LANG=TEXT", help="What a reminder says"
)
@click.option(
    "--rest",
    "rest_days",
    type=click.IntRange(0),
    default=30,
    show_default=True,
    help="Leave out who was asked in so many days",
)
def new(starts: datetime | None, ends: datetime | None, budget: str | None, **wish: Any) -> None:
    """Write a draft of a broadcast. Nothing is sent; `izwi broadcast plan NAME` shows what it would do."""
    with _broadcasting() as (broadcasting, settings):
        zone, now = ZoneInfo(settings.zone), datetime.now(UTC)
        made = Draft(
            **wish,
            starts_at=starts.replace(tzinfo=zone).astimezone(UTC) if starts else None,
            ends_at=ends.replace(tzinfo=zone).astimezone(UTC) if ends else None,
            budget=_money(budget) if budget else None,
        )
        which = broadcasting.draft(made, now)
    say(f"The draft {which.name!r} is stored; nothing is sent.\n")
    say(f"  izwi broadcast plan {which.name}    shows who would get it, and what it costs")


def _money(text: str) -> int:
    try:
        return millionths(text.strip(), text.strip()[:3] if text.strip()[:3].isalpha() else "")
    except NotMoney:
        fail(f"{text!r} is no amount of money; write it like 250.00.", code=2)
        raise


@broadcast.command(short_help="Show who would get it, and what it costs")
@_NAME
@_JSON
def plan(name: str, as_json: bool) -> None:
    """Show what a broadcast would do if it started now: people, messages, segments, cost. Nothing is sent."""
    with _broadcasting() as (broadcasting, settings):
        made = broadcasting.plan(name, datetime.now(UTC), trail(settings))
    if as_json:
        say(json.dumps(made.as_json(), indent=2, ensure_ascii=False))
        return
    _show_plan(name, made)


def _show_plan(name: str, made: Plan) -> None:
    say(f"{made.people:,} people in the audience, {made.messages:,} of them get a message ({made.segments:,} parts).")
    for why, count in sorted(made.left_out.items()):
        say(f"  {count:>10,} left out: {_WHY.get(why, why)}")
    if made.waiting:
        say(f"  {made.waiting:>10,} answer another survey now; theirs waits until they have finished")
    for locale, text in made.texts.items():
        say(f"\nIn {locale}, to {text.people:,} people: {text.segments} part(s), {text.units} of {text.encoding}")
        say("\n".join(f"  | {line}" for line in text.text.splitlines()))
    say()
    for operator, share in made.operators.items():
        price = "no price" if share.price is None else f"{written(share.price, made.currency)} a part"
        cost = written(share.cost, made.currency)
        say(
            f"  {operator or 'unknown operator':18} {share.people:>10,} people {share.segments:>10,} parts  {price}  {cost}"
        )
    say(f"\nCost: {written(made.cost, made.currency)}" + (
        f", with all reminders at most {written(made.most, made.currency)}" if made.most > made.cost else ""
    ))  # fmt: skip
    for each in made.warnings:
        say(f"Mind: {each}")
    for each in made.faults:
        say(f"Wrong: {each}")
    say("\nIt cannot start before that is mended." if made.faults else f"\n  izwi broadcast start {name}    sends it")


_WHY = {
    "stopped": "they asked for silence",
    "answering": "they are answering this survey already",
    "asked_lately": "they were asked a short while ago",
    "too_late": "its end time came first",
    "cancelled": "it was cancelled first",
    "answered": "they have answered",
    "waiting": "still to be written to",
    "written": "written to",
    "ended": "done",
}


@broadcast.command(short_help="Send it")
@_NAME
@click.option("--yes", is_flag=True, help="Do not ask")
def start(name: str, yes: bool) -> None:
    """Start a broadcast that was planned, now or at its start time. A running worker takes it up within seconds."""
    with _broadcasting() as (broadcasting, settings):
        now = datetime.now(UTC)
        which = broadcasting.find(name)
        if not yes and which.plan is not None:
            plan = which.plan
            cost = written(plan["cost"], plan["currency"])
            click.confirm(f"{plan['messages']:,} messages, {cost}. Send {name!r}?", abort=True)
        which = broadcasting.start(name, now, trail(settings))
        when = which.starts_at.astimezone(ZoneInfo(settings.zone)) if which.starts_at else None
    if which.state == "scheduled" and when:
        say(f"{name!r} starts on {when:%d %B %Y at %H:%M}.")
    else:
        say(f"{name!r} runs.")
    say(f"\n  izwi broadcast status {name} --watch    shows how it goes\n  izwi broadcast pause {name}    holds it")


@broadcast.command(short_help="Hold it")
@_NAME
def pause(name: str) -> None:
    """Hold a broadcast; takes effect within two seconds. What a provider was given already is sent."""
    with _broadcasting() as (broadcasting, settings):
        broadcasting.pause(name, datetime.now(UTC), trail(settings))
    say(f"{name!r} is paused.\n\n  izwi broadcast resume {name}    goes on where it was")


@broadcast.command(short_help="Go on")
@_NAME
@click.option("--budget", help="A new budget, e.g. 300.00")
def resume(name: str, budget: str | None) -> None:
    """Go on with a paused broadcast where it was."""
    with _broadcasting() as (broadcasting, settings):
        if budget:
            broadcasting.raise_budget(name, _money(budget), datetime.now(UTC), trail(settings))
        broadcasting.resume(name, datetime.now(UTC), trail(settings))
    say(f"{name!r} goes on.")


@broadcast.command(short_help="End it for good")
@_NAME
@click.option("--yes", is_flag=True, help="Do not ask")
def cancel(name: str, yes: bool) -> None:
    """End a broadcast for good. What was sent stays sent; what was not is withdrawn."""
    with _broadcasting() as (broadcasting, settings):
        broadcasting.find(name)
        if not yes:
            click.confirm(f"{name!r} cannot be started again after this. Cancel it?", abort=True)
        broadcasting.cancel(name, datetime.now(UTC), trail(settings))
    say(f"{name!r} is cancelled.\n\n  izwi broadcast status {name}    shows what was sent")


@broadcast.command(short_help="Remind those who have not answered")
@_NAME
def remind(name: str) -> None:
    """Remind now those who never began or stopped half-way. Who answered, who said STOP or who got all reminders gets none."""
    with _broadcasting() as (broadcasting, settings):
        count = broadcasting.remind(name, datetime.now(UTC), trail(settings))
    say(f"{count:,} people are looked at; those who have not answered are reminded in the broadcast's hours.")


@broadcast.command(short_help="Messages of which nobody knows whether they were sent")
@_NAME
@COUNT_AS_SENT
@SEND_AGAIN
@YES
def unknown(name: str, sent: bool, again: bool, yes: bool) -> None:
    """Show how many messages are of unknown outcome, since when and why; decide what becomes of them.

    The provider took the request and never said what came of it, so Izwi neither counts them as sent nor sends them again.
    """
    with _broadcasting() as (broadcasting, settings):
        decide_with(
            settings, broadcasting.unknown(name), decision_of(sent, again), yes, f"izwi broadcast unknown {name}",
            lambda decision: broadcasting.decide_unknown(name, decision, datetime.now(UTC), trail(settings)),
        )  # fmt: skip


@broadcast.command(short_help="How it goes")
@_NAME
@_JSON
@click.option("--watch", is_flag=True, help="Look again every two seconds until it is over")
def status(name: str, as_json: bool, watch: bool) -> None:
    """Show how a broadcast stands: people, messages, cost, what went wrong, time left."""
    with _broadcasting() as (broadcasting, _):
        before: tuple[float, int] | None = None
        while True:
            now = datetime.now(UTC)
            standing = broadcasting.status(name, now)
            gone = sum(n for what, n in standing["messages"].items() if what != "waiting")
            rate = (gone - before[1]) / (time.monotonic() - before[0]) if before else 0.0
            before = time.monotonic(), gone
            say(json.dumps(standing) if as_json else _line(standing, rate, watch=watch))
            if not watch or standing["state"] not in {"scheduled", "running", "paused"}:
                return
            time.sleep(_WATCH_SECONDS)


def _line(standing: dict[str, Any], rate: float, *, watch: bool) -> str:
    """One line while it is watched, all of it otherwise."""
    people, messages = standing["people"], standing["messages"]
    cost = written(standing["spent"], standing["currency"])
    if watch:
        left = time_left(standing["left"], rate)
        parts = [
            standing["state"] + (" (rests outside of its hours)" if standing["resting"] else ""),
            f"{messages.get('sent', 0) + messages.get('delivered', 0):,} sent",
            f"{messages.get('delivered', 0):,} delivered",
            f"{standing['left']:,} left", f"{rate:,.0f}/s", f"{cost} so far",
            *([f"about {left} left"] if left else []),
            *(f"{n:,} {what}" for what, n in sorted(messages.items()) if what in {"failed", "unknown"}),
            *([standing["reason"]] if standing["reason"] else []),
        ]  # fmt: skip
        return ", ".join(parts)
    lines = [f"{standing['name']}: {standing['state']}" + (f" ({standing['reason']})" if standing["reason"] else "")]
    lines += [f"  people     {n:>10,} {_WHY.get(what, what)}" for what, n in sorted(people.items())]
    lines += [f"  messages   {n:>10,} {what}" for what, n in sorted(messages.items())]
    lines += [f"  trouble    {n:>10,} {what}" for what, n in sorted(standing["trouble"].items())]
    if standing["stopped_since"]:
        lines.append(f"  said STOP  {standing['stopped_since']:>10,} since it started; nothing more is sent to them")
    budget = f" of {written(standing['budget'], standing['currency'])}" if standing["budget"] else ""
    lines.append(f"  cost       {cost}{budget}, messages under way among it")
    if messages.get("unknown"):
        lines.append(
            "  `unknown` ones may have been sent: the provider never said, so they are not sent again by themselves\n"
            f"  `izwi broadcast unknown {standing['name']}` shows what can be decided"
        )
    return "\n".join(lines)


@broadcast.command("list", short_help="All broadcasts")
def list_() -> None:
    """Show all broadcasts and how each stands."""
    with _broadcasting() as (broadcasting, _):
        now = datetime.now(UTC)
        for name in broadcasting.names():
            standing = broadcasting.status(name, now)
            say(f"{name:24} {standing['state']:10} {standing['left']:>10,} left  {standing['reason']}")
