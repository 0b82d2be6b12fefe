"""A phone that talks to the gateway: what it types comes in as the provider sends it, by menu and by text message."""

from collections.abc import Sequence
from itertools import count

import pytest

from app.channels.base import Inbound, SmsIn, UssdTurn
from app.gateway.turns import Arrival, Gateway
from app.main import Parts

NUMBER = "+263770000001"


class Line:
    """One phone on one line; sessions are named by the test."""

    def __init__(self, parts: Parts, gateway: Gateway) -> None:
        self.parts, self.gateway = parts, gateway
        self.channel_id = next(iter(parts.lines.values())).id
        self.ids = count(1)

    def take(self, *inbounds: Inbound) -> list[str]:
        """Hand in one batch; the screens, or the name of what went wrong."""
        outcomes = self.gateway.take_turns([Arrival(self.channel_id, each) for each in inbounds])
        return [
            str(getattr(each, "error", "")) or getattr(getattr(each, "screen", None), "text", "") for each in outcomes
        ]

    def session(self, name: str, text: str = "") -> UssdTurn:
        """A turn of a dialled session, with everything typed so far."""
        return UssdTurn(name, NUMBER, "*384*77#", "64804", text)

    def message(self, text: str) -> SmsIn:
        """A text message that never came before."""
        return SmsIn(f"in_{next(self.ids)}", NUMBER, "30007", text, "", "64804")

    def play(self, name: str, replies: Sequence[str]) -> str:
        """Dial and reply, one turn a batch; the last screen."""
        screen = ""
        for number in range(len(replies) + 1):
            (screen,) = self.take(self.session(name, "*".join(replies[:number])))
        return screen

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Look into the database."""
        with self.parts.database.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]


@pytest.fixture
def line(parts: Parts, gateway: Gateway) -> Line:
    return Line(parts, gateway)
