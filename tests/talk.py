"""A talk with the engine alone: a small form, a reply at a time; the state is saved and read back between any two turns."""

from datetime import datetime
from textwrap import dedent
from zoneinfo import ZoneInfo

from app.flows.asking.engine import advance
from app.flows.asking.state import Event, Record, Reply, State
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from app.values import USSD_ROOM, Room

AT = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Africa/Harare"))


class Talk:
    """One run of a form written in Markdown, or as an XForm."""

    def __init__(
        self, form: str, *, seed: int = 1, room: Room = USSD_ROOM, state: State | None = None, code: str = ""
    ) -> None:
        self.flow = compile_form(load(dedent(form).encode(), "form.xml" if form.startswith("<") else "form.md"))
        self.room, self.code = room, code
        self.memory = (state or State(seed, self.flow.locale)).dumps()
        self.events: tuple[Event, ...] = ()
        self.screen = self._turn(None)

    def __call__(self, *replies: str) -> str:
        """Reply, once or several times; returns the last screen."""
        for words in replies:
            self.screen = self._turn(words)
        return self.screen

    def redial(self) -> str:
        """Come back to the open question."""
        self.screen = self._turn(None)
        return self.screen

    def send(self, record: Record) -> str:
        """Send a whole record as one message."""
        self.screen = self._turn(None, record)
        return self.screen

    @property
    def state(self) -> State:
        """What the engine remembers."""
        return State.loads(self.memory)

    @property
    def answers(self) -> dict[str, str]:
        """The answers that count."""
        return self.state.answers

    @property
    def lines(self) -> list[str]:
        """The screen line by line."""
        return self.screen.split("\n")

    def _turn(self, words: str | None, record: Record | None = None) -> str:
        before = State.loads(self.memory)
        step = advance(self.flow, before, Reply(words, self.room, record, self.code), AT)
        assert before.dumps() == self.memory, "advance changed the state that it was given"
        self.memory, self.events, self.final = step.state.dumps(), step.events, step.screen.final
        return step.screen.text
