"""What somebody asks for, in words, made into what is wanted; commands and the API ask alike."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.flows.dictionary.variable import Dictionary, Measure, Variable
from app.reports.data.how import BadWish, How, Multiples, Values
from app.reports.formats.kinds import FORMATS, Format
from app.store.exports import Having, Which
from app.values import Doubt, Medium, RunState

ENDED = tuple(each for each in RunState if each is not RunState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for, as it was written."""

    states: Collection[str] = ("completed",)
    since: str | None = None
    until: str | None = None
    asked_in: str | None = None
    channel: str | None = None
    version: str | None = None
    where: Collection[str] = ()
    without: Collection[Doubt] = ()
    kind: str = "csv"
    language: str | None = None
    labels: bool = False
    multiples: str = Multiples.BOTH
    long: bool = False
    reasons: bool = False
    bom: bool = True
    neutral: bool = True
    hxl: bool = False
    table: str = ""


def which_of(wish: Wish, dictionary: Dictionary, zone: ZoneInfo) -> Which:
    """The runs that are meant; raises `BadWish` with a sentence."""
    if wish.asked_in is not None:
        _language(wish.asked_in, dictionary)
    if wish.version is not None and wish.version not in dictionary.versions:
        raise BadWish(f"There is no version {wish.version!r}. There are: {', '.join(dictionary.versions)}.")
    states = frozenset(RunState) if "all" in wish.states else frozenset(map(RunState, wish.states))
    return Which(
        survey=dictionary.survey,
        states=tuple(sorted(states)),
        since=_moment(wish.since, zone, days=0),
        until=_moment(wish.until, zone, days=1),
        language=wish.asked_in,
        medium=Medium(wish.channel) if wish.channel else None,
        version=wish.version,
        having=tuple(having(each, dictionary) for each in wish.where),
        without=frozenset(wish.without),
    )


def how_of(wish: Wish, dictionary: Dictionary) -> How:
    """How it is meant; raises `BadWish` with a sentence."""
    if wish.long and not FORMATS[wish.kind].long:
        able = ", ".join(name for name, each in FORMATS.items() if each.long)
        raise BadWish(f"A row an answer is for these formats: {able}.")
    if wish.table and FORMATS[wish.kind].whole:
        raise BadWish(f"A file in the format {wish.kind} has all tables.")
    return How(
        language=_language(wish.language, dictionary) if wish.language else dictionary.language,
        values=Values.LABELS if wish.labels else Values.NAMES,
        multiples=Multiples(wish.multiples),
        long=wish.long,
        reasons=wish.reasons,
        bom=wish.bom,
        neutral=wish.neutral,
        hxl=wish.hxl,
        table=wish.table,
    )


def usable(kind: str) -> Format:
    """The format of a name; raises `BadWish` that says what to install."""
    found = FORMATS[kind]
    if found.lacks:
        raise BadWish(
            f"The format {kind} needs {' and '.join(found.needs)}, which are not installed. In Izwi's folder: "
            f"`.venv/bin/pip install '.[{found.extra}]'`. The format scripts needs nothing."
        )
    return found


def having(text: str, dictionary: Dictionary) -> Having:
    """Read `VARIABLE=VALUE`."""
    name, equal, value = text.partition("=")
    variable = _variable(name.strip(), dictionary.variables)
    if not equal or variable is None:
        raise BadWish("Write --where VARIABLE=VALUE with a variable of the survey; `izwi dictionary` lists them.")
    value = value.strip()
    if variable.categories and variable.category(value) is None:
        known = ", ".join(each.name for each in variable.categories)
        raise BadWish(f"{variable.name} has no such choice. It has: {known}.")
    return Having(variable.name, value, variable.measure in {Measure.MANY, Measure.ORDER})


def _variable(name: str, variables: Iterable[Variable]) -> Variable | None:
    return next((each for each in variables if name in {each.name, each.column}), None)


def _language(code: str, dictionary: Dictionary) -> str:
    if code not in dictionary.languages:
        raise BadWish(f"The survey is not in {code!r}. It is in: {', '.join(dictionary.languages)}.")
    return code


def _moment(text: str | None, zone: ZoneInfo, *, days: int) -> datetime | None:
    """A day in the survey's own zone, or a moment; the last day is meant to its end."""
    if text is None:
        return None
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise BadWish("A day is written 2026-11-23, a moment 2026-11-23T10:00.") from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
