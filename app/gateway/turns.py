"""Turns in batches: those that arrive while the last commit is under way are taken together, in one transaction (D3).

Screens go out only after the commit. A turn that fails takes nobody with it: the batch is taken back and each turn is
done again alone, and the one at fault gets a sentence in her language.
"""

import asyncio
import logging
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError

from app.channels import operators
from app.channels.base import (
    AirtimeCheck,
    AirtimeReport,
    DeliveryReport,
    Inbound,
    MissedCall,
    OptOut,
    SmsIn,
    UssdEnd,
    UssdTurn,
)
from app.flows.phrases import say
from app.gateway import receipts
from app.gateway.batch import Batch
from app.gateway.conversation import Conversation, Outcome
from app.gateway.library import Library
from app.gateway.remembering import Remembered
from app.gateway.routing import Routes
from app.gateway.texting import Texting, line_of
from app.settings import Settings
from app.store import contacts
from app.store import inbound as messages
from app.store.keys import Keys
from app.store.unit import Conflict, Database, Opened, is_outage
from app.values import Msisdn, NotAPhoneNumber, Screen

log = logging.getLogger(__name__)

_BATCH_LIMIT = 256
_REMEMBERED_LOCALES = 20_000


class Arrival(NamedTuple):
    """An inbound and the channel it came by."""

    channel_id: int
    inbound: Inbound


class Failed(NamedTuple):
    """A turn could not be taken; nothing of it is stored."""

    error: str


