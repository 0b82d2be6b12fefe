"""/surveys/…/publish and /retire: a version's way to people's phones, and out of them again. Both say first what it means."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.engine import Connection

from app.access import Permission
from app.gateway import clashes, versions
from app.gateway.refusals import NotNow
from app.store import surveys
from app.store.surveys import Version
from app.values import VersionStatus
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of
from app.web.console.surveys import changes, named, version_of, versions_of

_MANAGE = needs(Permission.MANAGE_SURVEYS)


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _publishing(router, office)
    _throwing_away(router, office)
    _retiring(router, office)
    return router


def _publishing(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.get("/surveys/{survey}/{version_id}/publish", dependencies=[_MANAGE])
    def ask(request: Request, survey: str, version_id: int) -> Response:
        """Say what it means that people get this version from now on, and ask."""
        return office.page(request, "survey_publish", **_before(office, survey, version_id))

    @router.post("/surveys/{survey}/{version_id}/publish", dependencies=[_MANAGE])
    def publish(
        request: Request,
        survey: str,
        version_id: int,
        seen: Annotated[int, Form()] = 0,
        sure: Annotated[str, Form()] = "",
    ) -> Response:
        """Let people who begin get this version from now on."""
        shown = _before(office, survey, version_id)
        version, current = shown["version"], shown["current"]
        words = words_of(request)
        if version == current:
            return go(_of(survey), words.gettext("It is published already; nothing was changed."))
        if shown["made"] and shown["made"]["warnings"] and not sure:
            return office.page(request, "survey_publish", status=422, **shown | {"unsure": True})
        note = _note(office, request, "survey publish", version)
        is_as_seen = (current.id if current else 0) == seen
        if not is_as_seen or not versions.publish(desk.database, version, current, desk.now(), note):
            raise _changed()
        return go(_of(survey), words.gettext("It is published. A running service asks it within some seconds."))


def _throwing_away(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.post("/surveys/{survey}/{version_id}/throw-away", dependencies=[_MANAGE])
    def throw_away(request: Request, survey: str, version_id: int) -> Response:
        """Forget a draft."""
        version = desk.database.read(lambda connection: version_of(connection, survey, version_id))
        versions.throw_away(desk.database, version.id, desk.now(), desk.trail(asker_of(request)))
        others = desk.database.read(lambda connection: surveys.of_survey(connection, survey))
        return go(_of(survey) if others else "/surveys", words_of(request).gettext("The draft is thrown away."))


def _retiring(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.get("/surveys/{survey}/{version_id}/retire", dependencies=[_MANAGE])
    def ask(request: Request, survey: str, version_id: int) -> Response:
        """Say what it means to ask no more, and ask."""

        def read(connection: Connection) -> dict[str, Any]:
            version = version_of(connection, survey, version_id)
            return {"version": version, "counts": surveys.counts(connection, version.survey_id).get(version.id)}

        return office.page(request, "survey_retire", survey=survey, **desk.database.read(read))

    @router.post("/surveys/{survey}/{version_id}/retire", dependencies=[_MANAGE])
    def retire(request: Request, survey: str, version_id: int) -> Response:
        """Begin no more runs of it."""
        version = desk.database.read(lambda connection: version_of(connection, survey, version_id))
        words = words_of(request)
        if version.status is VersionStatus.DRAFT:
            raise NotNow("Nobody is asked a draft: there is nothing to end.")
        if version.status is VersionStatus.RETIRED:
            return go(_of(survey), words.gettext("It is retired already; nothing was changed."))
        if not versions.retire(desk.database, version, desk.now(), _note(office, request, "survey retire", version)):
            raise _changed()
        return go(_of(survey), words.gettext("It is retired: nobody begins it any more."))


def _before(office: Office, survey: str, version_id: int) -> dict[str, Any]:
    """What somebody has to know who decides."""
    desk = office.desk
    found = desk.database.read(lambda connection: versions_of(connection, survey))
    version, before = named(found, version_id), versions.asked_before(found, named(found, version_id))
    prefix = clashes.prefix_of(desk.database, version.id)
    prefixes = {**clashes.prefixes(desk.database), survey: prefix} if prefix else {}
    counts = desk.database.read(lambda connection: surveys.counts(connection, version.survey_id))
    return {
        "survey": survey,
        "version": version,
        "current": versions.published_of(found),
        "before": before,
        "made": changes(desk.database, before, version) if before is not None else None,
        "clashes": [each for each in clashes.clashes(desk.settings, prefixes) if survey in each.surveys],
        "active": [(each, counts[each.id].active) for each in found if each.id in counts and counts[each.id].active],
        "started": versions.is_started(desk.settings, survey),
        "unsure": False,
    }


def _note(office: Office, request: Request, what: str, version: Version) -> Callable[[Connection], None]:
    pen, at = office.desk.trail(asker_of(request)), office.desk.now()
    subject = f"{version.survey} {version.version}"[:128]
    return lambda connection: pen.note(connection, what, subject, at=at)


def _changed() -> NotNow:
    return NotNow("Somebody else has changed this survey meanwhile. Look again; nothing was changed now.")


def _of(survey: str) -> str:
    return f"/surveys/{quote(survey, safe='')}"
