"""What commands and the API ask about a survey, and get as plain documents: texts, figures, lists. None is hidden."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from app.flows.flow import Flow
from app.reports.figures.asking import survey_of
from app.reports.figures.publish import Exit
from app.reports.figures.weighing import Weighing
from app.reports.missing import coverage, funnel, population, respondents, response, sample, weights
from app.reports.missing.refusals import Unanswerable
from app.settings import Settings
from app.store import broadcasts, profiles, surveys
from app.store.funnels import By
from app.store.surveys import Version
from app.values import VersionStatus

Document = dict[str, Any]


class NoSuch(Unanswerable):
    """There is no survey or broadcast of this name; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers what is asked of one survey."""

    settings: Settings
    survey: str
    survey_id: int
    versions: tuple[Version, ...]
    """Those that were ever asked, the one that is asked now last."""
    flows: Callable[[int], Flow]
    key: bytes
    """`Keys.figures`."""

    @classmethod
    def of(
        cls, connection: Connection, settings: Settings, survey: str, flows: Callable[[int], Flow], key: bytes
    ) -> "Desk":
        """Find the survey. Raises `NoSuch`."""
        every = [each for each in surveys.of_survey(connection, survey) if each.status is not VersionStatus.DRAFT]
        if not every:
            known = ", ".join(sorted(surveys.ids(connection))) or "none"
            raise NoSuch(f"There is no survey {survey} that anybody was asked. There are: {known}.")
        every.sort(key=lambda each: (each.status is VersionStatus.PUBLISHED, each.id))
        return cls(settings, survey, every[-1].survey_id, tuple(every), flows, key)

    def coverage(
        self, connection: Connection, by: Sequence[Sequence[str]] = (), margins: Path | None = None
    ) -> Document:
        """Respondents beside the population."""
        people, found, way_out = self._respondents(connection, margins)
        label = sample.label(profiles.ways(connection, self.survey_id))
        made = coverage.tables(found, people, way_out, by)
        return {
            "survey": self.survey,
            "population": people.name,
            "basis": label.basis.value,
            "words": label.words,
            "not_in_population": list(coverage.strange(found, way_out)),
            "tables": [_table(each) for each in made],
        }

    def weighing(self, connection: Connection, margins: Path | None = None) -> Weighing:
        """How figures are to be weighted. Raises `Unweighable` and `Unrakable`."""
        people, found, way_out = self._respondents(connection, margins)
        made, _ = _weighed(found, people, way_out, weights.LIMIT)
        there, effective = weights.size(made, found.table.total, way_out)

        def of(answers: tuple[str | None, ...]) -> float:
            ways = found.places.ways
            key = tuple(way.category(answer) for way, answer in zip(ways, answers, strict=True))
            # The mean, where she was not among those who were weighed.
            return made.by_profile.get(found.places.profile(found.dimensions, key), 1.0)

        names = tuple(way.name for way in found.places.ways)
        return Weighing(names, of, there / effective, people.name)

    def weights(self, connection: Connection, margins: Path | None = None, limit: float = weights.LIMIT) -> Document:
        """How respondents would be weighted, and what that costs in precision."""
        people, found, way_out = self._respondents(connection, margins)
        made, tables = _weighed(found, people, way_out, limit)
        there, effective = weights.size(made, found.table.total, way_out)
        alone = [[name] for name in found.dimensions]
        return {
            "survey": self.survey,
            "population": people.name,
            "words": sample.label(profiles.ways(connection, self.survey_id)).words,
            "by": [list(each.dimensions) for each in tables],
            "respondents": there,
            "effective": effective,
            "design_effect": round(there / effective, 2),
            "limit": limit,
            "trimmed": made.trimmed > 0,  # how many would be a sum of cells, some of which are hidden
            "off": round(made.off, 2),
            "unsaid": {each.dimensions[0]: each.unsaid for each in coverage.tables(found, people, way_out, alone)},
            "not_in_population": list(coverage.strange(found, way_out)),
            "together": [_together(each) for each in tables if each.hidden],
        }

    def response(self, connection: Connection, broadcast: str | None = None) -> Document:
        """Dispositions and rates."""
        known = [each.name for each in broadcasts.every(connection) if each.survey_id == self.survey_id]
        if broadcast is not None and broadcast not in known:
            raise NoSuch(
                f"There is no broadcast {broadcast} of {self.survey}. There are: {', '.join(sorted(known)) or 'none'}."
            )
        found = response.sections(connection, self.survey_id, self.flows, self._exit(connection), broadcast=broadcast)
        return {"survey": self.survey, "sections": [_section(each) for each in found]}

    def funnel(self, connection: Connection, by: By | None = None) -> Document:
        """Where people leave."""
        flows = [self.flows(each.id) for each in self.versions]
        found = funnel.sides(
            connection, self.survey_id, flows, by, ZoneInfo(self.settings.zone), self._exit(connection),
            session_seconds=self.settings.ussd_seconds,
        )  # fmt: skip
        return {
            "survey": self.survey,
            "by": by.value if by else "",
            "sides": [
                {
                    "side": side.name,
                    "completed": side.completed,
                    "under_way": side.under_way,
                    "questions": [
                        {
                            "question": row.first,
                            "last": row.last,
                            "reached": row.reached,
                            "left": row.left,
                            "causes": {cause.value: count for cause, count in row.causes.items()},
                        }
                        for row in side.rows
                    ],
                }
                for side in found
            ],
        }

    def _respondents(
        self, connection: Connection, margins: Path | None
    ) -> tuple[population.Population, respondents.Respondents, Exit]:
        own = population.read(self.settings.margins)
        people = population.read(margins) if margins else own
        survey = survey_of(connection, self.survey, ZoneInfo(self.settings.zone))
        places = respondents.places_of(self.flows(self.versions[-1].id), survey, people, own)
        return people, respondents.read(connection, survey, places), Exit(survey.rules, self.key)

    def _exit(self, connection: Connection) -> Exit:
        return Exit(survey_of(connection, self.survey, ZoneInfo(self.settings.zone)).rules, self.key)


def _weighed(
    found: respondents.Respondents, people: population.Population, way_out: Exit, limit: float
) -> tuple[weights.Weights, list[coverage.Table]]:
    """Weights by the categories that are shown; the others of a margin are taken together."""
    if way_out.alone(found.table.total).n is None:
        few = way_out.rules.smallest
        raise weights.Unweighable(f"fewer than {few} people have completed this survey: too few to weight")
    tables = coverage.tables(found, people, way_out)
    told = population.Population(people.name, tuple(each.margin for each in tables))
    counts = {profile: cell.n for profile, cell in found.profiles.items()}
    joined = {each.dimensions: each.hidden for each in tables}
    return weights.weigh(counts, found.dimensions, told, limit=limit, joined=joined), tables


def _table(each: coverage.Table) -> Document:
    others = None
    if each.others:
        others = {"categories": sorted(map(list, each.hidden))} | _row((), each.others)
    return {
        "by": list(each.dimensions),
        "respondents": each.respondents,
        "unsaid": each.unsaid,
        "rows": [_row(each.dimensions, row) for row in each.rows],
        "others": others,
    }


def _together(each: coverage.Table) -> Document:
    hidden = [row for row in each.rows if row.respondents is None]
    return {
        "by": list(each.dimensions),
        "categories": [list(row.key) for row in hidden],
        "share": round(sum(row.expected for row in hidden), 4),
    }


def _row(dimensions: Sequence[str], row: coverage.Row) -> Document:
    return {
        **dict(zip(dimensions, row.key, strict=True)),
        "respondents": row.respondents,
        "share": _rounded(row.share, 3),
        "expected": round(row.expected, 3),
        "ratio": _rounded(row.ratio, 2),
        "short": row.short,
    }


def _section(each: response.Section) -> Document:
    return {
        "broadcast": each.broadcast,
        "words": list(each.words),
        "people": each.people,
        "under_way": each.under_way,
        "groups": {group.value: count for group, count in each.groups.items()},
        "dispositions": [
            {"code": what.code, "group": what.group.value, "words": what.words, "people": count}
            for what, count in each.dispositions
        ],
        "e": _rounded(each.eligibility, 4),
        "rates": {name: _rounded(rate, 4) for name, rate in each.rates.items()},
    }


def _rounded(figure: float | None, places: int) -> float | None:
    return None if figure is None else round(figure, places)
