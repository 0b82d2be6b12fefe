"""What commands and the API ask about a survey, and get as plain documents: texts, figures, lists. None is hidden."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from app.flows.flow import Flow
from app.reports.figures.weighing import Weighing
from app.reports.missing import coverage, funnel, population, respondents, response, sample, weights
from app.reports.missing.exit import FLOOR, shown
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

    @classmethod
    def of(cls, connection: Connection, settings: Settings, survey: str, flows: Callable[[int], Flow]) -> "Desk":
        """Find the survey. Raises `NoSuch`."""
        every = [each for each in surveys.of_survey(connection, survey) if each.status is not VersionStatus.DRAFT]
        if not every:
            known = ", ".join(sorted(surveys.ids(connection))) or "none"
            raise NoSuch(f"There is no survey {survey} that anybody was asked. There are: {known}.")
        every.sort(key=lambda each: (each.status is VersionStatus.PUBLISHED, each.id))
        return cls(settings, survey, every[-1].survey_id, tuple(every), flows)

    def coverage(
        self, connection: Connection, by: Sequence[Sequence[str]] = (), margins: Path | None = None
    ) -> Document:
        """Respondents beside the population."""
        people, found = self._respondents(connection, margins)
        label = sample.label(profiles.ways(connection, self.survey_id))
        made = coverage.tables(found, people, by)
        return {
            "survey": self.survey,
            "population": people.name,
            "basis": label.basis.value,
            "words": label.words,
            "not_in_population": list(found.strange),
            "tables": [
                {
                    "by": list(each.dimensions),
                    "respondents": each.respondents,
                    "unsaid": each.unsaid,
                    "rows": [_row(each.dimensions, row) for row in each.rows],
                }
                for each in made
            ],
        }

    def weighting(
        self, connection: Connection, margins: Path | None = None, limit: float = weights.LIMIT
    ) -> tuple[weights.Weights, respondents.Respondents, population.Population]:
        """The weight of a respondent of each profile, for whoever counts by profile and wants weighted figures."""
        people, found = self._respondents(connection, margins)
        if found.total < FLOOR:
            raise weights.Unweighable(f"fewer than {FLOOR} people have completed this survey: too few to weight")
        return weights.weigh(found.counts, found.dimensions, people, limit=limit), found, people

    def weighing(self, connection: Connection, margins: Path | None = None) -> Weighing:
        """How figures are to be weighted. Raises `Unweighable` and `Unrakable`."""
        made, _, people = self.weighting(connection, margins)
        asked = respondents.margins_of(self.flows(self.versions[-1].id), people)

        def of(answers: tuple[str | None, ...]) -> float:
            (profile,) = respondents.gather(asked, [(answers, 1)], people).counts
            return made.by_profile.get(profile, 1.0)  # the mean, where she was not among those who were weighed

        return Weighing(tuple(each.name for each in asked.values()), of, made.design_effect, people.name)

    def weights(self, connection: Connection, margins: Path | None = None, limit: float = weights.LIMIT) -> Document:
        """How respondents would be weighted, and what that costs in precision."""
        made, found, people = self.weighting(connection, margins, limit)
        trimmed, _ = shown([made.trimmed, made.respondents - made.trimmed])
        return {
            "survey": self.survey,
            "population": people.name,
            "words": sample.label(profiles.ways(connection, self.survey_id)).words,
            "by": list(made.dimensions),
            "respondents": made.respondents,
            "effective": round(made.effective, 1),
            "design_effect": round(made.design_effect, 3),
            "median": round(made.median, 4),
            "largest": round(made.largest, 4),
            "limit": limit,
            "trimmed": trimmed,
            "off": round(made.off, 6),
            "unsaid": {name: shown([count, made.respondents - count])[0] for name, count in made.unsaid.items()},
            "not_in_population": list(found.strange),
            "without": [
                {"by": list(each.dimensions), "category": list(each.key), "share": round(each.share, 4)}
                for each in made.without
            ],
        }

    def response(self, connection: Connection, broadcast: str | None = None) -> Document:
        """Dispositions and rates."""
        known = [each.name for each in broadcasts.every(connection) if each.survey_id == self.survey_id]
        if broadcast is not None and broadcast not in known:
            raise NoSuch(
                f"There is no broadcast {broadcast} of {self.survey}. There are: {', '.join(sorted(known)) or 'none'}."
            )
        found = response.sections(connection, self.survey_id, self.flows, broadcast=broadcast)
        return {"survey": self.survey, "sections": [_section(each) for each in found]}

    def funnel(self, connection: Connection, by: By | None = None) -> Document:
        """Where people leave."""
        flows = [self.flows(each.id) for each in self.versions]
        found = funnel.sides(
            connection, self.survey_id, flows, by, ZoneInfo(self.settings.zone),
            session_seconds=self.settings.ussd_seconds,
        )  # fmt: skip
        return {
            "survey": self.survey,
            "by": by.value if by else "",
            "sides": [
                {
                    "side": side.name,
                    "runs": side.runs,
                    "questions": [
                        {
                            "question": row.question,
                            "shown": row.shown,
                            "answered": row.answered,
                            "skipped": row.skipped,
                            "under_way": row.under_way,
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
    ) -> tuple[population.Population, respondents.Respondents]:
        people = population.read(margins or self.settings.margins)
        flow = self.flows(self.versions[-1].id)
        return people, respondents.read(connection, self.survey_id, flow, people)


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
        "dispositions": [
            {"code": what.code, "group": what.group.value, "words": what.words, "people": count}
            for what, count in each.dispositions
        ],
        "e": _rounded(each.eligibility, 4),
        "rates": {name: _rounded(rate, 4) for name, rate in each.rates.items()},
    }


def _rounded(figure: float | None, places: int) -> float | None:
    return None if figure is None else round(figure, places)
