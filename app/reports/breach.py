"""The report of a breach, as Markdown: what section 19 of the Cyber and Data Protection Act asks for, as far as Izwi knows it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from app.reports.tables import TO_FILL_IN, cell, table, when
from app.settings import Settings
from app.store import audit, holdings
from app.store.audit import Entry, Verdict
from app.store.holdings import OfSurvey
from app.store.keys import Keys

_WITHIN = timedelta(hours=24)
_MOST_ROWS = 200


class Noticed(NamedTuple):
    """What a person says of a breach: when it was noticed, what happened, and the span in which it may have begun."""

    at: datetime
    what: str
    begin: datetime
    end: datetime


class Held(NamedTuple):
    """What the database says of it."""

    counts: Mapping[str, int]
    surveys: Sequence[OfSurvey]
    sealed: Mapping[int, int]
    done: Sequence[Entry]
    trail: Verdict


def look(connection: Connection, keys: Keys, noticed: Noticed) -> Held:
    """Read all of it at one moment."""
    return Held(
        holdings.counts(connection), holdings.by_survey(connection), holdings.sealed(connection),
        audit.every(connection, since=noticed.begin, until=noticed.end), audit.verify(connection, keys.trail),
    )  # fmt: skip


def write(settings: Settings, keys: Keys, noticed: Noticed, held: Held, now: datetime) -> str:
    """Write the report."""
    zone = ZoneInfo(settings.zone)
    parts = (
        _head(settings, noticed, now, zone), _data(held), _safeguards(settings, keys, held), _done(noticed, held, zone),
        _rest(),
    )  # fmt: skip
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(settings: Settings, noticed: Noticed, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    deadline = noticed.at + _WITHIN
    left = deadline - now
    hours = abs(left) // timedelta(hours=1)
    yield f"# Breach of data, noticed {when(noticed.at, zone)}\n"
    yield "Notification under section 19 of the Cyber and Data Protection Act [Chapter 12:07]: the Authority (POTRAZ) is"
    yield "to be told within 24 hours.\n"
    yield from table(
        ("", ""),
        (
            ("controller", settings.controller or TO_FILL_IN),
            ("noticed", when(noticed.at, zone)),
            (
                "**to be notified by**",
                f"**{when(deadline, zone)}** ({settings.zone})"
                + (f", {hours} whole hours from now" if left > timedelta() else ": THIS TIME IS OVER, notify at once"),
            ),
            ("may have begun between", f"{when(noticed.begin, zone)} and {when(noticed.end, zone)}"),
            ("this report was made", when(now, zone)),
        ),
    )
    yield f"\n## What happened\n\n{cell(noticed.what)}"


def _data(held: Held) -> Iterator[str]:
    yield "\n## What is held here\n\nAll that was in reach of whoever had this database, at the most:\n"
    yield from table(("what", "how many"), [(name, f"{count:,}") for name, count in held.counts.items()])
    yield "\n## Which surveys\n"
    rows = [
        (each.survey, f"{each.respondents:,}", f"{each.linked:,}", f"{each.answers:,}")
        for each in held.surveys
    ]  # fmt: skip
    yield from table(("survey", "respondents", "whose phone is known", "answers"), rows)


def _safeguards(settings: Settings, keys: Keys, held: Held) -> Iterator[str]:
    older = sum(count for key, count in held.sealed.items() if key != keys.current)
    yield "\n## What protects them\n"
    yield "- Phone numbers are encrypted (AES-256-GCM) and found by a keyed hash. The keys are in `keys.json`, outside of the"
    yield "  database and its dumps: who has the database only can read no number and find none by trying them all. **Was"
    yield f"  `keys.json` in reach as well?** {TO_FILL_IN}"
    yield f"- {len(keys.seals)} key(s) are valid, the newest is number {keys.current}; {older:,} numbers are still sealed"
    yield "  with an older one. `izwi keys rotate` begins a new one."
    yield "- Answers are under pseudonyms. Whose they are is known where the table above says so, until"
    yield f"  {settings.keep_links_days:g} days after a survey was retired."
    yield f"- The words of messages and sessions are removed after {settings.keep_words_days:g} days."


def _done(noticed: Noticed, held: Held, zone: ZoneInfo) -> Iterator[str]:
    yield f"\n## What was done between {when(noticed.begin, zone)} and {when(noticed.end, zone)}\n"
    if held.trail.broken is None:
        head = f" Its head: `{held.trail.head}`" if held.trail.rows else ""
        yield f"The trail holds: {held.trail.rows:,} rows, none of them changed, removed or put in.{head}\n"
    else:
        yield f"**The trail was tampered with: row {held.trail.broken} {held.trail.what}.**\n"
    shown = held.done[-_MOST_ROWS:]
    if len(shown) < len(held.done):
        yield f"The last {len(shown)} of {len(held.done):,} rows; `izwi audit list` has all.\n"
    rows = [(str(each.number), when(each.at, zone), each.actor, each.role, each.action, each.subject) for each in shown]
    if rows:
        yield from table(("row", "when", "who", "role", "what", "of what"), rows)
    else:
        yield "Nothing that the trail notes: no look at a number, no export, no erasure."


def _rest() -> Iterator[str]:
    yield "\n## To be filled in by a person\n"
    for each in (
        "How it happened, and how it was noticed",
        "Which of the data above were really in reach, and for how long",
        "Whether `keys.json`, a backup or an export was among them",
        "What is likely to follow for the people concerned; some may be in danger if it is known that they answered",
        "What was done since: keys rotated, tokens removed, hooks renewed, devices locked",
        "Whether and how the people concerned are told, without telling others on their phones",
        "Name, telephone and address of the data protection officer",
        "When and by whom the Authority was notified",
    ):
        yield f"- [ ] {each}: {TO_FILL_IN}"
