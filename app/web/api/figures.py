"""/surveys/{survey}/figures: what people answered, the same as `izwi report`."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy.engine import Connection

from app.access import Permission
from app.gateway.refusals import NotPossible, NotThere
from app.reports.figures.asking import Asked, pages, survey_of
from app.reports.figures.axes import NoSuchDimension
from app.reports.figures.plain import as_json
from app.reports.missing.desk import Desk as Missing
from app.store import surveys
from app.web.allowing import needs
from app.web.api.shapes import Figures
from app.web.desk import Desk

Name = Annotated[str, Path(max_length=255, pattern=r"^[^\x00]+$")]
Word = Annotated[str, Query(max_length=255, pattern=r"^[^\x00]*$")]
Filters = Annotated[list[Word] | None, Query(max_length=4)]
_SEE = needs(Permission.SEE_FIGURES)


def routes(desk: Desk) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["figures"])

    @router.get("/surveys/{survey}/figures", dependencies=[_SEE])
    def show_figures(
        survey: Name,
        question: Word = "",
        by: Word = "",
        where: Filters = None,
        language: Word = "",
        weights: Literal["none", "rake"] = "none",
    ) -> list[Figures]:
        """What people answered; numbers of few people are null, all others are rounded. docs/figures.md says how."""
        asked = Asked(question or None, tuple(filter(None, by.split(","))), where or (), language or None)

        def work(connection: Connection) -> list[Any]:
            if survey not in surveys.ids(connection):
                raise NotThere("There is no survey of this name.")
            weighing = None
            if weights == "rake":
                about = Missing.of(connection, desk.settings, survey, desk.flow, desk.figures_key)
                weighing = about.weighing(connection)
            return pages(connection, survey_of(connection, survey, desk.zone), desk.figures_key, asked, weighing)

        try:
            return [Figures.model_validate(as_json(page)) for page in desk.database.read(work)]
        except NoSuchDimension as error:
            raise NotPossible(str(error)) from None

    return router
