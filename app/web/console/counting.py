"""The figures of answers as pages show them. All of them come out of the one exit, `app/reports/figures`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from app.gateway.refusals import NotPossible, NotThere
from app.reports.figures.asking import questions_of, survey_of
from app.reports.figures.axes import NoSuchDimension, Survey
from app.reports.figures.counting import Answered, answered, table
from app.reports.figures.page import Page, label_of, lay_out
from app.reports.figures.publish import publish
from app.reports.figures.published import Published
from app.reports.figures.silence import Silence, silence
from app.reports.figures.table import NO_ANSWER
from app.reports.figures.weighing import Weighing
from app.store import surveys
from app.web.console import missing
from app.web.console.kept import Counted, Kept
from app.web.desk import Desk

MOMENT = 0.6
"""So many seconds a page waits for figures, all together."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see of a survey, as its address says it."""

    survey: str
    by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    """Each as `sex=woman`."""
    weights: bool = False

    @property
    def filters(self) -> Mapping[str, str]:
        """Name → category."""
        return dict(each.split("=", 1) for each in self.where)


class Told(NamedTuple):
    """The figures of a question, and of who said nothing to it."""

    figures: Answered
    silence: Silence | None


class Figures:
    """Counts beside the pages, and keeps what was counted."""

    def __init__(self, desk: Desk, kept: Kept) -> None:
        self._desk, self._kept = desk, kept

    def survey(self, name: str) -> Survey:
        """What has to be known of a survey. Raises `NotThere`."""

        def work(connection: Connection) -> Survey:
            if name not in surveys.ids(connection):
                raise NotThere("There is no survey of this name.")
            return survey_of(connection, name, self._desk.zone)

        change = self._desk.database.read(surveys.last_change)
        found = self._kept.get(("survey", name, change), lambda: self._desk.database.read(work), wait=20)
        if found is None:
            raise NotPossible("There is much to count now. Try again in a moment.")
        return found.value

    def check(self, survey: Survey, wish: Wish) -> None:
        """Raises `NotPossible` where something is wished that there is not."""
        try:
            for name in wish.by:
                survey.axis(name)
            for each in wish.where:
                name, sign, category = each.partition("=")
                known = (*survey.axis(name).categories, NO_ANSWER) if sign else ()
                if category not in known:
                    raise NotPossible(f"{each!r} is no filter: choose one of the list.")
        except NoSuchDimension as error:
            raise NotPossible(str(error)) from None

    def ask(self, survey: Survey, wish: Wish, question: str, *, wait: float) -> Counted[Told] | None:
        """The figures of a question; None where they are being counted. Raises `NotPossible`."""
        weighing = self._weighing(wish, wait) if wish.weights else None
        if wish.weights and weighing is None:
            return None

        def work(connection: Connection) -> Told:
            key = self._desk.figures_key
            found = answered(connection, survey, key, question, wish.by, wish.filters, weighing)
            return Told(found, None if wish.where else silence(connection, survey, key, found))

        return self._get(("figures", wish, question), work, wait)

    def alone(self, survey: Survey, name: str, *, wait: float) -> Counted[Published] | None:
        """How many there are in each category of one thing, such as `month`; in the key ("",) all of them."""

        def work(connection: Connection) -> Published:
            return publish(table(connection, survey, [name]), survey.rules, self._desk.figures_key)

        return self._get(("alone", survey.dictionary.survey, name), work, wait)

    def told(self, key: Any, work: Callable[[Connection], Any], *, wait: float) -> Counted[Any] | None:
        """Something else that takes long to count."""
        return self._get(key, work, wait)

    def _weighing(self, wish: Wish, wait: float) -> Weighing | None:
        def work(connection: Connection) -> Weighing:
            return missing.answers(self._desk, connection, wish.survey).weighing(connection)

        found = self._get(("weighing", wish.survey), work, wait)
        return found.value if found is not None else None

    def _get(self, key: Any, work: Callable[[Connection], Any], wait: float) -> Counted[Any] | None:
        try:
            return self._kept.get(key, lambda: self._desk.database.read(work), wait=wait)
        except NoSuchDimension as error:
            raise NotPossible(str(error)) from None


class Patience:
    """The moment that a page waits, shared by all that it waits for."""

    def __init__(self, seconds: float = MOMENT) -> None:
        self._until = monotonic() + seconds

    @property
    def left(self) -> float:
        """So many seconds."""
        return max(0.0, self._until - monotonic())


def page_of(survey: Survey, found: Told, wish: Wish, language: str) -> Page:
    """The figures of a question as rows and columns with words."""
    return lay_out(survey.dictionary, found.figures, wish.filters, language)


def wanted(survey: Survey, wish: Wish) -> list[str]:
    """The questions that there are figures of, but for those that are asked for anyway."""
    return questions_of(survey, {*wish.by, *wish.filters})


def choices(survey: Survey, language: str) -> Sequence[tuple[str, str, Sequence[tuple[str, str]]]]:
    """What respondents can be told apart by: name, words, and each category with its words."""
    dictionary = survey.dictionary
    found = []
    for name in survey.known:
        variable = dictionary.variable(name)
        told = variable.label(language) if variable else ""
        categories = survey.axis(name).categories
        found.append((name, told, [(each, label_of(dictionary, name, each, language)) for each in categories]))
    return found
