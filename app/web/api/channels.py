"""/channels and /segments: what channels are doing, and how many people a segment has."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.engine import Connection

from app.access import Permission
from app.store import audience
from app.store.tokens import Token
from app.web.allowing import needs
from app.web.api.shapes import Channel, Count
from app.web.desk import Desk

Name = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]+$")]
_SEE = needs(Permission.SEE_STATUS)
Holder = Annotated[Token, needs(Permission.HOLD_CHANNELS)]
Segment = Annotated[str, Query(max_length=4000, pattern=r"^[^\x00]*$")]


def routes(desk: Desk) -> APIRouter:
    """The routes."""
    router = APIRouter()
    known = desk.channels

    @router.get("/channels", tags=["channels"], dependencies=[_SEE])
    def list_channels() -> list[Channel]:
        """What each channel is doing, in plain words."""
        return [Channel.of(each, desk.zone) for each in known.every(desk.now())]

    @router.post("/channels/{name}/hold", tags=["channels"])
    def hold_channel(name: Name, holder: Holder) -> Channel:
        """Send nothing over it until it is released."""
        return Channel.of(known.hold(name, desk.trail(holder), desk.now()), desk.zone)

    @router.post("/channels/{name}/release", tags=["channels"])
    def release_channel(name: Name, holder: Holder) -> Channel:
        """Let it send again, at once."""
        return Channel.of(known.release(name, desk.trail(holder), desk.now()), desk.zone)

    @router.get("/segments/count", tags=["segments"], dependencies=[_SEE])
    def count_segment(query: Segment = "") -> Count:
        """How many contacts a query, or a saved segment by its name, has now; those who said STOP among them."""
        at = desk.now().astimezone(desk.zone)

        def count(connection: Connection) -> int:
            return audience.count(connection, audience.audience(connection, query, at))

        return Count(query=query, people=desk.database.read(count))

    return router
