"""What the console knows of a stage: a throw-away copy of the whole service, with one survey and phones of its own.

`app/staging.py` makes them, for it takes all floors. Nothing that happens on a stage touches real data, and nothing leaves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from app.reports.missing.desk import Document
from app.values import Medium

MOST_PHONES = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be tried, and how it begins."""

    survey: str
    title: str
    version_id: int
    version: str
    called: str
    """What a transcript calls it: its id where it ships, else the name of its file."""
    xform: str
    medium: Medium
    locale: str
    """Empty: the form's first language, or what is chosen on the phone."""


class Bubble(NamedTuple):
    """One thing in the conversation of a phone."""

    kind: str
    """`typed`, `screen`, `message`, `event`, or `late`: a screen that came to nobody."""
    text: str
    final: bool = False
    room: str = ""
    """How much of a page or message it takes: `84 of 160`, `UCS-2 40 of 80`."""
    full: bool = False
    """Whether it takes more than what every network shows."""
    parts: int = 0


class Kept(NamedTuple):
    """One answer as the stage's store has it."""

    question: str
    label: str
    value: str
    value_label: str
    raw: str
    medium: str
    set_aside: bool


@dataclass(frozen=True, slots=True)
class View:
    """What there is to see of the phone in the hand, and of what is stored of it."""

    medium: Medium
    phone: int
    phones: int
    in_session: bool
    session_began: datetime | None
    """By the clock on the wall."""
    session_seconds: float
    """How long networks let a session last."""
    bubbles: Sequence[Bubble]
    state: str
    """Of the latest run; empty where there is none."""
    reason: str
    seen: Sequence[str]
    """The questions of the latest run that were seen, in the form's order."""
    at: str
    kept: Sequence[Kept]
    stopped: bool
    steps: int
    sessions: int
    messages: int
    parts: int
    cost: str
    """Of this phone, by the tariff; empty without one."""
    verdict: str
    """What the last special thing came to: `same`, `changed` or empty."""
    now: datetime
    """By the stage's own clock."""
    simulated: int


class Stage(Protocol):
    """One stage."""

    @property
    def wanted(self) -> Wanted:
        """What is tried on it."""

    def view(self) -> View:
        """Look at it."""

    def start(self) -> None:
        """Dial, or send the keyword."""

    def type(self, words: str) -> None:
        """Reply, or send a message."""

    def happen(self, event: str) -> None:
        """Let the world do something, in the words of transcripts."""

    def transcript(self) -> str:
        """Everything that happened, as a transcript that is played again."""

    def simulate(self, people: int, told: Callable[[int], None]) -> None:
        """Let simulated people answer the survey."""

    def funnel(self) -> Document | None:
        """How far the people on the stage came; None before there were simulated ones."""


class Stages(Protocol):
    """All stages of this process; each account has at most one."""

    def begin(self, owner: str, wanted: Wanted) -> Stage:
        """Set a stage in place of what the owner had. Raises `NotNow` where there are too many."""

    def find(self, owner: str) -> Stage | None:
        """Somebody's own."""

    def end(self, owner: str) -> None:
        """Throw somebody's own away."""
