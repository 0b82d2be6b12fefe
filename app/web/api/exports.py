"""/surveys: a survey's data in the formats of `izwi export data`, and its dictionary."""

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.engine import Connection

from app.access import Permission
from app.flows.dictionary.variable import Dictionary
from app.gateway.refusals import NotThere
from app.reports import dictionary as said
from app.reports.data.asking import Wish, how_of, usable, which_of
from app.reports.data.extract import Extract, counts_of
from app.store.tokens import Token
from app.values import Doubt, Medium, RunState
from app.web.allowing import needs
from app.web.desk import Desk

Name = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]+$")]
Analyst = Annotated[Token, needs(Permission.EXPORT_ANSWERS)]
_Line = Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]
_CHUNK = 256 * 1024


class Which(BaseModel):
    """The runs that are wanted; docs/exports.md explains them."""

    model_config = ConfigDict(extra="forbid")

    state: list[RunState | Literal["all"]] = Field([RunState.COMPLETED], max_length=10)
    since: _Line | None = Field(None, alias="from", description="Runs that ended on this day or later")
    until: _Line | None = Field(None, alias="to", description="Runs that ended on this day or before")
    asked_in: _Line | None = None
    channel: Medium | None = None
    version: _Line | None = None
    where: list[_Line] = Field([], max_length=20, description="VARIABLE=VALUE; all must hold")
    without_flags: list[Doubt] = Field([], max_length=10)

    def wish(self, **more: Any) -> Wish:
        """As commands write it."""
        return Wish(
            states=[str(each) for each in self.state], since=self.since, until=self.until, asked_in=self.asked_in,
            channel=self.channel, version=self.version, where=self.where, without=self.without_flags,
            **more,
        )  # fmt: skip


class What(Which):
    """The runs, and the file that they are wanted in."""

    format: Literal["csv", "jsonl", "xlsx", "sav", "dta", "parquet", "scripts", "datapackage", "flow-results"] = "csv"
    language: _Line | None = Field(None, description="Of labels")
    labels: bool = False
    multiples: Literal["split", "joined", "both"] = "both"
    long: bool = False
    table: _Line = ""
    reasons: bool = False
    bom: bool = True
    raw: bool = False
    hxl: bool = False


def routes(desk: Desk) -> APIRouter:
    """The routes. They run in threads, beside the event loop that takes turns."""
    router = APIRouter(prefix="/surveys", tags=["exports"])

    @router.get("/{survey}/data", response_class=StreamingResponse)
    def export_data(survey: Name, asker: Analyst, what: Annotated[What, Query()]) -> Response:
        """A survey's runs with their answers, as a file: whole, or an error."""
        wish = what.wish(
            kind=what.format, language=what.language, labels=what.labels, multiples=what.multiples, long=what.long,
            table=what.table, reasons=what.reasons, bom=what.bom, neutral=not what.raw, hxl=what.hxl,
        )  # fmt: skip
        about, at = _described(desk, survey), desk.now()
        which, how, chosen = which_of(wish, about, desk.zone), how_of(wish, about), usable(wish.kind)
        desk.database.write(lambda connection: desk.trail(asker).note(connection, "export data", survey, at=at))
        # To a file first, which has no name: a client that reads slowly keeps no transaction open, and gets all or an error.
        made = tempfile.TemporaryFile(dir=desk.settings.data_dir)  # noqa: SIM115 -- closed when it was sent

        def work(connection: Connection) -> None:
            chosen.write(made, Extract(connection, about, which, how, at=at))

        try:
            desk.database.read(work)
        except BaseException:
            made.close()
            raise
        headers = {
            "content-length": str(made.seek(0, 2)),
            "content-disposition": f"attachment; filename*=UTF-8''{quote(f'{survey}.{chosen.ending}')}",
            "cache-control": "no-store",
        }
        made.seek(0)
        return StreamingResponse(_sent(made), media_type=chosen.media, headers=headers)

    @router.get("/{survey}/dictionary")
    def show_dictionary(survey: Name, _: Analyst, which: Annotated[Which, Query()]) -> dict[str, Any]:
        """Every variable: its question, its choices, who was asked, and how often it was asked and answered."""
        about = _described(desk, survey)
        wanted = which_of(which.wish(), about, desk.zone)
        return said.as_json(about, desk.database.read(lambda connection: counts_of(connection, about, wanted)), wanted)

    return router


def _described(desk: Desk, survey: str) -> Dictionary:
    found = desk.dictionary(survey)
    if found is None:
        raise NotThere(f"There is no survey {survey!r} that anybody was asked.")
    return found


def _sent(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while chunk := made.read(_CHUNK):
            yield chunk
