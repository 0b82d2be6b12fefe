"""/surveys/…: who is missing from a survey and where people leave it, the same as `izwi coverage` and its sisters."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.engine import Connection

from app.access import Permission
from app.reports.missing.desk import Desk as Answers
from app.reports.missing.desk import Document
from app.reports.missing.weights import LIMIT
from app.store.funnels import By
from app.web.allowing import needs
from app.web.desk import Desk

Survey = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]+$")]
Dimensions = Annotated[
    str, Query(max_length=200, pattern=r"^[a-z,]*$", description="e.g. `province,sex`; empty: all margins")
]
Limit = Annotated[float, Query(ge=1.5, le=100, description="Largest weight, in medians")]
Name = Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00]+$", description="Only this broadcast")]
_SEE, _FIGURES = needs(Permission.SEE_STATUS), needs(Permission.SEE_FIGURES)
_HIDDEN = "null is hidden, or cannot be said"


class _Told(BaseModel):
    survey: str


class CoverageRow(BaseModel):
    """A category: by its margins, which stand here too."""

    model_config = ConfigDict(extra="allow")

    respondents: int | None = Field(description=_HIDDEN)
    share: float | None
    expected: float
    ratio: float | None
    short: int | None


class CoverageOthers(BaseModel):
    """All categories together that are not shown one by one."""

    categories: list[list[str]]
    respondents: int
    share: float
    expected: float
    ratio: float | None
    short: int


class CoverageTable(BaseModel):
    """Respondents beside the population, by some margins."""

    by: list[str]
    respondents: int | None
    unsaid: int | None
    rows: list[CoverageRow]
    others: CoverageOthers | None


class Coverage(_Told):
    """Who is missing."""

    population: str
    basis: str
    words: str = Field(description="What the figures can speak for; show it beside them")
    not_in_population: list[str]
    tables: list[CoverageTable]


class Together(BaseModel):
    """Categories of a margin that are not shown one by one, and are weighted as one."""

    by: list[str]
    categories: list[list[str]]
    share: float = Field(description="Of the population")


class Weighted(_Told):
    """How respondents are weighted, and what that costs."""

    population: str
    words: str
    by: list[list[str]]
    respondents: int
    effective: int
    design_effect: float
    limit: float
    trimmed: bool = Field(description="Whether any weight was cut")
    off: float
    unsaid: dict[str, int | None]
    not_in_population: list[str]
    together: list[Together]


class Disposed(BaseModel):
    """So many people with one disposition."""

    code: str
    group: str
    words: str
    people: int | None = Field(description=_HIDDEN)


class ResponseSection(BaseModel):
    """A broadcast, or (with an empty name) those who came by themselves."""

    broadcast: str
    words: list[str]
    people: int | None
    under_way: int | None
    groups: dict[str, int | None]
    dispositions: list[Disposed]
    e: float | None
    rates: dict[str, float | None]


class Response(_Told):
    """What became of everybody who was asked."""

    sections: list[ResponseSection]


class FunnelQuestion(BaseModel):
    """What happened at one question, or at several that follow each other."""

    question: str
    last: str = Field(description="The last of them")
    reached: int | None = Field(description=_HIDDEN)
    left: int | None
    causes: dict[str, int | None] = Field(description="Empty where the funnel is split")


class FunnelSide(BaseModel):
    """One funnel."""

    side: str
    completed: int | None
    under_way: int | None
    questions: list[FunnelQuestion]


class Funnel(_Told):
    """Where people leave."""

    by: str
    sides: list[FunnelSide]


def routes(desk: Desk) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/surveys", tags=["who is missing"])

    def answer(survey: str, ask: Callable[[Answers, Connection], Document]) -> Any:
        def work(connection: Connection) -> Document:
            return ask(Answers.of(connection, desk.settings, survey, desk.flow, desk.figures_key), connection)

        return desk.database.read(work)

    @router.get("/{survey:path}/coverage", dependencies=[_FIGURES], response_model=Coverage)
    def show_coverage(survey: Survey, by: Dimensions = "") -> Any:
        """Respondents beside the population: who is missing."""
        wanted = [[each for each in by.split(",") if each]] if by else []
        return answer(survey, lambda answers, connection: answers.coverage(connection, wanted))

    @router.get("/{survey:path}/weights", dependencies=[_FIGURES], response_model=Weighted)
    def show_weights(survey: Survey, limit: Limit = LIMIT) -> Any:
        """How respondents are weighted to the population, and what that costs in precision."""
        return answer(survey, lambda answers, connection: answers.weights(connection, limit=limit))

    @router.get("/{survey:path}/response", dependencies=[_SEE], response_model=Response)
    def show_response(survey: Survey, broadcast: Name = None) -> Any:
        """How many of those who were asked answered, and what became of the others."""
        return answer(survey, lambda answers, connection: answers.response(connection, broadcast))

    @router.get("/{survey:path}/funnel", dependencies=[_SEE], response_model=Funnel)
    def show_funnel(survey: Survey, by: By | None = None) -> Any:
        """At which question people leave, and why."""
        return answer(survey, lambda answers, connection: answers.funnel(connection, by))

    return router
