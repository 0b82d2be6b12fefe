"""/exports: a survey's data in every format, answers, records and consents as files; and what each variable means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy.engine import Connection
from starlette.datastructures import ImmutableMultiDict

from app.access import Permission
from app.flows.dictionary.variable import Dictionary
from app.gateway.refusals import NotPossible, NotThere
from app.reports import dictionary as said
from app.reports.data.asking import Wish, how_of, usable, which_of
from app.reports.data.extract import Extract, counts_of
from app.reports.data.how import BadWish
from app.reports.formats.kinds import FORMATS
from app.store import surveys
from app.store.exports import Which
from app.store.views import renewing
from app.values import Doubt, Medium, RunState, VersionStatus
from app.web.allowing import needs
from app.web.console import exporting, tabling
from app.web.console.kept import Kept
from app.web.console.office import Office, asker_of
from app.web.console.rendering import LOCALE, go, words_of
from app.web.console.tabling import Format

Name = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]+$")]
Word = Annotated[str, Form(max_length=300, pattern=r"^[^\x00]*$")]
Words = Annotated[list[Word] | None, Form(max_length=20)]
_EXPORT, _CONSENTS = needs(Permission.EXPORT_ANSWERS), needs(Permission.EXPORT_CONSENTS)
_COUNTING_SECONDS = 0.6


@dataclass(frozen=True)
class Chosen:
    """What somebody has chosen in the form, as it stands in the address or in what was sent."""

    survey: str
    wish: Wish
    sent: Mapping[str, Any]
    """The fields as they came, to show them again."""

    @property
    def query(self) -> str:
        """The same as the end of an address."""
        return urlencode([*self.sent.items()], doseq=True)


def read(form: ImmutableMultiDict[str, Any]) -> Chosen:
    """Read the fields of a form or of an address. A box that is not ticked is not there."""

    def every(name: str) -> list[str]:
        return [each[:300] for each in form.getlist(name) if isinstance(each, str) and each]

    def get(name: str) -> str:
        return next(iter(every(name)), "")

    fields = {name: every(name) if name in _SEVERAL else get(name) for name in form}
    states = [each for each in every("state") if each in {*RunState, "all"}] or ["completed"]
    wish = Wish(
        states=states, since=get("from") or None, until=get("to") or None, asked_in=get("asked_in") or None,
        channel=get("channel") if get("channel") in set(Medium) else None, version=get("version") or None,
        where=every("where"), without=[Doubt(e) for e in every("flags") if e in set(Doubt)],
        kind=get("format") if get("format") in FORMATS else "xlsx", language=get("language") or None,
        labels=get("values") == "labels",
        multiples=get("multiples") if get("multiples") in {"split", "joined", "both"} else "both",
        long=get("shape") == "long", reasons=bool(get("reasons")), bom=not get("no_bom"), neutral=not get("raw"),
        hxl=bool(get("hxl")), table=get("table"),
    )  # fmt: skip
    return Chosen(get("survey")[:64], wish, fields)


_SEVERAL = {"state", "where", "flags"}


async def in_address(request: Request) -> Chosen:
    """What an address chooses."""
    return read(request.query_params)


async def in_form(request: Request) -> Chosen:
    """What a form that was sent chooses."""
    return read(await request.form())


Address = Annotated[Chosen, Depends(in_address)]
Sent = Annotated[Chosen, Depends(in_form)]


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, desk, kept = APIRouter(), office.desk, Kept(office.desk.now)
    counter = Counter(office, kept)

    @router.get("/exports", dependencies=[_CONSENTS])
    def show(request: Request, chosen: Address) -> Response:
        """What can be exported, and how much it would be."""
        return counter.page(request, chosen)

    @router.post("/exports/data", dependencies=[_EXPORT])
    def export_data(request: Request, chosen: Sent) -> Response:
        """A survey's data."""
        try:
            about = counter.described(chosen.survey)
            which, how, kind = (
                which_of(chosen.wish, about, desk.zone),
                how_of(chosen.wish, about),
                usable(chosen.wish.kind),
            )
            _ = counter.table(about, which, chosen)
        except BadWish as wrong:
            return counter.page(request, chosen, status=422, fault=str(wrong))
        write = exporting.data(about, which, how, chosen.wish.kind, desk.now())
        return counter.begin(
            request, "data", chosen.survey, f"{chosen.survey}.{kind.ending}", write, query=chosen.query
        )

    @router.get("/exports/dictionary/{survey}", dependencies=[_EXPORT])
    def show_dictionary(
        request: Request, survey: Name, counts: str = "", kind: Annotated[Format, Query(alias="format")] = ""
    ) -> Response:
        """Every variable: what it means, who was asked, and what came of it."""
        return counter.dictionary(request, survey, bool(counts), kind)

    _add_others(router, counter)
    return router


def _add_others(router: APIRouter, counter: "Counter") -> None:
    @router.post("/exports/answers", dependencies=[_EXPORT])
    def export_answers(request: Request, kind: Word = "csv", survey: Word = "", flags: Words = None) -> Response:
        """Every answer, one a line."""
        kind, named = kind if kind in {"csv", "jsonl"} else "csv", counter.known(survey)
        without = frozenset(Doubt(each) for each in flags or () if each in set(Doubt))
        write = exporting.every_answer(kind, named, None, without)
        return counter.begin(request, "answers", named, f"answers.{kind}", write)

    @router.post("/exports/records", dependencies=[_EXPORT])
    def export_records(request: Request, kind: Word = "json", survey: Word = "", states: Words = None) -> Response:
        """Finished records."""
        kind, named = kind if kind in {"json", "xml", "zip"} else "json", counter.known(survey)
        ends = tuple(each for each in exporting.ENDS if each in (states or ())) or (RunState.COMPLETED,)
        ending = "jsonl" if kind == "json" else kind
        return counter.begin(request, "records", named, f"records.{ending}", exporting.finished(kind, named, ends))

    @router.post("/exports/consents", dependencies=[_CONSENTS])
    def export_consents(request: Request, kind: Word = "csv", survey: Word = "") -> Response:
        """Who agreed to what."""
        kind, named = kind if kind in {"csv", "jsonl"} else "csv", counter.known(survey)
        return counter.begin(
            request, "consents", named, f"consents.{kind}", exporting.agreed(kind, named), judged=False
        )


