"""/connect: text to paste into Excel, Power BI, R and others, and the keys by which programs come in."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from app.access import MATRIX, WORDS, Permission, allowed
from app.gateway import tokens
from app.gateway.refusals import NotPossible
from app.reports.formats.kinds import FORMATS
from app.store import surveys
from app.store import tokens as stored
from app.values import Role, VersionStatus
from app.web.allowing import needs
from app.web.console import snippets
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of

Short = Annotated[str, Form(max_length=100)]
_SEE, _MANAGE = needs(Permission.SEE_FIGURES), needs(Permission.MANAGE_ACCESS)


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, desk = APIRouter(), office.desk

    def page(request: Request, survey: str, *, status: int = 200, **more: Any) -> Response:
        found = desk.database.read(surveys.every)
        there = {each.survey: each.title or each.survey for each in found if each.status is not VersionStatus.DRAFT}
        survey = survey if survey in there else next(iter(sorted(there)), "")
        base = desk.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        shown = {"name": "", "wanted": Role.ANALYST.value, "key": "", "fault": "", "made": ""} | more
        manages = allowed(asker_of(request).role, Permission.MANAGE_ACCESS)
        every = snippets.of(
            base, survey, desk.settings.database, shown["made"] or "YOUR_KEYS_NAME", shown["key"] or snippets.KEY
        )
        return office.page(
            request, "connect", status=status, surveys=there, survey=survey, base=base,
            snippets={each.id: each for each in every} if survey else {}, roles=list(Role),
            keys=desk.database.read(stored.every) if manages else [], may_words=_may_words(),
            lacks={name: FORMATS[name].lacks for name in ("sav", "dta")}, **shown,
        )  # fmt: skip

    @router.get("/connect", dependencies=[_SEE])
    def show(request: Request, survey: Annotated[str, Query(max_length=64)] = "") -> Response:
        """What to paste where."""
        return page(request, survey)

    @router.post("/connect/keys", dependencies=[_MANAGE])
    def add(request: Request, name: Short = "", role: Short = Role.ANALYST.value, survey: Short = "") -> Response:
        """Make a key. The page that answers shows it, once: no address and no cookie ever holds it."""
        try:
            chosen = Role(role) if role in set(Role) else Role.ANALYST
            name = tokens.checked(name)
            key = tokens.add(desk.database, desk.trail(asker_of(request)), name, chosen, desk.now())
        except NotPossible as error:
            return page(request, survey, status=422, name=name, wanted=role, fault=str(error))
        return page(request, survey, key=key, made=name)

    @router.post("/connect/keys/remove", dependencies=[_MANAGE])
    def remove(request: Request, name: Short = "", survey: Short = "") -> Response:
        """Let a key be valid no more."""
        tokens.remove(desk.database, desk.trail(asker_of(request)), name, desk.now())
        said = words_of(request).gettext("The key “%(name)s” is valid no more.") % {"name": name}
        return go(f"/connect?survey={quote(survey, safe='')}", said)

    return router


def _may_words() -> dict[Role, str]:
    """What a key of each role may do, in a line."""
    plain = {role: [WORDS[each] for each in Permission if each in MATRIX[role]] for role in Role}
    return {role: "; ".join(said) if role is not Role.ADMIN else "" for role, said in plain.items()}
