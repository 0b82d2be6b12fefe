"""How many of those who were asked answered: dispositions and rates of each broadcast, and of who came by themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from app.reports.figures.publish import Exit
from app.reports.figures.table import NOBODY, Cell, Dimension, Table, mark
from app.reports.missing.dispositions import EVERY, Disposition, Flows, Group, of_outcome
from app.reports.missing.rates import eligibility, participation, rates
from app.store import broadcasts, outcomes
from app.store.outcomes import Outcome
from app.values import RunState

SAMPLE = (
    "A list sample: the people in the audience of this broadcast, one for each phone. The rates are those of the AAPOR's "
    "Standard Definitions."
)
NO_SAMPLE = (
    "No sample: these people came by themselves or were taken through the survey, and nobody knows how many had heard of it. "
    "So there is no response rate. The rates are participation rates: of those who began."
)
_FEW = "So few people that nothing is shown."
_CUT = (
    "{count} runs since this broadcast began have no link to a phone any more, so some of those who answered are counted as if "
    "they had not: the rates are too low."
)
# No form can have a question of these names.
_GROUP, _OUTCOME, _STATE = "group of outcomes", "outcome", "under way or not"


@dataclass(frozen=True, slots=True)
class Counted:
    """People by their disposition. Not to be shown."""

    dispositions: Mapping[Disposition, Cell]
    under_way: Cell
    ended: Cell

    @property
    def groups(self) -> dict[Group, Cell]:
        """The same by group, those that anybody is in."""
        found = dict[Group, Cell]()
        for what, cell in self.dispositions.items():
            found[what.group] = found.get(what.group, NOBODY) + cell
        return found


@dataclass(frozen=True, slots=True)
class Section:
    """One group of people whose outcomes belong together, as far as it may be shown."""

    broadcast: str
    """Empty: of no broadcast."""
    words: tuple[str, ...]
    people: int | None
    """None where they are few: then nothing else is said."""
    dispositions: tuple[tuple[Disposition, int | None], ...] = ()
    """Those that anybody has."""
    groups: Mapping[Group, int | None] = field(default_factory=dict)
    eligibility: float | None = None
    rates: Mapping[str, float | None] = field(default_factory=dict)
    under_way: int | None = 0


def sections(
    connection: Connection, survey_id: int, flows: Flows, way_out: Exit, *, broadcast: str | None = None
) -> list[Section]:
    """Each broadcast of a survey (or this one only), the oldest first, and then those who came without one."""
    found = []
    for each in broadcasts.every(connection):
        if each.survey_id == survey_id and each.started_at is not None and broadcast in {None, each.name}:
            runs, who = outcomes.unlinked(connection, survey_id, broadcast_id=each.id)
            cut = way_out.alone(Cell(runs, mark(*who))).n
            words = (SAMPLE, _CUT.format(count="Some" if cut is None else f"About {cut:,}")) if runs else (SAMPLE,)
            counted = count(outcomes.of_broadcast(connection, each.id), flows)
            found.append(section(counted, each.name, words, way_out))
    if broadcast is None:
        found.append(section(count(outcomes.of_others(connection, survey_id), flows), "", (NO_SAMPLE,), way_out))
    return found


def count(people: Iterable[Outcome], flows: Flows) -> Counted:
    """Count outcomes by their disposition."""
    found = dict[Disposition, Cell]()
    state = {True: NOBODY, False: NOBODY}
    for outcome in people:
        what, cell = of_outcome(outcome, flows), Cell(outcome.people, mark(*outcome.who))
        found[what] = found.get(what, NOBODY) + cell
        state[outcome.run is not None and outcome.run.state == RunState.ACTIVE] += cell
    return Counted(found, state[True], state[False])


def section(counted: Counted, broadcast: str, words: tuple[str, ...], way_out: Exit) -> Section:
    """What may be shown of it. Rates are worked out from what is shown."""
    by_group = {group.value: cell for group, cell in counted.groups.items()}
    shown = _parts(_GROUP, by_group, way_out)
    people = shown[""]
    if people is None:
        few = bool(by_group)
        return Section(broadcast, (*words, _FEW) if few else words, None if few else 0)
    groups = {group: shown[group.value] for group in counted.groups}
    dispositions = dict[Disposition, int | None]()
    for group, figure in groups.items():
        # Within a group that is shown: what is hidden of one group never follows from another.
        own = {each.code: cell for each, cell in counted.dispositions.items() if each.group is group}
        codes = _parts(_OUTCOME, own, way_out) if figure is not None else dict.fromkeys(own)
        dispositions |= {each: codes[each.code] for each in counted.dispositions if each.group is group}
    state = {"under way": counted.under_way, "ended": counted.ended}
    return Section(
        broadcast,
        words,
        people,
        tuple((each, dispositions[each]) for each in EVERY if each in dispositions),
        groups,
        eligibility(groups, people) if broadcast else None,
        rates(groups, people) if broadcast else participation(groups, people),
        _parts(_STATE, state, way_out)["under way"] if counted.under_way.n else 0,
    )


def _parts(name: str, cells: Mapping[str, Cell], way_out: Exit) -> dict[str, int | None]:
    """What may be shown of the parts of something, by name, and of the whole. That nobody is in one is no secret."""
    there = {part: cell for part, cell in cells.items() if cell.n}
    table = Table((Dimension(name, tuple(there)),), {(part,): cell for part, cell in there.items()})
    return {key[0]: figure.n for key, figure in way_out.table(table).figures.items()}
