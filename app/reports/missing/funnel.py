"""Where people leave: how many got to each question, and how many left there, and why."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from app.flows.flow import Flow, place_of
from app.reports.figures.publish import Exit
from app.reports.figures.published import Published
from app.reports.figures.table import NO_ANSWER, NOBODY, Cell, Dimension, Key, Table, mark
from app.store import funnels
from app.store.funnels import By, Stand
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


UNDER_WAY = "under_way"
# No form can have a question of these names.
_PLACE, _CAUSE, _SIDE = "place in the form", "why she left", "side of the funnel"
_LARGE = 5
"""A side is large where so many times the smallest number that is shown have left."""

Stretch = tuple[str, ...]
"""Questions that follow each other, taken together: at each alone too few people left."""
Standing = tuple[str, str, str]
"""A side, a question, and why a run stands there: a cause, or `UNDER_WAY`."""
Cells = Mapping[Standing, Cell]


@dataclass(frozen=True, slots=True)
class Row:
    """What may be shown of some questions that follow each other; None is hidden."""

    first: str
    last: str
    reached: int | None
    """Runs that are over and got so far in the form."""
    left: int | None
    causes: Mapping[Cause, int | None]
    """Empty where the funnel is split."""


@dataclass(frozen=True, slots=True)
class Side:
    """One funnel; `name` is a channel, an operator, an hour or a language, and empty where it is not known, or not split."""

    name: str
    completed: int | None
    """Respondents, as figures count them."""
    under_way: int | None
    """Runs that are not over yet; they are in no row."""
    rows: tuple[Row, ...]


def sides(
    connection: Connection,
    survey_id: int,
    flows: Sequence[Flow],
    by: By | None,
    zone: ZoneInfo,
    way_out: Exit,
    *,
    session_seconds: int,
) -> list[Side]:
    """The funnels of a survey, one a side; `flows` are its versions, the newest last.

    A session counts as timed out from nine tenths of the time that networks let it last: providers round it.
    """
    longest = session_seconds * 900
    stood = count(funnels.stands(connection, survey_id, by, zone, longest_ms=longest))
    completed = dict[str, Cell]()
    for each in funnels.completed(connection, survey_id, by, zone):
        side = funnels.word(each.values[0]) if each.values else ""
        completed[side] = completed.get(side, NOBODY) + Cell(each.n, mark(*each.who))
    return shown(completed, stood, questions(flows), by.value if by else "", way_out)


def questions(flows: Sequence[Flow]) -> list[str]:
    """What people are asked, in the order of the newest version; what only older ones ask stands at the end."""
    found = dict[str, None]()
    for flow in reversed(flows):
        found |= dict.fromkeys(
            each.name for each in flow.questions[: flow.asked] if each.kind.asked and not each.silent
        )
    return list(found)


def count(stood: Iterable[Stand]) -> dict[Standing, Cell]:
    """Runs that are not completed, by where they stand. Not to be shown."""
    found = dict[Standing, Cell]()
    for each in stood:
        key = each.side, place_of(each.question)[0], cause_of(each) or UNDER_WAY
        found[key] = found.get(key, NOBODY) + Cell(each.runs, mark(*each.who))
    return found


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


def shown(completed: Mapping[str, Cell], stood: Cells, order: Sequence[str], by: str, way_out: Exit) -> list[Side]:
    """What may be shown: who completed, who is under way, and who left are tables of their own, and nobody is in two of them.

    All else is sums of what they show: nothing can be worked out from how many got to the next question.
    """
    left = {key: cell for key, cell in stood.items() if key[2] != UNDER_WAY}
    parts = stretches([(each,) for each in order], left, way_out.rules.smallest)
    if by:
        parts = stretches(parts, left, way_out.rules.smallest, _large(left, way_out.rules.smallest))
    done, waiting, gone = (
        way_out.table(_table(cells, by or _SIDE, parts_))
        for cells, parts_ in (
            ({(side, "", ""): cell for side, cell in completed.items()}, None),
            ({key: cell for key, cell in stood.items() if key[2] == UNDER_WAY}, None),
            (left, parts),
        )
    )
    causes = {part: {} if by else _causes(left, part, way_out) for part in parts}
    found = []
    for name in sorted({*completed, *(key[0] for key in stood)}):
        there = _figure(done, _named(name))
        rows = _rows(gone, _named(name), there, causes)
        found.append(Side(name, there, _figure(waiting, _named(name)), rows))
    return found


def stretches(order: Sequence[Stretch], left: Cells, smallest: int, sides: Collection[str] = ()) -> list[Stretch]:
    """Join what follows each other until enough people left in each part: on each of these sides, or on all together."""
    place = {question: part for part in order for question in part}
    counts = {part: Counter[str]() for part in order}
    for (side, question, _), cell in left.items():
        part = place.setdefault(question, (question,))
        counts.setdefault(part, Counter())[side if sides else ""] += cell.n

    def enough(parts: Iterable[Stretch]) -> bool:
        there = sum((counts[each] for each in parts), Counter[str]())
        return all(there[side] >= smallest for side in sides or ("",))

    found: list[list[Stretch]] = []
    few: list[Stretch] = []
    for part in counts:
        if enough([part]) and found:
            found[-1] += few
            few = []
        few.append(part)
        if enough(few):
            found.append(few)
            few = []
    if found:
        found[-1] += few
    elif few:
        found.append(few)
    return [tuple(question for part in parts for question in part) for parts in found]


def _large(left: Cells, smallest: int) -> list[str]:
    """The sides on which so many left that a form is worth cutting for them."""
    sizes = Counter[str]()
    for (side, _, _), cell in left.items():
        sizes[side] += cell.n
    return [side for side, n in sizes.items() if n >= _LARGE * smallest]


def _table(cells: Cells, side_name: str, parts: Sequence[Stretch] | None) -> Table:
    """Runs by side, and by stretch where there are any. That nobody at all is on a side, or left in a stretch, is no secret."""
    place = {question: part[0] for part in parts or () for question in part}
    found = dict[Key, Cell]()
    for (side, question, _), cell in cells.items():
        key = (_named(side),) if parts is None else (_named(side), place[question])
        found[key] = found.get(key, NOBODY) + cell
    names = (side_name,) if parts is None else (side_name, _PLACE)
    there = (tuple(sorted({key[at] for key in found})) for at in range(len(names)))
    return Table(tuple(map(Dimension, names, there)), found)


def _causes(left: Cells, part: Stretch, way_out: Exit) -> dict[Cause, int | None]:
    """Why people left in a stretch. Looked at by itself: over all stretches together nothing is said of a cause."""
    cells = dict[Key, Cell]()
    for (_, question, cause), cell in left.items():
        if question in part:
            cells[cause,] = cells.get((cause,), NOBODY) + cell
    found = way_out.table(Table((Dimension(_CAUSE, tuple(sorted(key[0] for key in cells))),), cells))
    return {each: _figure(found, each) for each in Cause}


def _rows(
    gone: Published, side: str, completed: int | None, causes: Mapping[Stretch, Mapping[Cause, int | None]]
) -> tuple[Row, ...]:
    rows = list[Row]()
    reached = completed
    for part, why in reversed([*causes.items()]):
        left = _figure(gone, side, part[0])
        reached = None if reached is None or left is None else reached + left
        rows.append(Row(part[0], part[-1], reached, left, why))
    return tuple(reversed(rows))


def _figure(published: Published, *key: str) -> int | None:
    """What is shown of a cell; 0 where nobody at all is in one of its categories."""
    if any(each not in dimension.categories for dimension, each in zip(published.dimensions, key, strict=True)):
        return 0
    return published.at(key).n


def _named(side: str) -> str:
    return side or NO_ANSWER
