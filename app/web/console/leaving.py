"""/results/…/missing and /leaving: who is missing from a survey, what became of those who were asked, and where people leave."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from app.access import Permission
from app.flows.dictionary.variable import Dictionary
from app.reports.missing.refusals import Unanswerable
from app.web.allowing import needs
from app.web.console import missing, tabling
from app.web.console.counting import Figures, Patience
from app.web.console.office import Office
from app.web.console.rendering import LOCALE
from app.web.console.tabling import Format

Name = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]+$")]
Kind = Annotated[Format, Query(alias="format")]
_FILE_SECONDS = 30.0
_SEE = needs(Permission.SEE_FIGURES)


def add(router: APIRouter, office: Office, figures: Figures) -> None:
    """The routes."""
    desk = office.desk

    def ask(survey: str, what: str, work: Any, seconds: float) -> dict[str, Any]:
        """A document; that it is being counted, or why there is none."""
        try:
            found = figures.told((what, survey), work, wait=seconds)
        except Unanswerable as error:
            return {"found": None, "fault": str(error)}
        return {"found": found.value if found else None, "at": found.at if found else None, "fault": ""}

    def shown(request: Request, survey: str) -> dict[str, Any]:
        dictionary = figures.survey(survey).dictionary
        language = request.scope[LOCALE]
        language = language if language in dictionary.languages else dictionary.language
        return {
            "survey": survey, "title": dictionary.title, "labels": _labels(dictionary, language),
            "questions": {each.name: each.label(language) for each in dictionary.variables},
        }  # fmt: skip

    @router.get("/results/{survey}/missing", dependencies=[_SEE])
    def show_missing(request: Request, survey: Name, kind: Kind = "") -> Response:
        """Respondents beside the census, and what weights would do."""
        patience = Patience(_FILE_SECONDS if kind else 0.8)
        told = shown(request, survey)
        coverage = ask(survey, "coverage", missing.coverage(desk, survey), patience.left)
        if kind and coverage["found"]:
            return tabling.table(kind, f"{survey}_coverage", *missing.coverage_rows(coverage["found"]))
        weights = ask(survey, "weights", missing.weights(desk, survey), patience.left)
        return office.page(request, "missing", coverage=coverage, weights=weights, **told)

    @router.get("/results/{survey}/response", dependencies=[_SEE])
    def show_response(request: Request, survey: Name, kind: Kind = "") -> Response:
        """What became of everybody who was asked."""
        told = shown(request, survey)
        found = ask(survey, "response", missing.response(desk, survey), _FILE_SECONDS if kind else 0.8)
        if kind and found["found"]:
            return tabling.table(kind, f"{survey}_response", *missing.response_rows(found["found"]))
        return office.page(request, "response", response=found, **told)

    @router.get("/results/{survey}/leaving", dependencies=[_SEE])
    def show_leaving(
        request: Request, survey: Name, by: Literal["", "channel", "operator", "hour", "language"] = "", kind: Kind = ""
    ) -> Response:
        """At which question people leave, and why."""
        told = shown(request, survey)
        work = missing.funnel(desk, survey, by)
        found = ask(survey, f"funnel by {by}", work, _FILE_SECONDS if kind else 0.8)
        if kind and found["found"]:
            return tabling.table(kind, f"{survey}_leaving", *missing.funnel_rows(found["found"]))
        counts = missing.funnel_counts(found["found"]) if found["found"] else []
        more = {"funnel": found, "by": by, "sides": missing.SIDES, "counts": counts}
        return office.page(request, "leaving", **(told | more))


def _labels(dictionary: Dictionary, language: str) -> dict[str, str]:
    """What categories are called, whichever question they are of."""
    found: dict[str, str] = {}
    for variable in dictionary.variables:
        for each in variable.categories:
            found.setdefault(each.name, each.labels.get(language) or each.name)
    return found
