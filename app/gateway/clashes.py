"""First words of an SMS that mean two surveys: a prefix of records that another survey has, or that is its keyword."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from app.flows.asking import compact
from app.flows.phrases import fold
from app.flows.reading import model
from app.flows.reading.markup import parse_xml
from app.gateway.routing import Routes
from app.settings import Settings
from app.store import surveys
from app.store.unit import Database


class Clash(NamedTuple):
    """Two surveys that one word begins, which of them gets the message, and the way out."""

    surveys: frozenset[str]
    problem: str
    cure: str


def prefixes(database: Database) -> dict[str, str]:
    """The prefix of each published survey that can be answered by a record."""
    published = database.read(surveys.published)
    found = {each.survey: prefix_of(database, each.id) for each in published}
    return {survey: prefix for survey, prefix in found.items() if prefix}


def prefix_of(database: Database, version_id: int) -> str:
    """The word that a record of a stored version begins with, or an empty string."""
    found = model.read(parse_xml(database.read(lambda connection: surveys.xform(connection, version_id)).encode()))
    return "" if found is None else compact.prefix_of(found)


def clashes(settings: Settings, found: Mapping[str, str]) -> Iterator[Clash]:
    """Yield what clashes among these surveys with their prefixes, and between them and the keywords."""
    for (word, survey), (other_word, other) in combinations(settings.keywords.items(), 2):
        if fold(word) == fold(other_word) and survey != other:
            problem = f"the keywords {word} and {other_word} are one, and begin {other}, not {survey}"
            yield Clash(frozenset([survey, other]), problem, "take one of them out of IZWI_KEYWORDS")
    routes = Routes.of(settings)
    for survey, prefix in found.items():
        other_survey = routes.survey_of_text(f"{prefix} ", in_conversation=False)
        if other_survey not in {None, survey}:
            problem = f"the prefix {prefix} of {survey} is a keyword of {other_survey}, which gets such a message"
            cure = "give the survey another prefix in its settings sheet, or the other one another keyword"
            yield Clash(frozenset([survey, str(other_survey)]), problem, cure)
    for (survey, prefix), (other, other_prefix) in combinations(sorted(found.items()), 2):
        if prefix.casefold() == other_prefix.casefold():
            problem = f"{survey} and {other} have the same prefix {prefix}, and {survey} gets every record"
            yield Clash(frozenset([survey, other]), problem, "give one of them another prefix in its settings sheet")
