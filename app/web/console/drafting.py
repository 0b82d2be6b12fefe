"""/broadcasts/new and the steps of a draft: audience, message, times and money, check. Each step is stored before the next."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import Response

from app.access import Permission
from app.flows import gsm7
from app.flows.review.tariff import BadTariff
from app.gateway.broadcasting import Broadcasting
from app.gateway.drafting import Draft
from app.gateway.refusals import NotNow, NotPossible
from app.gateway.trying import wording_of
from app.money import NotMoney
from app.store.query import BadSegment
from app.values import without_numbers
from app.web.allowing import needs
from app.web.console import audiences, wording
from app.web.console.audiences import Meant
from app.web.console.draft_forms import BadForm, MessageForm, StartForm, TimesForm
from app.web.console.office import Office
from app.web.console.rendering import go, words_of

Name = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]+$")]
_RUN = needs(Permission.RUN_BROADCASTS)
_STEPS = {"audience", "message", "times", "check"}
FAULTS = (NotPossible, BadSegment, NotMoney, BadTariff, BadForm)


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _beginning(router, office)
    _audience(router, office)
    _message(router, office)
    _times(router, office)
    return router


def _beginning(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.get("/broadcasts/new", dependencies=[_RUN])
    def begin(
        request: Request,
        survey: Annotated[str, Query(max_length=64)] = "",
        segment: Annotated[str, Query(max_length=64)] = "",
    ) -> Response:
        """What is to be sent, and to whom."""
        who = "segment" if segment else "everybody"
        return _show_audience(office, request, StartForm(survey=survey, who=who, segment=segment), None)

    @router.post("/broadcasts/new", dependencies=[_RUN])
    def make(request: Request, form: Annotated[StartForm, Form()]) -> Response:
        """Store a draft, and go on with its message."""
        try:
            if form.name.strip() == "new":
                raise NotPossible(words_of(request).gettext("Choose another name."))
            with desk.planning() as planning:
                planning.draft(
                    _worded(planning, Draft(form.name.strip(), form.mode, form.asked, form.query)), desk.now()
                )
        except FAULTS as error:
            return _show_audience(office, request, form, None, _said(error))
        return go(f"{address(form.name.strip())}/message")

    @router.get("/broadcasts/count", dependencies=[_RUN])
    def tell(request: Request, meant: Annotated[Meant, Query()]) -> Response:
        """How many are meant, while somebody chooses."""
        return office.page(request, "_count", counted=audiences.counted(desk, meant.query))


def _audience(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.get("/broadcasts/{name}/audience", dependencies=[_RUN])
    def show(request: Request, name: Name) -> Response:
        """Who gets it."""
        draft = _draft(office, name)
        meant = Meant.of(desk, draft.audience)
        form = StartForm(name=name, mode=draft.mode, survey=draft.survey or "", **meant.model_dump())
        return _show_audience(office, request, form, name)

    @router.post("/broadcasts/{name}/audience", dependencies=[_RUN])
    def store(request: Request, name: Name, form: Annotated[StartForm, Form()]) -> Response:
        """Store who gets it. Another survey has other words."""
        try:
            with desk.planning() as planning:
                before = planning.drafting.of(planning.find(name))
                after = replace(before, mode=form.mode, survey=form.asked, audience=form.query)
                if (before.mode, before.survey) != (after.mode, after.survey):
                    after = _worded(planning, replace(after, texts={}, remind_texts={}))
                planning.redraft(after, desk.now())
        except FAULTS as error:
            return _show_audience(office, request, form, name, _said(error))
        return go(f"{address(name)}/{_next(form.to, 'message')}")


def _message(router: APIRouter, office: Office) -> None:
    @router.get("/broadcasts/{name}/message", dependencies=[_RUN])
    def show(request: Request, name: Name) -> Response:
        """What it says in each language."""
        draft = _draft(office, name)
        locales = list(dict.fromkeys([*draft.texts, *_locales(office, draft)]))
        form = MessageForm(locale=locales, text=[draft.texts.get(each, "") for each in locales], first=locales[0])
        return _show_message(office, request, name, draft, form)

    @router.post("/broadcasts/{name}/message", dependencies=[_RUN])
    def store(request: Request, name: Name, form: Annotated[MessageForm, Form()]) -> Response:
        """Store what it says."""
        draft = _draft(office, name)
        try:
            if draft.mode != "conversation":
                _change(office, name, lambda before: replace(before, texts=form.texts))
        except FAULTS as error:
            return _show_message(office, request, name, draft, form, _said(error))
        return go(f"{address(name)}/{_next(form.to, 'times')}")

    @router.post("/broadcasts/{name}/preview", dependencies=[_RUN])
    def preview(
        request: Request,
        name: Name,
        form: Annotated[MessageForm, Form()],
        place: Annotated[int, Query(ge=0, lt=50)] = 0,
    ) -> Response:
        """One of the texts on a phone, while it is written."""
        text = form.text[place] if place < len(form.text) else ""
        return office.page(request, "_phone", phone=_phone(text.replace("\r\n", "\n")), name=name)


def _times(router: APIRouter, office: Office) -> None:
    desk = office.desk

    @router.get("/broadcasts/{name}/times", dependencies=[_RUN])
    def show(request: Request, name: Name) -> Response:
        """When it sends, how fast, and what it may cost."""
        draft = _draft(office, name)
        return _show_times(office, request, draft, TimesForm.of(draft, desk.zone))

    @router.post("/broadcasts/{name}/times", dependencies=[_RUN])
    def store(request: Request, name: Name, form: Annotated[TimesForm, Form()]) -> Response:
        """Store it, and go on to the check."""
        try:
            _change(office, name, lambda before: form.into(before, desk.zone))
        except FAULTS as error:
            return _show_times(office, request, _draft(office, name), form, _said(error))
        return go(f"{address(name)}/{_next(form.to, 'check')}")


def address(name: str) -> str:
    """Where a broadcast is."""
    return f"/broadcasts/{quote(name, safe='')}"


def _said(error: Exception) -> str:
    return without_numbers(str(error))


def _next(wanted: str, usual: str) -> str:
    return wanted if wanted in _STEPS else usual


def _draft(office: Office, name: str) -> Draft:
    with office.desk.planning() as planning:
        which = planning.find(name)
        if which.state not in {"draft", "checked"}:
            raise NotNow(f"The broadcast {name!r} is {which.state}; only a draft is changed.")
        return planning.drafting.of(which)


def _change(office: Office, name: str, change: Callable[[Draft], Draft]) -> None:
    with office.desk.planning() as planning:
        planning.redraft(change(planning.drafting.of(planning.find(name))), office.desk.now())


def _worded(planning: Broadcasting, draft: Draft) -> Draft:
    """A draft with Izwi's own words; where it has none, an empty text that somebody writes in the next step."""
    if draft.mode == "message":
        return replace(draft, texts={"en": ""})
    try:
        return replace(draft, texts=planning.drafting.texts(draft))
    except NotPossible:
        return replace(draft, texts={planning.drafting.locales(draft)[0]: ""})


