"""The respondents of a survey by the margins that its form asks for: counted as figures count them, and not to be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection

from app.flows.dictionary.variable import Category
from app.flows.flow import Flow, Question
from app.flows.reading.margins import MARGINS
from app.reports.figures.axes import Survey, Way
from app.reports.figures.counting import tally
from app.reports.figures.table import NO_ANSWER, Cell, Key, Table
from app.reports.missing.population import Population
from app.reports.missing.raking import NOT_SAID, Profile


@dataclass(frozen=True)
class Places:
    """Which questions say where a respondent belongs in a population, and what their answers are called there."""

    questions: Mapping[str, Question]
    """By dimension of the population."""
    ways: tuple[Way, ...]
    population: Population

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What the population is told by, as far as the survey asks for it."""
        return tuple(self.questions)

    def category(self, dimension: str, answer: str) -> str:
        """What an answer is called. What no category is called by, such as "prefer not to say", is no answer."""
        margin = self.questions[dimension].margin
        category = margin.category(answer) if margin and answer != NO_ANSWER else NOT_SAID
        return category if category in self.population.categories(dimension) else NOT_SAID

    def profile(self, dimensions: Sequence[str], key: Key) -> Profile:
        """In which categories they are who are in a cell of the table of these dimensions."""
        return tuple(self.category(*each) for each in zip(dimensions, key, strict=True))

    def strange(self, dimension: str, answer: str) -> bool:
        """Whether it is an answer that the population has no category for."""
        return answer != NO_ANSWER and not declines(answer) and self.category(dimension, answer) == NOT_SAID


@dataclass(frozen=True)
class Respondents:
    """All of them, by what they answered to the questions of the margins."""

    places: Places
    table: Table

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What they are told apart by, as the population calls it."""
        return self.places.dimensions

    @property
    def profiles(self) -> dict[Profile, Cell]:
        """How many there are of each profile, and who."""
        found = dict[Profile, Cell]()
        for key, cell in self.table.cells.items():
            profile = self.places.profile(self.dimensions, key)
            found[profile] = found[profile] + cell if profile in found else cell
        return found

    def along(self, dimensions: Sequence[str]) -> Table:
        """Their table by the questions of some dimensions, in this order."""
        table = self.table.along([self.table.dimensions[self.dimensions.index(each)].name for each in dimensions])
        order = sorted(dimensions, key=self.dimensions.index)
        kept = [order.index(each) for each in dimensions]
        cells = {tuple(key[place] for place in kept): cell for key, cell in table.cells.items()}
        return Table(tuple(table.dimensions[place] for place in kept), cells)


def places_of(flow: Flow, survey: Survey, population: Population, own: Population) -> Places:
    """Where answers belong in a population. `own` is that of the service.

    A calculation gives one of the categories that `own` has, whatever it is compared with: who could choose them when
    asking could tell people apart by them.
    """
    asked = {question.margin.dimension: question for question in flow.questions if question.margin is not None}
    told = {dimension for margin in population.margins for dimension in margin.dimensions}
    questions = {dimension: asked[dimension] for dimension in MARGINS if dimension in asked and dimension in told}
    calculated = {
        each.name: tuple(dict.fromkeys((*each.margin.renamed, *own.categories(dimension))))
        for dimension, each in questions.items()
        if each.margin is not None
    }
    known = replace(survey, calculated=calculated)
    return Places(questions, tuple(known.axis(each.name) for each in questions.values()), population)


def read(connection: Connection, survey: Survey, places: Places) -> Respondents:
    """Count them."""
    return Respondents(places, tally(connection, survey, places.ways))


def declines(choice: str) -> bool:
    """Whether a choice stands for no answer, such as `prefer_not_to_say`."""
    return Category(choice, 0, {}).missing is not None
