"""Where people leave: for each question how many were shown it, answered, skipped, or left there, and why."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from app.flows.flow import Flow, place_of
from app.reports.missing.exit import is_few, shown
from app.store import funnels
from app.store.funnels import By, Passed, Stand
from app.values import Medium, RunState


class Cause(StrEnum):
    """Why somebody left at a question."""

    REFUSED = "refused"
    """She said no to taking part."""
    SCREENED_OUT = "screened_out"
    STOPPED = "stopped"
    """She sent STOP, or a word like it."""
    STARTED_AGAIN = "started_again"
    TIMED_OUT = "timed_out"
    """Her last session lasted as long as the network lets one, and she did not come back."""
    DROPPED = "dropped"
    """Her last session broke off, and she did not come back."""
    EXPIRED = "expired"
    """She did not reply any more."""


_STATES = {
    RunState.DECLINED: Cause.REFUSED,
    RunState.SCREENED_OUT: Cause.SCREENED_OUT,
    RunState.STOPPED: Cause.STOPPED,
}
_BROKEN = {"silence", "incomplete", "failed"}


@dataclass(slots=True)
class Tally:
    """What happened at one question, counted."""

    answered: int = 0
    skipped: int = 0
    under_way: int = 0
    left: Counter[Cause] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Row:
    """What may be shown of one question; None is hidden."""

    question: str
    shown: int | None
    answered: int | None
    skipped: int | None
    under_way: int | None
    left: int | None
    causes: Mapping[Cause, int | None]


@dataclass(frozen=True, slots=True)
class Side:
    """One funnel; `name` is a channel, an operator, an hour or a language, and empty where it is not known, or not split."""

    name: str
    runs: int | None
    rows: tuple[Row, ...]


def sides(
    connection: Connection,
    survey_id: int,
    flows: Sequence[Flow],
    by: By | None,
    zone: ZoneInfo,
    *,
    session_seconds: int,
) -> list[Side]:
    """The funnels of a survey, one a side; `flows` are its versions, the newest last.

    A session counts as timed out from nine tenths of the time that networks let it last: providers round it.
    """
    began = funnels.sides(connection, survey_id, by, zone)
    longest = session_seconds * 900
    stood = funnels.stands(connection, survey_id, by, zone, longest_ms=longest)
    tallies = count(stood, funnels.passed(connection, survey_id, by, zone))
    order = questions(flows)
    return [_side(name, runs, order, tallies.get(name, {})) for name, runs in sorted(began.items())]


def questions(flows: Sequence[Flow]) -> list[str]:
    """What people are asked, in the order of the newest version; what only older ones ask stands at the end."""
    found = dict[str, None]()
    for flow in reversed(flows):
        found |= dict.fromkeys(
            each.name for each in flow.questions[: flow.asked] if each.kind.asked and not each.silent
        )
    return list(found)


def count(stood: Iterable[Stand], gone: Iterable[Passed]) -> dict[str, dict[str, Tally]]:
    """Side → question → what happened there."""
    found: defaultdict[str, defaultdict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for each in gone:
        tally = found[each.side][each.question]
        tally.answered, tally.skipped = each.answered, each.skipped
    for stand in stood:
        name, position = place_of(stand.question)
        tally = found[stand.side][name]
        if cause := cause_of(stand):
            tally.left[cause] += stand.runs
        else:
            tally.under_way += stand.runs
        if set(position) - set("1."):  # she has answered it before, about somebody else: she is one all the same
            tally.answered = max(0, tally.answered - stand.runs)
    return {side: dict(tallies) for side, tallies in found.items()}


def cause_of(stand: Stand) -> Cause | None:
    """Why runs were left; None for those that are under way."""
    if stand.state == RunState.ACTIVE:
        return None
    if known := _STATES.get(RunState(stand.state)):
        return known
    if stand.reason == "started_again":
        return Cause.STARTED_AGAIN
    if stand.medium == Medium.USSD and stand.timed_out:
        return Cause.TIMED_OUT
    return Cause.DROPPED if stand.medium == Medium.USSD and stand.end in _BROKEN else Cause.EXPIRED


def _side(name: str, runs: int, order: Sequence[str], tallies: Mapping[str, Tally]) -> Side:
    hidden = is_few(runs)
    names = [*order, *(each for each in tallies if each not in order and tallies[each].left)]
    rows = tuple(_row(each, tallies.get(each, Tally()), hidden=hidden) for each in names)
    return Side(name, None if hidden else runs, rows)


def _row(question: str, tally: Tally, *, hidden: bool) -> Row:
    causes = list(Cause)
    if hidden:
        return Row(question, None, None, None, None, None, dict.fromkeys(causes))
    left = sum(tally.left.values())
    parts = [tally.answered, tally.skipped, tally.under_way, left]
    answered, skipped, under_way, seen = shown(parts)
    counts = [tally.left[each] for each in causes]
    why = shown(counts) if seen is not None else [None if each else 0 for each in counts]
    (total,) = shown([sum(parts)])
    return Row(question, total, answered, skipped, under_way, seen, dict(zip(causes, why, strict=True)))