def _locales(office: Office, draft: Draft) -> list[str]:
    """The languages that are offered: those of the survey, or those that Izwi speaks."""
    if draft.mode == "message":
        return list(wording.LOCALES)
    with office.desk.planning() as planning:
        return planning.drafting.locales(draft)


def _phone(text: str) -> dict[str, Any]:
    encoding, units, parts = gsm7.segments(text)
    most = {"GSM-7": 160, "UCS-2": 70} if parts == 1 else {"GSM-7": 153, "UCS-2": 67}
    return {
        "text": text, "encoding": encoding, "units": units, "parts": parts, "room": parts * most[encoding],
        "outside": " ".join(gsm7.outside(text)),
    }  # fmt: skip


def _show_audience(office: Office, request: Request, form: StartForm, name: str | None, fault: str = "") -> Response:
    return office.page(
        request, "broadcast_audience", status=422 if fault else 200, form=form, name=name, fault=fault,
        published=_published(office), counted=audiences.counted(office.desk, form.query), **audiences.known(office.desk),
    )  # fmt: skip


def _published(office: Office) -> list[str]:
    with office.desk.planning() as planning:
        return planning.surveys()


def _show_message(
    office: Office, request: Request, name: str, draft: Draft, form: MessageForm, fault: str = ""
) -> Response:
    given = dict(zip(form.locale, form.text, strict=False))
    if draft.mode == "conversation":
        given = openings(office, name)
    phones = {locale: _phone(text) for locale, text in given.items()}
    return office.page(
        request, "broadcast_message", status=422 if fault else 200, name=name, draft=draft, form=form, phones=phones,
        fault=fault,
    )  # fmt: skip


def openings(office: Office, name: str) -> dict[str, str]:
    """Language → the first message that people get."""
    desk = office.desk
    with desk.planning() as planning:
        which = planning.find(name)
        words = wording_of(desk.settings, planning.library, which, desk.now())
        return {locale: words.text(0, locale) for locale in words.locales}


def _show_times(office: Office, request: Request, draft: Draft, form: TimesForm, fault: str = "") -> Response:
    return office.page(
        request, "broadcast_times", status=422 if fault else 200, name=draft.name, draft=draft, form=form, fault=fault,
        channels=list(office.desk.settings.lines), locales_of=_locales(office, draft), reminders=form.texts,
    )  # fmt: skip
