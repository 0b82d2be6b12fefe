"""The respondents of a survey by the margins that its form asks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from app.flows.dictionary.variable import Category
from app.flows.flow import Flow, Question
from app.flows.reading.margins import MARGINS
from app.reports.missing.population import Population
from app.reports.missing.raking import NOT_SAID, Profile
from app.store import profiles


@dataclass(frozen=True, slots=True)
class Respondents:
    """How many there are of each profile."""

    dimensions: tuple[str, ...]
    counts: Mapping[Profile, int]
    strange: tuple[str, ...] = ()
    """Dimensions of which somebody gave an answer that the population has no category for; it counts as none."""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    def by(self, dimensions: Sequence[str]) -> dict[Profile, int]:
        """How many there are by some dimensions only."""
        places = [self.dimensions.index(each) for each in dimensions]
        found = dict[Profile, int]()
        for profile, count in self.counts.items():
            key = tuple(profile[place] for place in places)
            found[key] = found.get(key, 0) + count
        return found


def margins_of(flow: Flow, population: Population) -> dict[str, Question]:
    """Dimension → the question that asks for it, as far as the population is told by it too."""
    asked = {question.margin.dimension: question for question in flow.questions if question.margin is not None}
    told = {dimension for margin in population.margins for dimension in margin.dimensions}
    return {dimension: asked[dimension] for dimension in MARGINS if dimension in asked and dimension in told}


def read(connection: Connection, survey_id: int, flow: Flow, population: Population) -> Respondents:
    """Count them, each person once: those who have completed the survey, in all its versions."""
    asked = margins_of(flow, population)
    rows = profiles.counts(connection, survey_id, [question.name for question in asked.values()])
    return gather(asked, rows, population)


def gather(
    asked: Mapping[str, Question], rows: Iterable[tuple[tuple[str | None, ...], int]], population: Population
) -> Respondents:
    """Give answers the names of categories. What no category is called by, such as "prefer not to say", is no answer."""
    known = {dimension: set(population.categories(dimension)) for dimension in asked}
    counts, strange = dict[Profile, int](), dict[str, None]()
    for values, count in rows:
        profile = []
        for (dimension, question), value in zip(asked.items(), values, strict=True):
            category = question.margin.category(value) if question.margin and value else NOT_SAID
            if category not in known[dimension]:
                if category and not declines(category):
                    strange[dimension] = None
                category = NOT_SAID
            profile.append(category)
        counts[tuple(profile)] = counts.get(tuple(profile), 0) + count
    return Respondents(tuple(asked), counts, tuple(strange))


def declines(choice: str) -> bool:
    """Whether a choice stands for no answer, such as `prefer_not_to_say`."""
    return Category(choice, 0, {}).missing is not None
