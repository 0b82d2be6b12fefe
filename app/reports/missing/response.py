"""How many of those who were asked answered: dispositions and rates of each broadcast, and of who came by themselves."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from app.reports.missing.dispositions import EVERY, Disposition, Flows, Group, of_outcome
from app.reports.missing.exit import is_few
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


@dataclass(frozen=True, slots=True)
class Section:
    """One group of people whose outcomes belong together."""

    broadcast: str
    """Empty: of no broadcast."""
    words: tuple[str, ...]
    people: int | None
    """None where they are few: then nothing else is said."""
    dispositions: tuple[tuple[Disposition, int], ...] = ()
    groups: dict[Group, int] = field(default_factory=dict)
    eligibility: float | None = None
    rates: dict[str, float | None] = field(default_factory=dict)
    under_way: int = 0


def sections(connection: Connection, survey_id: int, flows: Flows, *, broadcast: str | None = None) -> list[Section]:
    """Each broadcast of a survey (or this one only), the oldest first, and then those who came without one."""
    found = []
    for each in broadcasts.every(connection):
        if each.survey_id == survey_id and each.started_at is not None and broadcast in {None, each.name}:
            cut = outcomes.unlinked(connection, survey_id, broadcast_id=each.id)
            words = (SAMPLE, _CUT.format(count=f"{cut:,}")) if cut else (SAMPLE,)
            found.append(section(outcomes.of_broadcast(connection, each.id), flows, each.name, words))
    if broadcast is None:
        found.append(section(outcomes.of_others(connection, survey_id), flows, "", (NO_SAMPLE,)))
    return found


def section(people: Iterable[Outcome], flows: Flows, broadcast: str, words: tuple[str, ...]) -> Section:
    """Count outcomes by their disposition, and work out the rates."""
    counts, groups, under_way = dict[Disposition, int](), dict.fromkeys(Group, 0), 0
    for outcome in people:
        what = of_outcome(outcome, flows)
        counts[what] = counts.get(what, 0) + outcome.people
        groups[what.group] += outcome.people
        under_way += outcome.people * (outcome.run is not None and outcome.run.state == RunState.ACTIVE)
    total = sum(counts.values())
    if is_few(total):
        return Section(broadcast, (*words, _FEW), None)
    return Section(
        broadcast,
        words,
        total,
        tuple((each, counts[each]) for each in EVERY if each in counts),
        groups,
        eligibility(groups) if broadcast else None,
        rates(groups) if broadcast else participation(groups),
        under_way,
    )