class Gateway:
    """The write side: takes turns and receipts, one transaction a batch."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        keys: Keys,
        library: Library,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        wake: Callable[[], None] = lambda: None,
        chance: Callable[[], int] = lambda: secrets.randbelow(2**31 - 2) + 1,
    ) -> None:
        # `chance` gives each new run the number that its random orders are made from.
        self._database, self._keys, self._region = database, keys, settings.region
        self._now, self._wake = now, wake
        self._operators = operators.read(settings.operators)
        self._ahead: dict[str, deque[int]] = {}
        self._remembered = Remembered()
        self._conversation = Conversation(settings, library, Routes.of(settings), keys, chance=chance)
        self._texting = Texting(self._conversation)

    def take_turns(
        self, arrivals: Sequence[Arrival], *, thought: Callable[[], None] = lambda: None
    ) -> list[Outcome | Failed]:
        """Take a batch; the outcomes are in the order of the arrivals, and all that they say is committed.

        `thought` is called when all that is left is to wait for the database.
        """
        try:
            outcomes, batch = self._database.write_late(lambda opened: self._take(opened, arrivals, thought))
        except Exception as error:
            if len(arrivals) == 1:
                log.error("a turn failed: %s", where(error))
                return [Failed(type(error).__name__)]
            if is_outage(error):
                log.error("no turn can be stored: %s", where(error))
                return [Failed(type(error).__name__)] * len(arrivals)
            log.warning("a batch of %d turns failed and is taken turn by turn: %s", len(arrivals), where(error))
            return [outcome for arrival in arrivals for outcome in self.take_turns([arrival])]
        self._remembered.put(batch)
        if batch.outbox or batch.thanks:
            self._wake()
        return list(outcomes)

    def _take(
        self, opened: Opened, arrivals: Sequence[Arrival], thought: Callable[[], None]
    ) -> tuple[list[Outcome], Batch]:
        now = self._now()
        batch = Batch(opened, now, now.astimezone(self._conversation.zone), self._ahead)
        fresh = self._store_messages(batch, arrivals)
        self._read(batch, arrivals, fresh)
        outcomes = [self._one(batch, arrival, index in fresh) for index, arrival in enumerate(arrivals)]
        self._take_reports(batch, arrivals)
        for index, message_id in fresh.items():
            contact = batch.contacts.get(self._number(arrivals[index].inbound))
            if message_id and contact:
                batch.senders.append((message_id, contact.id))
        thought()
        self._flush(batch)
        return outcomes, batch

    @staticmethod
    def _flush(batch: Batch) -> None:
        """Write; where what was remembered is no longer so, the batch is done again, and reads it."""
        try:
            batch.flush()
        except IntegrityError:
            if batch.remembers:
                raise Conflict from None
            raise

    def _store_messages(self, batch: Batch, arrivals: Sequence[Arrival]) -> dict[int, int]:
        """Store the text messages; returns which arrivals came for the first time, with the key of their row."""
        fresh: dict[int, int] = {}
        for index, arrival in enumerate(arrivals):
            sms = arrival.inbound
            if not isinstance(sms, SmsIn):
                continue
            row = messages.Inbound(
                channel_id=arrival.channel_id,
                provider_id=sms.provider_id,
                text=sms.text,
                recipient=sms.recipient,
                link_id=sms.link_id,
                network_code=sms.network_code,
                state="taken" if self._number(sms) else "set_apart",
            )
            if message_id := messages.add(batch.connection, row, batch.at):
                fresh[index] = message_id
        return fresh

    def _read(self, batch: Batch, arrivals: Sequence[Arrival], fresh: Mapping[int, int]) -> None:
        """Read what the batch needs, set by set: dialled sessions, phones that are new to the batch, SMS lines."""
        refs: dict[int, list[str]] = {}
        for arrival in arrivals:
            if isinstance(arrival.inbound, UssdTurn):
                refs.setdefault(arrival.channel_id, []).append(arrival.inbound.session)
        for channel_id, wanted in refs.items():
            known, unknown = self._remembered.take(channel_id, dict.fromkeys(wanted))
            batch.remembers |= bool(known)
            for session, run in known:
                batch.hold_session(session, run)
            batch.load_sessions(channel_id, unknown)
        numbers = [
            self._number(arrival.inbound)
            for index, arrival in enumerate(arrivals)
            if self._needs_phone(batch, arrival, index in fresh)
        ]
        batch.load_phones(self._keys, [Msisdn(number) for number in numbers if number], self._operators.of_number)
        lines: dict[int, list[str]] = {}
        for index, arrival in enumerate(arrivals):
            if index in fresh or isinstance(arrival.inbound, MissedCall):
                contact = batch.contacts.get(self._number(arrival.inbound))
                if contact:
                    lines.setdefault(arrival.channel_id, []).append(line_of(contact.id))
        for channel_id, wanted in lines.items():
            batch.load_sessions(channel_id, wanted)

    def _needs_phone(self, batch: Batch, arrival: Arrival, fresh: bool) -> bool:
        """A session that goes on knows its phone; numbers are looked up for new ones only."""
        inbound = arrival.inbound
        if isinstance(inbound, UssdTurn):
            return (arrival.channel_id, inbound.session) not in batch.sessions
        return isinstance(inbound, OptOut | MissedCall) or (isinstance(inbound, SmsIn) and fresh)

    def _one(self, batch: Batch, arrival: Arrival, fresh: bool) -> Outcome:
        channel_id = arrival.channel_id
        match arrival.inbound:
            case UssdTurn() as turn:
                return self._conversation.ussd(batch, channel_id, turn)
            case SmsIn() as sms:
                contact = batch.contacts.get(self._number(sms))
                if fresh and contact is not None:
                    self._texting.take(batch, channel_id, sms, contact)
            case MissedCall() as call:
                contact = batch.contacts.get(self._number(call))
                if contact is not None:
                    self._texting.call(batch, channel_id, call, contact)
            case OptOut() as opt_out:
                contact = batch.contacts.get(self._number(opt_out))
                if contact is not None:
                    receipts.take_opt_out(batch, contact)
            case _:
                return self._receipt(batch, arrival)
        return Outcome(None)

    def _receipt(self, batch: Batch, arrival: Arrival) -> Outcome:
        """Take what a provider tells or asks us by itself."""
        connection, channel_id, phone = batch.connection, arrival.channel_id, partial(self._find, batch)
        match arrival.inbound:
            case UssdEnd() as end:
                receipts.take_end(connection, channel_id, end, batch.at)
            case AirtimeReport() as report:
                receipts.take_airtime(connection, channel_id, report, phone, batch.at)
            case AirtimeCheck() as check:
                return Outcome(None, granted=receipts.may_thank(connection, channel_id, check, phone))
        return Outcome(None)

    def _take_reports(self, batch: Batch, arrivals: Sequence[Arrival]) -> None:
        """Take what providers say of messages, all of a channel together."""
        said: dict[int, list[DeliveryReport]] = {}
        for arrival in arrivals:
            if isinstance(arrival.inbound, DeliveryReport):
                said.setdefault(arrival.channel_id, []).append(arrival.inbound)
        for channel_id, reports in said.items():
            receipts.take_reports(batch.connection, channel_id, reports, partial(self._find, batch), batch.at)

    def _find(self, batch: Batch, number: str) -> int | None:
        """The contact of a number, if it ever reached us."""
        try:
            return contacts.find(batch.connection, self._keys, Msisdn.parse(number, region=self._region))
        except NotAPhoneNumber:
            return None

    def _number(self, inbound: Inbound) -> str:
        """The E.164 number of a sender, or nothing: operators write from names such as "ECONET" too."""
        assert isinstance(inbound, UssdTurn | SmsIn | OptOut | MissedCall)  # noqa: S101
        try:
            return Msisdn.parse(inbound.sender, region=self._region).e164
        except NotAPhoneNumber:
            return ""


Waiting = tuple[Arrival, "asyncio.Future[Outcome | Failed]"]


class Overloaded(Exception):
    """More turns wait than the writer can take in time."""


class Writer:
    """Takes turns in batches, for an event loop that only awaits them.

    There are two threads, and one pen: who has it takes all that waits and thinks; then, while
    it waits for its commit, the other has the pen. Two that think at once would both be done late, and wait together. Two
    turns of a session are never under way at once but for a provider's retry, and that one the database refuses and we
    do again.
    """

    def __init__(self, gateway: Gateway, settings: Settings, *, threads: int = 2) -> None:
        self._gateway, self._limit = gateway, settings.queue_limit
        self._waiting: deque[Waiting] = deque()
        self._wakes = [threading.Event() for _ in range(threads)]
        self._pen = threading.Lock()
        self._stopping = False
        self.taken = 0
        """How many turns have been taken up so far."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._locales: OrderedDict[tuple[int, str], str] = OrderedDict()
        self._threads = [
            threading.Thread(target=self._run, args=(wake,), name="izwi-writer", daemon=True) for wake in self._wakes
        ]

    def start(self) -> None:
        """Start the thread; the running event loop is the one that turns are awaited on."""
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what waits, then end the thread."""
        self._stopping = True
        for thread in self._threads:
            while thread.is_alive():
                for wake in self._wakes:
                    wake.set()
                thread.join(0.05)

    @property
    def alive(self) -> bool:
        """Whether all threads run."""
        return all(thread.is_alive() for thread in self._threads)

    def submit(self, arrival: Arrival) -> "asyncio.Future[Outcome | Failed]":
        """Hand a turn in; the future is done when it is committed. Raises `Overloaded`."""
        if len(self._waiting) >= self._limit or self._stopping:
            raise Overloaded
        assert self._loop is not None  # noqa: S101
        future: asyncio.Future[Outcome | Failed] = self._loop.create_future()
        self._waiting.append((arrival, future))
        for wake in self._wakes:
            if not wake.is_set():
                wake.set()
        return future

    def locale_of(self, arrival: Arrival) -> str:
        """The language a session was in when it was last heard of, for a sentence when nothing else works."""
        inbound = arrival.inbound
        key = (arrival.channel_id, inbound.session) if isinstance(inbound, UssdTurn) else (0, "")
        return self._locales.get(key, "en")

    def _run(self, wake: threading.Event) -> None:
        while True:
            wake.wait()
            wake.clear()
            while batch := self._next():
                taken, put_down = batch
                outcomes = self._take([arrival for arrival, _ in taken], put_down)
                self._remember(taken, outcomes)
                assert self._loop is not None  # noqa: S101
                self._loop.call_soon_threadsafe(_answer, taken, outcomes)
            if self._stopping:
                return

    def _next(self) -> tuple[list[Waiting], Callable[[], None]] | None:
        """Take up the pen and all that waits; the second value puts the pen down, once however often it is called."""
        self._pen.acquire()
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH_LIMIT))]
        self.taken += len(taken)
        held = [self._pen]

        def put_down() -> None:
            if held:
                held.pop().release()

        if taken:
            return taken, put_down
        put_down()
        return None

    def _take(self, arrivals: Sequence[Arrival], put_down: Callable[[], None]) -> list[Outcome | Failed]:
        try:
            return self._gateway.take_turns(arrivals, thought=put_down)
        except Exception as error:
            log.error("the writer could not take a batch: %s", where(error))
            return [Failed(type(error).__name__)] * len(arrivals)
        finally:
            put_down()

    def _remember(self, taken: Sequence[tuple[Arrival, object]], outcomes: Sequence[Outcome | Failed]) -> None:
        for (arrival, _), outcome in zip(taken, outcomes, strict=True):
            if isinstance(outcome, Outcome) and isinstance(arrival.inbound, UssdTurn) and outcome.locale != "en":
                self._locales[arrival.channel_id, arrival.inbound.session] = outcome.locale
        while len(self._locales) > _REMEMBERED_LOCALES:
            self._locales.popitem(last=False)


def sorry(locale: str, key: str = "sorry") -> Screen:
    """What a respondent reads when we failed her."""
    return Screen(say(key, locale), final=True)


def where(error: BaseException) -> str:
    """Say what went wrong and where, without the error's own words: they may hold an answer or a number."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = ""
    if traceback is not None:
        code = traceback.tb_frame.f_code
        place = f" in {code.co_name} ({code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno})"
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__}{f' {state}' if state else ''}{place}"


def _answer(taken: Sequence[Waiting], outcomes: Sequence[Outcome | Failed]) -> None:
    for (_, future), outcome in zip(taken, outcomes, strict=True):
        if not future.done():
            future.set_result(outcome)
