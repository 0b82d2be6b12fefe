"""/results: what people answered, in figures that name nobody: bars, cross-tables, a map, and the same as files."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.access import Permission
from app.gateway.refusals import NotPossible
from app.reports.figures import plain
from app.reports.figures.axes import Survey
from app.reports.figures.page import Page
from app.reports.figures.table import NO_ANSWER
from app.reports.missing.refusals import Unanswerable
from app.store import surveys
from app.values import VersionStatus
from app.web.allowing import needs
from app.web.console import files, leaving, mapping, tabling
from app.web.console.counting import Figures, Patience, Wish, choices, page_of, wanted
from app.web.console.kept import Kept
from app.web.console.office import Office, asker_of
from app.web.console.rendering import LOCALE, go, words_of
from app.web.console.tabling import Format
from app.web.console.tasks import Task

Name = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]+$")]
Word = Annotated[str, Query(max_length=255, pattern=r"^[^\x00]*$")]
Words = Annotated[list[Word] | None, Query(max_length=6)]
_SEE = needs(Permission.SEE_FIGURES)
_DOWNLOAD_SECONDS, _LONG_SECONDS = 3.0, 600.0
_MOST_AGAIN = 15


@dataclass(frozen=True)
class Asked:
    """What an address asks for."""

    wish: Wish
    question: str
    language: str
    choice: str

    @property
    def query(self) -> str:
        """The same as the end of an address."""
        return self.with_()

    def with_(self, *, question: str = "", by: str = "") -> str:
        """The same with another question, or set beside something else."""
        pairs = [("by", each) for each in ((by,) if by else self.wish.by)]
        pairs += [("where", each) for each in self.wish.where]
        pairs += [("weights", "rake")] if self.wish.weights else []
        more = {"language": self.language, "question": question or self.question, "choice": self.choice}
        return urlencode(pairs + [(name, value) for name, value in more.items() if value])


def asked(
    survey: Name, by: Words = None, where: Words = None, weights: Word = "", language: Word = "", question: Word = "",
    choice: Word = "",
) -> Asked:  # fmt: skip
    """What an address asks for; empty fields of its form do not count."""
    wish = Wish(survey, tuple(filter(None, by or ())), tuple(filter(None, where or ())), weights == "rake")
    return Asked(wish, question, language, choice)


Asking = Annotated[Asked, Depends(asked)]


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, desk = APIRouter(), office.desk
    figures = Figures(desk, Kept(desk.now))
    leaving.add(router, office, figures)

    @router.get("/results", dependencies=[_SEE])
    def choose(request: Request) -> Response:
        """Which survey; where there is one only, that one."""
        found = desk.database.read(surveys.every)
        there = {each.survey: each for each in found if each.status is not VersionStatus.DRAFT}
        if len(there) == 1:
            return RedirectResponse(f"/results/{quote(next(iter(there)), safe='')}", 303)
        return office.page(request, "results", surveys=sorted(there.values(), key=lambda each: each.title))

    @router.get("/results/{survey}", dependencies=[_SEE])
    def show(
        request: Request, survey: Name, what: Asking, kind: Annotated[Format, Query(alias="format")] = ""
    ) -> Response:
        """All questions, or one, with their figures as far as they are counted; or the same as a file."""
        looking = Looking(office, figures, request, what)
        _note(office, request, survey)
        return looking.file(kind) if kind else looking.page()

    @router.get("/results/{survey}/part/{name}", dependencies=[_SEE])
    def part(request: Request, name: Name, what: Asking, again: Annotated[int, Query(ge=0)] = 0) -> Response:
        """One question of the page, which was being counted."""
        looking = Looking(office, figures, request, what)
        shown = looking.common() | {"section": looking.section(name, Patience(), again + 1)}
        return office.page(request, "_question", **shown)

    return router


class Looking:
    """One look at the figures of a survey."""

    def __init__(self, office: Office, figures: Figures, request: Request, what: Asked) -> None:
        self._office, self._figures, self._request, self._what = office, figures, request, what
        self._survey = figures.survey(what.wish.survey)
        figures.check(self._survey, what.wish)
        self._language = _language(self._survey, what.language, request.scope[LOCALE])
        every = wanted(self._survey, what.wish)
        if what.question and self._survey.dictionary.variable(what.question) is None:
            raise NotPossible(f"There is no question {what.question}.")
        self._questions = [what.question] if what.question else every

    def page(self) -> Response:
        """The page, with what can be counted in a moment."""
        patience = Patience()
        trend = self._figures.alone(self._survey, "month", wait=patience.left)
        sections = [self.section(each, patience, 0) for each in self._questions]
        about = words_of(self._request).gettext
        shown = self.common() | {
            "about": {
                "language": about("Language"), "channel": about("By menu or by SMS"), "mode": about("Who held the phone"),
                "version": about("Version"), "month": about("Month"), "flagged": about("With doubts"),
            },
            "every": [(each, self._label(each)) for each in wanted(self._survey, Wish(self._what.wish.survey))],
            "counted_at": next((each["at"] for each in sections if each["page"]), None),
            "sections": sections, "trend": trend, "axes": choices(self._survey, self._language),
            "months": _months(trend.value) if trend else (), "total": trend.value.at(("",)).n if trend else None,
            "languages": self._survey.dictionary.languages,
        }  # fmt: skip
        return self._office.page(self._request, "result", **shown)

    @property
    def _province(self) -> str:
        """The question that tells the province, where the map knows its choices."""
        found = (each for each in self._survey.dictionary.variables if mapping.knows(c.name for c in each.categories))
        return next((each.name for each in found), "")

    def _label(self, question: str) -> str:
        variable = self._survey.dictionary.variable(question)
        return variable.label(self._language) if variable else question

    def common(self) -> dict[str, Any]:
        """What parts of the page need too."""
        return {
            "survey": self._what.wish.survey, "title": self._survey.dictionary.title, "what": self._what,
            "language": self._language, "credit": mapping.CREDIT, "rules": self._survey.rules, "province": self._province,
        }  # fmt: skip

    def section(self, question: str, patience: Patience, again: int) -> dict[str, Any]:
        """A question with its figures, or that they are being counted, or why there are none."""
        shown: dict[str, Any] = {
            "name": question, "label": self._label(question), "page": None, "fault": "", "again": again, "map": None,
            "silent": None,
        }  # fmt: skip
        try:
            found = self._figures.ask(self._survey, self._what.wish, question, wait=patience.left)
        except (NotPossible, Unanswerable) as error:
            return shown | {"fault": str(error)}
        if found is None:
            return shown | {"delay": min(2 + again, _MOST_AGAIN)}
        page = page_of(self._survey, found.value, self._what.wish, self._language)
        return shown | {
            "page": page,
            "at": found.at,
            "several": found.value.figures.several,
            "silent": found.value.silence,
            "map": self._map(page),
        }

    def _map(self, page: Page) -> dict[str, Any] | None:
        """The provinces, where the figures are told by them alone: of the question itself, or of one of its choices."""
        choice = next((row for row in page.rows if row.name == self._what.choice), page.rows[0] if page.rows else None)
        if not page.by:
            if not mapping.knows(row.name for row in page.rows):
                return None
            drawn = mapping.draw({row.name: (row.label, row.figures[0].share) for row in page.rows})
            return {"drawn": drawn, "choice": None}
        if len(page.by) > 1 or choice is None or not mapping.knows(each.key[0] for each in page.columns[1:]):
            return None
        pairs = zip(page.columns, choice.figures, strict=True)
        drawn = mapping.draw({column.key[0]: (column.label, figure.share) for column, figure in pairs})
        return {"drawn": drawn, "choice": choice}

    def file(self, kind: str) -> Response:
        """The same figures as a file: at once, or by a task where they take long to count."""
        pages = self._pages(_DOWNLOAD_SECONDS)
        if pages is not None:
            return tabling.sent(kind, self._what.wish.survey, _content(kind, pages))
        words, asker = words_of(self._request), asker_of(self._request)
        title = words.gettext("Figures of %(survey)s") % {"survey": self._survey.dictionary.title}
        back = f"/results/{quote(self._what.wish.survey, safe='')}?{self._what.query}"
        task = self._office.tasks.begin(title, asker, self._later(kind), back=back, total=len(self._questions))
        return go(f"/tasks/{task.id}")

    def _later(self, kind: str) -> Any:
        def work(task: Task) -> str:
            found: list[Page] = []
            for count, question in enumerate(self._questions):
                task(count)
                found += self._pages(_LONG_SECONDS, [question]) or []
            if len(found) < len(self._questions):
                raise NotPossible("Counting took too long. Ask for one question.")
            task.name, task.once = f"{self._what.wish.survey}.{kind}", True
            task.file = files.place(self._office.desk.settings.data_dir, task.id)
            task.file.write_bytes(_content(kind, found))
            return words_of(self._request).gettext("The figures are counted.")

        return work

    def _pages(self, seconds: float, questions: Sequence[str] | None = None) -> list[Page] | None:
        patience, found = Patience(seconds), []
        for each in questions or self._questions:
            counted = self._figures.ask(self._survey, self._what.wish, each, wait=patience.left)
            if counted is None:
                return None
            found.append(page_of(self._survey, counted.value, self._what.wish, self._language))
        return found


def _content(kind: str, pages: Sequence[Page]) -> bytes:
    if kind == "json":
        out = io.StringIO()
        plain.write_json(out, pages)
        return out.getvalue().encode()
    return tabling.written(kind, "Figures", plain.COLUMNS, _rows(pages))


def _rows(pages: Sequence[Page]) -> Iterator[list[Any]]:
    for said, figures in plain.lines(pages):
        yield [*said, *figures]


def _language(survey: Survey, chosen: str, locale: str) -> str:
    """The language of labels: the one that was chosen, else the page's where the survey has it."""
    languages = survey.dictionary.languages
    if chosen and chosen not in languages:
        raise NotPossible(f"It is not in {chosen}. Its languages are: {', '.join(languages)}.")
    return chosen or (locale if locale in languages else survey.dictionary.language)


def _months(found: Any) -> list[tuple[str, int | None]]:
    (months,) = found.dimensions
    return [(each, found.at((each,)).n) for each in months.categories if each != NO_ANSWER]


def _note(office: Office, request: Request, survey: str) -> None:
    pen, at = office.desk.trail(asker_of(request)), office.desk.now()
    office.desk.database.write(lambda connection: pen.note(connection, "report figures", survey, at=at))
