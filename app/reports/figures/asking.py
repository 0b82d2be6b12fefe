"""What somebody asks for, and the pages that answer it: the same for the command, the API and every page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from app.flows.dictionary.variable import Measure
from app.flows.guard import Guard
from app.reports.figures.axes import ABOUT_RUNS, NoSuchDimension, Survey
from app.reports.figures.counting import answered
from app.reports.figures.page import Page, lay_out
from app.reports.figures.weighing import Weighing
from app.store import descriptions, figures, surveys

_COUNTED = {Measure.ONE, Measure.MANY}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see. Without a question: all that have choices."""

    question: str | None = None
    by: Sequence[str] = ()
    where: Sequence[str] = ()
    """Each as `sex=woman`."""
    language: str | None = None


def survey_of(connection: Connection, name: str, zone: ZoneInfo) -> Survey:
    """A survey in all its versions that were ever asked; where they differ, the more careful one holds."""
    dictionary = descriptions.dictionary(connection, name)
    if dictionary is None:
        raise NoSuchDimension(f"There is no survey {name} that anybody was asked.")
    guards = descriptions.guards(connection, name)
    if None in guards:
        raise NoSuchDimension("What its forms ask of figures was not read yet: `izwi migrate` does that.")
    number = surveys.ids(connection)[name]
    return Survey(
        number, dictionary, _careful([each for each in guards if each]), zone, figures.span(connection, number)
    )


def _careful(guards: Sequence[Guard]) -> Guard:
    return Guard(
        smallest=max(each.smallest for each in guards),
        high_risk=frozenset().union(*(each.high_risk for each in guards)),
        areas={question: level for each in guards for question, level in each.areas.items()},
        bands={question: starts for each in guards for question, starts in each.bands.items()},
    )


def pages(
    connection: Connection, survey: Survey, key: bytes, asked: Asked, weighing: Weighing | None = None
) -> list[Page]:
    """The figures that somebody asks for."""
    dictionary = survey.dictionary
    where = dict(_read(each) for each in asked.where)
    language = asked.language or dictionary.language
    if language not in dictionary.languages:
        raise NoSuchDimension(f"It is not in {language}. Its languages are: {', '.join(dictionary.languages)}.")
    wanted = [asked.question] if asked.question else questions_of(survey, {*asked.by, *where})
    found = [answered(connection, survey, key, question, asked.by, where, weighing) for question in wanted]
    return [lay_out(dictionary, each, where, language) for each in found]


def questions_of(survey: Survey, taken: Collection[str] = ()) -> list[str]:
    """All questions with choices, but for consent, which all who completed have given, and what is asked for anyway."""
    every = survey.dictionary.variables
    plain = {*(each.partition("/")[0] for each in taken), *ABOUT_RUNS}
    return [
        each.name
        for each in every
        if each.measure in _COUNTED and not each.repeats and each.name not in plain and each.consent != "take_part"
    ]


def _read(said: str) -> tuple[str, str]:
    name, sign, category = said.partition("=")
    if not sign or not name.strip() or not category.strip():
        raise NoSuchDimension(f"{said!r} is no filter: write it like sex=woman.")
    return name.strip(), category.strip()
