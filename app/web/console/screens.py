"""/surveys/…/screens: what `izwi check` knows of a version, as a page: every screen drawn, faults, length and cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.access import Permission
from app.flows.asking.previews import Preview
from app.flows.flow import Flow
from app.flows.review import page as review
from app.flows.review.check import Report
from app.flows.review.findings import Finding, language, verdict
from app.gateway import planning, reviewing
from app.store.surveys import Version
from app.values import Medium
from app.web.allowing import needs
from app.web.console.kept import Kept
from app.web.console.office import Office
from app.web.console.surveys import version_of

_SEE = needs(Permission.SEE_STATUS)
_A_PAGE = 12
"""So many questions are drawn on one page."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking a version over."""

    report: Report
    verdict: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    """Language, and the cells of the table of lengths."""
    how: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A question with its screens: for each way that notes may stand above it, and each language, those of each channel."""

    name: str
    about: str
    found: Sequence[Finding]
    ways: Sequence[tuple[Sequence[str], Sequence[tuple[str, str, Mapping[Medium, Preview]]]]]


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, desk = APIRouter(), office.desk
    rooms = reviewing.rooms_of(desk.settings)
    kept = Kept(desk.now, most=4)

    def look(version: Version) -> Looked:
        report = reviewing.of_version(desk.database, version, rooms)
        prices = planning.tariff_of(desk.settings)
        lines, how = reviewing.priced(report, desk.settings, prices, rooms, (desk.settings.tariff or _NOWHERE).name)
        heads, cells = review.columns(lines, rooms)
        names = [language(report.flow, line.locale) for line in lines] if report.flow else []
        return Looked(report, verdict(report.findings), heads, list(zip(names, cells, strict=True)), how)

    def shown(survey: str, version_id: int, locale: str, first: int) -> dict[str, Any]:
        version = desk.database.read(lambda connection: version_of(connection, survey, version_id))
        looked = kept.value((version.id, version.digest), lambda: look(version))
        return {"survey": survey, "version": version, "looked": looked, **_part(looked, locale, first), "rooms": rooms}

    @router.get("/surveys/{survey}/{version_id}/screens", dependencies=[_SEE])
    def show(
        request: Request, survey: str, version_id: int,
        language: Annotated[str, Query(max_length=35)] = "", first: Annotated[int, Query(ge=0, alias="from")] = 0,
    ) -> Response:  # fmt: skip
        """Every screen in every language, some questions a page."""
        return office.page(request, "survey_screens", **shown(survey, version_id, language, first))

    @router.get("/live/surveys/{survey}/{version_id}/screens", dependencies=[_SEE])
    async def stream(request: Request, survey: str, version_id: int) -> Response:
        """The same as soon as it is there."""
        key = ("screens", survey, version_id)
        return office.stream(request, key, "_screens", lambda: shown(survey, version_id, "", 0))

    return router


class _Nowhere:
    name = ""


_NOWHERE = _Nowhere()


def _part(looked: Looked | None, locale: str, first: int) -> dict[str, Any]:
    """The questions of one page, in all languages or in one."""
    if looked is None or looked.report.flow is None:
        return {"drawn": [], "languages": {}, "chosen": "", "first": 0, "total": 0, "a_page": _A_PAGE}
    flow = looked.report.flow
    chosen = locale if locale in flow.locales else ""
    names = {each: language(flow, each) for each in flow.locales}
    groups = _grouped(flow, looked.report)
    first = min(first, max(0, len(groups) - 1)) // _A_PAGE * _A_PAGE
    locales = [chosen] if chosen else list(flow.locales)
    drawn = [_drawn(flow, looked.report, name, screens, locales) for name, screens in groups[first : first + _A_PAGE]]
    return {
        "drawn": drawn, "languages": names, "chosen": chosen, "first": first, "total": len(groups), "a_page": _A_PAGE,
    }  # fmt: skip


def _grouped(flow: Flow, report: Report) -> list[tuple[str, list[Preview]]]:
    """The screens of each question in the form's order; those of the end come last, without a name."""
    found: dict[str, list[Preview]] = {}
    for screen in report.screens:
        found.setdefault(screen.question.name if screen.question else "", []).append(screen)
    ordered = [each.name for each in flow.questions if each.name in found]
    return [(name, found[name]) for name in (*ordered, *([""] if "" in found else []))]


def _drawn(flow: Flow, report: Report, name: str, screens: Sequence[Preview], locales: Sequence[str]) -> Drawn:
    question = flow.by_name.get(name)
    about = question.kind.name if question else ""
    ways = []
    ordered = sorted(screens, key=lambda each: each.notes)
    for notes, some in groupby(ordered, key=lambda each: each.notes):
        together = list(some)
        ways.append((notes, [_in_language(flow, together, locale) for locale in locales]))
    return Drawn(name, about, [each for each in report.findings if name and each.name == name], ways)


def _in_language(flow: Flow, screens: Sequence[Preview], locale: str) -> tuple[str, str, Mapping[Medium, Preview]]:
    return locale, language(flow, locale), {each.medium: each for each in screens if each.locale == locale}
