"""/stories: what people wrote in their own words, for moderators: no name, no number, and nothing that others can see."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.access import Permission
from app.flows.dictionary.variable import Dictionary, Measure
from app.gateway.refusals import NotThere
from app.store import stories, surveys
from app.values import VersionStatus
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import LOCALE

_COUNT = 25
_MODERATE = needs(Permission.MODERATE)


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, desk = APIRouter(), office.desk

    def there() -> dict[str, tuple[int, str]]:
        found = desk.database.read(surveys.every)
        asked = [each for each in found if each.status is not VersionStatus.DRAFT]
        return {each.survey: (each.survey_id, each.title or each.survey) for each in asked}

    @router.get("/stories", dependencies=[_MODERATE])
    def show(
        request: Request, survey: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    ) -> Response:  # fmt: skip
        """The newest, of one survey."""
        known = there()
        survey = survey if survey in known else next(iter(sorted(known)), "")
        about = desk.dictionary(survey) if survey else None
        found = stories.Found((), None)
        if about is not None:
            wanted = _in_own_words(about)
            found = desk.database.read(
                lambda c: stories.latest(c, known[survey][0], wanted, before=before, count=_COUNT)
            )
        titles = {name: title for name, (_, title) in known.items()}
        return office.page(
            request,
            "stories",
            found=found,
            questions=_labels(about, request),
            surveys=titles,
            survey=survey,
            before=before,
        )

    @router.get("/stories/{uid}", dependencies=[_MODERATE])
    def read(request: Request, uid: UUID) -> Response:
        """One of them."""
        found = desk.database.read(lambda connection: stories.find(connection, uid))
        about = desk.dictionary(found.survey) if found is not None else None
        if found is None or about is None or found.question not in _in_own_words(about):
            raise NotThere("It is not there. Perhaps she has taken it back.")
        pen, at = desk.trail(asker_of(request)), desk.now()
        desk.database.write(lambda connection: pen.note(connection, "story read", f"{found.survey} {uid}", at=at))
        return office.page(request, "story", story=found, questions=_labels(about, request))

    return router


def _in_own_words(about: Dictionary) -> set[str]:
    """The questions that are answered in own words; what the form works out is none."""
    return {each.name for each in about.variables if each.measure is Measure.TEXT and each.type == "text"}


def _labels(about: Dictionary | None, request: Request) -> dict[str, str]:
    if about is None:
        return {}
    language = request.scope[LOCALE]
    language = language if language in about.languages else about.language
    return {each.name: each.label(language) for each in about.variables}