class Counter:
    """Shows what there is, and counts what would be in a file."""

    def __init__(self, office: Office, kept: Kept) -> None:
        self._office, self._desk, self._kept = office, office.desk, kept

    def described(self, survey: str) -> Dictionary:
        """The dictionary of a survey. Raises `NotThere`."""
        found = self._desk.dictionary(survey)
        if found is None:
            raise NotThere("There is no survey of this name that anybody was asked.")
        return found

    def known(self, survey: str) -> str | None:
        """A survey of this name, or all. Raises `NotThere`."""
        if survey and survey not in self._desk.database.read(surveys.ids):
            raise NotThere("There is no survey of this name.")
        return survey or None

    def begin(
        self, request: Request, what: str, survey: str | None, name: str, write: exporting.Write, *, query: str = "",
        judged: bool = True,
    ) -> Response:  # fmt: skip
        """Note an export and let it be written; the page of its task is the next one."""
        pen, at = self._desk.trail(asker_of(request)), self._desk.now()
        self._desk.database.write(lambda connection: pen.note(connection, f"export {what}", survey or "all", at=at))
        title = words_of(request).gettext("Export of %(name)s") % {"name": name}
        work = exporting.begin(self._desk, name, write, judged=judged)
        task = self._office.tasks.begin(title, asker_of(request), work, back=f"/exports?{query}")
        return go(f"/tasks/{task.id}")

    def table(self, about: Dictionary, which: Which, chosen: Chosen) -> Any:
        """The table that is meant; raises `BadWish` where there is no such repeat."""
        how = how_of(chosen.wish, about)
        return self._desk.database.read(
            lambda connection: Extract(connection, about, which, how, at=self._desk.now()).table
        )

    def page(self, request: Request, chosen: Chosen, *, status: int = 200, fault: str = "") -> Response:
        """The form, and how much a file would hold."""
        found = self._desk.database.read(surveys.every)
        there = {each.survey: each.title or each.survey for each in found if each.status is not VersionStatus.DRAFT}
        survey = chosen.survey if chosen.survey in there else next(iter(sorted(there)), "")
        about = self._desk.dictionary(survey) if survey else None
        amount: dict[str, Any] = {}
        if about is not None and not fault:
            try:
                amount = self._amount(about, chosen)
            except BadWish as wrong:
                status, fault = 422, str(wrong)
        language = request.scope[LOCALE]
        shown: dict[str, Any] = {
            "surveys": there, "survey": survey, "about": about, "chosen": chosen, "wish": chosen.wish, "fault": fault,
            "formats": FORMATS, "amount": amount, "states": list(RunState), "finished": exporting.ENDS, "doubts": list(Doubt),
            "labels": language if about and language in about.languages else (about.language if about else "en"),
            "views": self._views(),
        }  # fmt: skip
        return self._office.page(request, "exports", status=status, **shown)

    def _views(self) -> Any:
        """The views as they should be; they change with versions of surveys only."""
        change = self._desk.database.read(surveys.last_change)
        found = self._kept.get(("views", change), lambda: self._desk.database.read(renewing.wanted), wait=10)
        return found.value if found is not None else ()

    def _amount(self, about: Dictionary, chosen: Chosen) -> dict[str, Any]:
        which = which_of(chosen.wish, about, self._desk.zone)
        columns = len(self.table(about, which, chosen).columns)
        runs = self._kept.get(
            ("runs", which),
            lambda: self._desk.database.read(lambda c: exporting.count(c, which)),
            wait=_COUNTING_SECONDS,
        )
        if runs is None:
            return {"columns": columns}
        size = exporting.rough(chosen.wish.kind, runs.value, columns)
        return {"runs": runs.value, "columns": columns, "size": size}

    def dictionary(self, request: Request, survey: str, counted: bool, kind: Format) -> Response:
        """The dictionary as a page or as a file."""
        about = self.described(survey)
        which = which_of(Wish(), about, self._desk.zone)

        def work(connection: Connection) -> Any:
            return counts_of(connection, about, which)

        counts = None
        if counted or kind:
            wait = 60.0 if kind else _COUNTING_SECONDS
            counts = self._kept.get(("dictionary", which), lambda: self._desk.database.read(work), wait=wait)
        if kind and counts is None:
            raise NotPossible("Counting takes long. Try again in some minutes.")
        if kind == "json":
            return tabling.json_of(f"{survey}_dictionary", said.as_json(about, counts.value if counts else {}, which))
        if kind:
            rows = said.rows(about, counts.value if counts else {})
            return tabling.table(kind, f"{survey}_dictionary", said.head(about.languages), rows)
        language = request.scope[LOCALE]
        shown: dict[str, Any] = {
            "about": about, "counts": counts.value if counts else None, "counted": counted, "survey": survey,
            "language": language if language in about.languages else about.language,
        }  # fmt: skip
        return self._office.page(request, "dictionary", **shown)
