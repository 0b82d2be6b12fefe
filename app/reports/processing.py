"""The record of processing, as Markdown: what sections 20 and 21 of the Cyber and Data Protection Act ask for beforehand."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from app.flows.flow import Flow
from app.flows.reading.compile import compile_form
from app.flows.reading.load import Form
from app.reports.tables import TO_FILL_IN, cell, table, when
from app.settings import LineSettings, Settings
from app.store import attributes, holdings
from app.store import surveys as stored
from app.store.attributes import Attribute
from app.store.keys import Keys
from app.store.unit import Database
from app.values import VersionStatus

_AGREED = {
    "take_part": "to answer the survey",
    "contact_again": "to be asked again another time",
    "story": "to have her words published without her name",
    "story_named": "to have her words published with her name",
    "results": "to be told what came of it",
}
# A question that nobody is asked holds nothing of anybody but what others said.
_UNASKED = {"note", "calculate", "hidden", "metadata"}


class Survey(NamedTuple):
    """A survey that asks people, and which of its questions are marked as sensitive."""

    flow: Flow
    sensitive: frozenset[str]
    since: datetime | None


def told(settings: Settings, database: Database, keys: Keys, now: datetime) -> str:
    """The record as things stand now."""
    asked = _asked(database)
    known, agreed = database.read(lambda connection: (attributes.every(connection), holdings.purposes(connection)))
    return write(settings, keys, asked, known, agreed, now)


def _asked(database: Database) -> list[Survey]:
    """The surveys that people are asked, or were."""
    every = database.read(stored.every)
    newest = {each.survey: each for each in every if each.status is not VersionStatus.DRAFT}
    newest |= {each.survey: each for each in every if each.status is VersionStatus.PUBLISHED}
    found = []
    for _, each in sorted(newest.items()):
        flow = compile_form(Form(database.read(partial(stored.xform, version_id=each.id)).encode(), {}, ()))
        sensitive = frozenset(question.name for question in flow.questions if question.sensitive)
        found.append(Survey(flow, sensitive, each.published_at))
    return found


def write(
    settings: Settings,
    keys: Keys,
    surveys: Sequence[Survey],
    attributes: Sequence[Attribute],
    purposes: Sequence[tuple[str, int]],
    now: datetime,
) -> str:
    """Write the record."""
    zone = ZoneInfo(settings.zone)
    parts = (
        _head(settings, now, zone), _purposes(surveys, purposes, zone), _categories(surveys, attributes),
        _recipients(settings), _retention(settings), _safeguards(keys),
    )  # fmt: skip
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(settings: Settings, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    yield "# Record of processing\n"
    yield "Sections 20 and 21 of the Cyber and Data Protection Act [Chapter 12:07]: the Authority (POTRAZ) is notified before"
    yield "automated processing begins, and of changes.\n"
    yield from table(
        ("", ""),
        (
            ("controller, name and address", cell(settings.controller) or TO_FILL_IN),
            ("data protection officer", TO_FILL_IN),
            ("licence of the controller", TO_FILL_IN),
            ("as of", when(now, zone)),
        ),
    )


def _purposes(surveys: Sequence[Survey], agreed: Sequence[tuple[str, int]], zone: ZoneInfo) -> Iterator[str]:
    yield "\n## Purposes\n"
    rows = [
        (
            each.flow.id, cell(each.flow.title), when(each.since, zone) if each.since else "",
            ", ".join(sorted({_AGREED.get(q.consent, q.consent) for q in each.flow.questions if q.consent})) or "**nothing**",
        )
        for each in surveys
    ]  # fmt: skip
    yield from table(("survey", "title", "asked since", "asks for consent"), rows)
    yield "\nConsent is the ground of processing; it is kept with its words, language, channel and time, and is taken back"
    yield "free of charge by STOP, WITHDRAW or DELETE. Consents that stand now:\n"
    yield from table(("agreed", "how many"), [(_AGREED.get(name, name), f"{count:,}") for name, count in agreed])


def _categories(surveys: Sequence[Survey], attributes: Sequence[Attribute]) -> Iterator[str]:
    yield "\n## Categories of data and of people\n"
    yield "Of every phone: its number (encrypted), operator, language, when it was asked and whether it asked for silence."
    yield "Of every message and session: time, channel, and for a while the words."
    named = ", ".join(f"{cell(each.name)} ({each.kind})" for each in attributes)
    yield f"Of phones from lists: {named or 'nothing more'}."
    for each in surveys:
        yield f"\n### {each.flow.id}: respondents' answers\n"
        kinds: dict[str, list[str]] = {}
        for question in each.flow.questions[: each.flow.asked]:
            if question.kind.name not in _UNASKED:
                mark = " **(sensitive)**" if question.name in each.sensitive else ""
                kinds.setdefault(question.kind.name, []).append(f"`{question.name}`{mark}")
        yield from table(("kind of answer", "questions"), [(kind, ", ".join(names)) for kind, names in kinds.items()])
        if not each.sensitive:
            yield "\nNo question is marked as sensitive (`bind::izwi:sensitive`); by law sex, age and health are (section 3)."
            yield f"Those that are: {TO_FILL_IN}"


def _recipients(settings: Settings) -> Iterator[str]:
    yield "\n## Recipients, processors and transfers\n"
    yield from table(
        ("channel", "processor", "what it gets", "written contract", "where it processes"),
        [_line(name, line) for name, line in settings.lines.items()],
    )
    if settings.targets:
        rows = [
            (name, urlsplit(each.url).hostname or "", f"pseudonymous records of {', '.join(each.surveys) or 'no survey'}",
             TO_FILL_IN, TO_FILL_IN)
            for name, each in settings.targets.items()
        ]  # fmt: skip
        yield "\nRecords are pushed to other projects:\n"
        yield from table(("project", "server", "what it gets", "written contract", "where it processes"), rows)
    where = "on this machine" if settings.database.startswith("sqlite") else f"on a PostgreSQL server: {TO_FILL_IN}"
    yield f"\nThe database is {where}. Mobile operators carry what is sent, and can read it: neither SMS nor USSD is secret."
    yield f"Others who receive answers or figures, and where they are (sections 28 and 29): {TO_FILL_IN}"


def _line(name: str, line: LineSettings) -> tuple[str, ...]:
    if line.provider == "simulated":
        return (name, "none: it is simulated", "nothing leaves this machine", "not needed", "here")
    gets = "phone numbers, and the words of messages and sessions"
    return (name, "Africa's Talking", gets, TO_FILL_IN, TO_FILL_IN)


def _retention(settings: Settings) -> Iterator[str]:
    yield "\n## How long it is kept\n"
    yield f"- The words of messages and sessions: {settings.keep_words_days:g} days."
    yield f"- Whose answers are whose: until {settings.keep_links_days:g} days after the survey was retired."
    yield "- Answers, under pseudonyms: until they are withdrawn or erased, or the database is destroyed:"
    yield f"  {TO_FILL_IN}"
    yield "- At DELETE, or an officer's erasure: all of a phone at once, but for a receipt without anything of a person."


def _safeguards(keys: Keys) -> Iterator[str]:
    yield "\n## Safeguards\n"
    yield "- Phone numbers are encrypted (AES-256-GCM), apart from the answers; exports carry pseudonyms."
    yield "- The keys are in a file outside of the database and its dumps;"
    yield f"  {len(keys.seals)} valid now, the newest is number {keys.current}."
    yield "- Roles: each person and program may do what the role of its token says, and no more."
    yield "- A trail of who looked at a number, exported, erased or sent, chained so that a change shows."
    yield "- Sensitive questions are marked; a check before publishing says where one would stay on a phone."
    yield f"- Of the building, the machines and the people: {TO_FILL_IN}"
