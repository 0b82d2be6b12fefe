"""What each channel is doing, in plain words, and the holding of one: for the command line, the API and the console alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from app.gateway.refusals import NotThere
from app.settings import Settings
from app.store import channels, outbox
from app.store.audit import Trail
from app.store.channels import State
from app.store.unit import Database

_LATELY = timedelta(minutes=1)
# Trouble, as the worker notes it → what it means for people, and what helps.
WORDS: Mapping[str, str] = {
    "InsufficientBalance": "no money: top up the account with the provider",
    "unreachable": "the provider cannot be reached: is the internet there?",
    "throttled": "the provider asks for fewer messages at a time",
    "unavailable": "the provider says that it is out of order",
    "authentication": "the provider refuses the user name or the key: `izwi doctor` tries them",
    "settings": "the settings of the channel are wrong: `izwi doctor` says how",
    "certificate": "the provider's certificate cannot be trusted: is this machine's clock right, is a proxy in between?",
}


class Doing(StrEnum):
    """What a channel is doing."""

    SENDS = "sends"
    HELD = "held"
    IN_TROUBLE = "in_trouble"
    RECOVERS = "recovers"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as people see it."""

    name: str
    provider: str
    doing: Doing
    words: str
    trouble: str
    """The reason in one word; empty where there is none."""
    since: datetime | None
    """Since when it is in trouble, as far as is known."""
    next_try_at: datetime | None
    waiting: int
    """How many messages wait to go over it."""
    last_minute: int
    """How many messages went over it in the last minute."""
    per_second: float | None
    """Most messages in a second, by the settings; None: as many as the provider takes."""

    @property
    def needs_somebody(self) -> bool:
        """Whether somebody should know of it."""
        return self.doing in {Doing.HELD, Doing.IN_TROUBLE}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to a provider and what it said: outcome and reason → how many messages."""

    at: datetime
    what: str
    messages: int
    outcomes: Mapping[str, int]
    took_ms: int


class Channels:
    """The channels of this installation, as all its processes see them."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._zone, self._database = ZoneInfo(settings.zone), database
        self._limits = {name: line.per_second for name, line in settings.lines.items()}

    def every(self, at: datetime) -> list[Channel]:
        """All channels, by name."""

        def read(connection: Connection) -> list[Channel]:
            waiting = outbox.waiting(connection)
            return [
                self._channel(connection, each, waiting.get(each.id, 0), at) for each in channels.states(connection)
            ]

        return self._database.read(read)

    def find(self, name: str, at: datetime) -> Channel:
        """The channel of this name."""
        every = self.every(at)
        found = next((each for each in every if each.name == name), None)
        if found is None:
            raise NotThere(
                f"There is no channel {name!r}. There are: {', '.join(each.name for each in every) or 'none yet'}."
            )
        return found

    def hold(self, name: str, trail: Trail, at: datetime) -> Channel:
        """Send nothing over a channel until it is released; what a provider was given already is sent."""
        return self._set(name, trail, at, held=True)

    def release(self, name: str, trail: Trail, at: datetime) -> Channel:
        """Let a channel send again, and at once if it was waiting for its next try."""
        return self._set(name, trail, at, held=False)

    def log(self, name: str, *, count: int, at: datetime) -> list[Exchange]:
        """The last exchanges with a channel's provider, the newest first. No number and no text is in them."""
        self.find(name, at)

        def read(connection: Connection) -> list[Exchange]:
            key = next(each.id for each in channels.states(connection) if each.name == name)
            rows = channels.exchanges(connection, key, count=count)
            return [Exchange(row.at, row.what, row.messages, json.loads(row.outcomes), row.took_ms) for row in rows]

        return self._database.read(read)

    def _set(self, name: str, trail: Trail, at: datetime, *, held: bool) -> Channel:
        self.find(name, at)

        def work(connection: Connection) -> None:
            channels.hold(connection, name, held=held)
            trail.note(connection, "channels hold" if held else "channels release", name, at=at)

        self._database.write(work)
        return self.find(name, at)

    def _channel(self, connection: Connection, state: State, waiting: int, at: datetime) -> Channel:
        next_try = state.open_until if state.open_until is not None and at < state.open_until else None
        since = channels.trouble_since(connection, state.id, state.trouble) if state.trouble else None
        return Channel(
            state.name, state.provider, doing_of(state), self._words(state, since, next_try, at), state.trouble, since,
            None if state.held else next_try, waiting, channels.sent_since(connection, state.id, at - _LATELY),
            self._limits.get(state.name),
        )  # fmt: skip

    def _words(self, state: State, since: datetime | None, next_try: datetime | None, at: datetime) -> str:
        match doing_of(state):
            case Doing.HELD if state.trouble == channels.RESTORED:
                again = f"`izwi channels release {state.name}` lets it send"
                return f"held since a backup was restored, so that nothing is sent twice; {again}"
            case Doing.HELD:
                return f"paused by somebody; `izwi channels release {state.name}` lets it send"
            case Doing.SENDS:
                return "sends"
            case Doing.RECOVERS:
                return "sends again, a few messages at first"
            case Doing.IN_TROUBLE:
                what = WORDS.get(state.trouble, state.trouble)
                began = f" (since {self._time(since, at)})" if since else ""
                again = f"Izwi tries again at {self._time(next_try, at)}" if next_try else "Izwi tries again now"
                return f"{what}{began}; {again}"

    def _time(self, moment: datetime, at: datetime) -> str:
        """A time of day, with its date unless that is today."""
        local, today = moment.astimezone(self._zone), at.astimezone(self._zone).date()
        return local.strftime("%H:%M" if local.date() == today else "%H:%M on %d %B")


def doing_of(state: State) -> Doing:
    """What a channel in this state is doing."""
    if state.held:
        return Doing.HELD
    if state.trouble:
        return Doing.IN_TROUBLE
    return Doing.RECOVERS if state.pace else Doing.SENDS
