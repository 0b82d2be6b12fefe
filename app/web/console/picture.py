"""/surveys/…/flow: the way through a version as a picture, with how far people come, and the latest turns at a question."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy.engine import Connection

from app.access import Permission, allowed
from app.flows.flow import Flow
from app.flows.picture import mermaid
from app.flows.picture.outline import Block, Item, Part, items, outline
from app.flows.picture.plan import Plan, plan
from app.gateway import versions
from app.reports.missing.desk import Desk as Answers
from app.reports.missing.desk import Document, NoSuch
from app.store import latest
from app.store.unit import Database
from app.web.allowing import needs
from app.web.console.kept import Kept
from app.web.console.office import Office, asker_of
from app.web.console.surveys import version_of
from app.web.desk import Desk

_SEE = needs(Permission.SEE_STATUS)


class Figure(NamedTuple):
    """How far people come, at a question or at several that are taken together, as it may be shown; None is hidden."""

    last: str
    """The last of them."""
    reached: int | None
    left: int | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far people come in all versions of a survey together."""

    runs: int | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def width(self, name: str, whole: int) -> int:
        """How wide the bar behind a question is, if all runs are so wide."""
        figure = self.figures.get(name)
        if figure is None or not figure.reached or not self.runs:
            return 0
        return min(whole, round(whole * figure.reached / self.runs))


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of a version."""

    parts: tuple[Part, ...]
    plan: Plan

    @classmethod
    def of(cls, flow: Flow) -> "Picture":
        """Draw a form, in its first language."""
        parts = outline(flow)
        return cls(parts, plan(parts))

    @property
    def rows(self) -> list[tuple[Item, str, str]]:
        """For whoever does not see it: each item, when it is asked, and in which groups it is."""
        return list(_rows(self.parts, (), ()))


def _rows(
    parts: tuple[Part, ...], conditions: tuple[str, ...], groups: tuple[str, ...]
) -> Iterator[tuple[Item, str, str]]:
    for part in parts:
        if isinstance(part, Item):
            yield part, "; ".join(conditions), " / ".join(groups)
        else:
            yield from _rows(part.parts, _more(conditions, part.condition), _more(groups, _group(part)))


def _more(some: tuple[str, ...], one: str) -> tuple[str, ...]:
    return (*some, one) if one else some


def _group(block: Block) -> str:
    return f"{block.name} ↻" if block.is_repeat else block.name


def funnel_of(database: Database, ask: Callable[[Connection], Answers]) -> Funnel:
    """How far people come; nothing where nobody was ever asked. Each figure has gone through the exit of `reports`."""

    def read(connection: Connection) -> Funnel:
        try:
            return funnel_from(ask(connection).funnel(connection))
        except NoSuch:
            return Funnel()

    return database.read(read)


def funnel_from(found: Document) -> Funnel:
    """What a picture shows of the report on where people leave."""
    whole = next(iter(found["sides"]), None)
    if whole is None:
        return Funnel()
    rows = whole["questions"]
    most = max((row["reached"] for row in rows if row["reached"]), default=None)  # the first that is shown has them all
    return Funnel(most, {row["question"]: Figure(row["last"], row["reached"], row["left"]) for row in rows})


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, desk = APIRouter(), office.desk
    kept = Kept(desk.now, most=24)

    def draw(version_id: int) -> Picture:
        return Picture.of(versions.flow_of(desk.database, version_id))

    def shown(survey: str, version_id: int) -> dict[str, Any]:
        version = desk.database.read(lambda connection: version_of(connection, survey, version_id))
        picture = kept.value(("picture", version.id, version.digest), lambda: draw(version.id), wait=5)
        funnel = kept.value(("funnel", survey), lambda: funnel_of(desk.database, asking(desk, survey)))
        return {"survey": survey, "version": version, "picture": picture, "funnel": funnel}

    @router.get("/surveys/{survey}/{version_id}/flow", dependencies=[_SEE])
    def show(
        request: Request, survey: str, version_id: int,
        question: Annotated[str, Query(max_length=255)] = "", form: Annotated[str, Query(alias="format")] = "",
    ) -> Response:  # fmt: skip
        """The picture, and where a question is chosen and may be looked at, the latest turns there."""
        values = shown(survey, version_id)
        if form == "mermaid":
            return PlainTextResponse(mermaid.text(values["picture"].parts))
        names = {each.name for each in items(values["picture"].parts)}
        chosen = question if question in names else ""
        looks = chosen and allowed(asker_of(request).role, Permission.EXPORT_ANSWERS)
        turns = _turns(desk, values["version"].survey_id, chosen) if looks else []
        return office.page(request, "survey_flow", **values, chosen=chosen, turns=turns)

    @router.get("/live/surveys/{survey}/{version_id}/flow", dependencies=[_SEE])
    async def stream(request: Request, survey: str, version_id: int) -> Response:
        """The picture as people come along."""
        return office.stream(
            request, ("flow", survey, version_id), "_flow", lambda: {**shown(survey, version_id), "chosen": ""}
        )

    return router


def asking(desk: Desk, survey: str) -> Callable[[Connection], Answers]:
    """Whoever answers what is asked about a survey's runs."""
    return lambda connection: Answers.of(connection, desk.settings, survey, desk.flow, desk.figures_key)


def _turns(desk: Desk, survey_id: int, question: str) -> list[latest.Happened]:
    return desk.database.read(lambda connection: latest.turns_at(connection, survey_id, question))
