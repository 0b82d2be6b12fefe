"""Basic phones on a network of their own: they dial, reply, drop and text through the real gateway, and nothing leaves.

The phone in the terminal and the tests hold these; no turn of theirs takes another way than a provider's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy.engine import Connection

from app.channels.base import Inbound, Sending, SendResult, SmsIn, UssdEnd, UssdTurn
from app.channels.simulated import SERVICE_CODE
from app.flows.asking.state import State
from app.flows.flow import Flow, key_of
from app.gateway.library import Library
from app.gateway.turns import Arrival, Failed, Gateway
from app.main import Parts
from app.store import answers, contacts, runs
from app.values import Medium, Msisdn, Screen
from app.worker.delivery import Delivery, Line
from app.worker.expiry import Expiry

SHORT_CODE = "77577"
NUMBER = "+263770000001"
NOON = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class TurnFailed(Exception):
    """The gateway could not take a turn; the message names the error."""


class NoSession(Exception):
    """There is no open session to reply in; dial first."""


class Clock:
    """A time that goes on only when told to; it begins at noon in Harare on a fixed day."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **spans: float) -> None:
        """Let seconds, minutes, hours … pass."""
        self.now += timedelta(**spans)


@dataclass(frozen=True, slots=True)
class Stored:
    """One answer as the store has it."""

    question: str
    """Its name, and its place in repeats: `age[2]`."""
    value: str | None
    raw: str | None
    medium: Medium
    set_aside: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """One run as the store has it, with its answers and the page of the open question that was shown last."""

    flow: Flow
    state: str
    reason: str
    question: str
    locale: str
    page: int
    answers: tuple[Stored, ...]


class Network:
    """What phones are connected to: a gateway, and a worker that brings its messages to their inboxes."""

    def __init__(self, parts: Parts, clock: "Clock", *, seed: int = 1) -> None:
        line = next(iter(parts.lines.values()))
        self.parts, self.clock, self.channel_id = parts, clock, line.id
        self.inboxes: dict[str, list[str]] = {}
        self.names = count(1)
        self.gateway = Gateway(
            parts.settings, parts.database, parts.keys, parts.library, now=clock, chance=partial(next, count(seed))
        )
        self._delivery = Delivery(parts.settings, parts.database, parts.keys)
        self._line = Line(line.id, line.name, _Air(self.inboxes))

    def take(self, inbound: Inbound) -> Screen | None:
        """Bring one thing to the gateway, and its messages to the phones; returns the screen, if there is one."""
        outcome = self.gateway.take_turns([Arrival(self.channel_id, inbound)])[0]
        if isinstance(outcome, Failed):
            raise TurnFailed(outcome.error)
        self._bring()
        return outcome.screen

    def pass_time(self, time: timedelta) -> None:
        """Let time pass; what the worker does then is done: runs expire, sessions fall silent, messages go out."""
        self.clock.pass_time(seconds=time.total_seconds())
        expiry = Expiry(self.parts.settings, self.parts.database)
        expiry.expire(self.clock())
        expiry.sweep(self.clock())
        self._bring()

    def _bring(self) -> None:
        while self._delivery.deliver(self._line, self.clock()):
            pass

    def prefer(self, number: str, locale: str) -> None:
        """Let a phone have chosen a language before, as after an earlier survey."""
        parts, msisdn = self.parts, Msisdn(number)

        def choose(connection: Connection) -> None:
            contact = contacts.find_or_add(connection, parts.keys, [msisdn], self.clock())[number]
            contacts.set_locales(connection, {contact.id: locale})

        parts.database.write(choose)


class Handset:
    """One basic phone."""

    def __init__(self, network: Network, number: str = NUMBER) -> None:
        self.network, self.number = network, number
        self.inbox = network.inboxes.setdefault(number, [])
        self.in_session = False
        self._session, self._code = "", SERVICE_CODE
        self._typed: list[str] = []
        self._last: Inbound | None = None

    # -- what a person does -------------------------------------------------------------------------------------------

    def dial(self, code: str = SERVICE_CODE) -> Screen:
        """Dial a service code; what follows ours in it (`*384*77*1#`) comes as the first text, as providers do it."""
        own = SERVICE_CODE.removesuffix("#") + "*"
        preset = code.removeprefix(own).removesuffix("#") if code.startswith(own) else ""
        self._code = SERVICE_CODE if preset else code
        self._session = f"dialled-{next(self.network.names)}"
        self._typed = [preset] if preset else []
        return self.post(preset)

    def reply(self, words: str) -> Screen:
        """Reply to the screen that is open."""
        if not self.in_session:
            raise NoSession
        self._typed.append(words)
        return self.post("*".join(self._typed))

    def text(self, words: str) -> list[str]:
        """Send a text message; returns the messages that come back."""
        message_id = f"message-{next(self.network.names)}"
        return self._messages(SmsIn(message_id, self.number, SHORT_CODE, words, "", "64801"))

    # -- what the world does ------------------------------------------------------------------------------------------

    def drop(self) -> None:
        """Lose the session; the provider says so afterwards."""
        if self.in_session:
            self.network.take(UssdEnd(self._session, "Incomplete", "", None, None))
            self.in_session = False

    def retry(self) -> Screen | list[str]:
        """Let the provider post once more what it posted last."""
        assert self._last is not None  # noqa: S101
        if isinstance(self._last, UssdTurn):
            return self.post(self._last.text)
        return self._messages(self._last)

    def late(self) -> Screen:
        """Let the request before the last one come once more, late."""
        return self.post("*".join(self._typed[:-1]))

    def post(self, text: str) -> Screen:
        """Let the provider post a text of this session, whatever was posted before."""
        self._last = UssdTurn(self._session, self.number, self._code, "64801", text)
        screen = self.network.take(self._last)
        assert screen is not None  # noqa: S101 -- every turn of a session earns a screen
        self.in_session = not screen.final
        return screen

    def _messages(self, message: Inbound) -> list[str]:
        self._last, before = message, len(self.inbox)
        self.network.take(message)
        return self.inbox[before:]

    # -- what the store has of it -------------------------------------------------------------------------------------

    def journeys(self) -> list[Journey]:
        """Every run on this phone, the first one first."""
        parts = self.network.parts

        def read(connection: Connection) -> list[Journey]:
            contact = contacts.one(connection, parts.keys, Msisdn(self.number))
            found = runs.of_contact(connection, contact.id) if contact else []
            return [_journey(row, answers.of_run(connection, row.id), parts.library) for row in found]

        return parts.database.read(read)

    def stopped(self) -> bool:
        """Whether this phone asked for silence."""
        parts = self.network.parts
        contact = parts.database.read(lambda connection: contacts.one(connection, parts.keys, Msisdn(self.number)))
        return contact is not None and contact.stopped


class _Air:
    """Sends into inboxes."""

    per_request = 500

    def __init__(self, inboxes: dict[str, list[str]]) -> None:
        self._inboxes, self._names = inboxes, count(1)

    def send(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        for number in recipients:
            self._inboxes.setdefault(number, []).append(body)
        return [SendResult(Sending.SENT, provider_id=f"sent-{next(self._names)}") for _ in recipients]


def _journey(row: Any, rows: Sequence[Any], library: Library) -> Journey:
    return Journey(
        flow=library.edition(row.survey_version_id).flow,
        state=row.state,
        reason=row.reason,
        question=row.question,
        locale=row.locale,
        page=State.loads(row.memory).page,
        answers=tuple(
            Stored(
                key_of(each.question, each.position),
                each.value,
                each.raw,
                Medium(each.medium),
                each.set_aside_at is not None,
            )
            for each in rows
        ),
    )
