"""Stages for the console: each a whole service in a temporary folder, with one survey, a clock and phones of its own.

No provider, no worker, no real data: what is tried there stays there, and is thrown away after half an hour without a touch.
"""

import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from app import main
from app.cli.handset import Handset, Journey, TurnFailed
from app.cli.stage import Stage as Players
from app.cli.stage import first_words, on_stage
from app.cli.stored import StoredForm
from app.cli.transcript import Block, Header, Look, Step, Typed, World, write
from app.flows import gsm7
from app.flows.flow import Flow, place_of
from app.flows.reading.faults import FormError
from app.flows.review import bill
from app.flows.review.tariff import BadTariff, Tariff, Usage, total
from app.gateway import planning, preparing, versions
from app.gateway.demo import making
from app.gateway.demo.plan import Plan
from app.gateway.library import Library
from app.gateway.refusals import NotNow, NotPossible
from app.reports.labels import question_label, value_label
from app.reports.missing.desk import Desk as Answers
from app.reports.missing.desk import Document
from app.settings import Settings
from app.store.unit import Database
from app.values import USSD_ROOM, Medium, RunState, Screen
from app.web.console.stages import MOST_PHONES, Bubble, Kept, View, Wanted

MOST = 4
IDLE = timedelta(minutes=30)
_MAY_GO = timedelta(minutes=5)
"""So long untouched, a stage gives way where somebody else needs the place."""
_SWEEP_SECONDS = 60.0
_DAYS = 30


@dataclass(slots=True)
class _Sheet:
    """What the console knows of one phone besides what is stored."""

    bubbles: list[Bubble] = field(default_factory=list)
    began: datetime | None = None
    steps: int = 0
    sessions: int = 0
    sent: int = 0
    messages: int = 0
    parts: int = 0


class Stage:
    """One stage. Whoever acts on it waits until what was done before is done."""

    def __init__(self, wanted: Wanted, settings: Settings, folder: Path, prices: Tariff | None, now: datetime) -> None:
        self.wanted, self.touched_at = wanted, now
        self._folder, self._prices, self._wall = folder, prices, now
        self._parts = main.assemble(on_stage(settings, wanted.survey, folder), [])
        try:
            flow = self._published(now)
        except BaseException:
            self._parts.close()
            raise
        seed = 2 + int(now.timestamp()) % 9998
        header = Header(wanted.called, wanted.medium, wanted.locale, seed=seed, at=now.replace(second=0, microsecond=0))
        self._stage = Players(header, self._parts, flow)
        self._blocks: list[Block] = []
        self._sheets = [_Sheet()]
        self._verdict, self._simulated = "", 0
        self._lock = threading.RLock()

    def _published(self, now: datetime) -> Flow:
        """The one survey of this stage; the log of the service says nothing of it, for nobody real is asked."""
        try:
            read = versions.read(StoredForm(f"{self.wanted.survey}.xml", self.wanted.xform.encode()))
            versions.bring_published(self._parts.database, read.content, now)
        except FormError:
            raise NotPossible("This version cannot be asked: its page of screens says why.") from None
        self._parts.library.refresh()
        edition = self._parts.library.newest(self.wanted.survey)
        assert edition is not None  # noqa: S101 -- it has just been published
        return edition.flow

    def touch(self, now: datetime) -> None:
        """Somebody is here."""
        self.touched_at = self._wall = now

    def close(self) -> None:
        """Throw everything away."""
        with self._lock:
            self._parts.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # -- what is done ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Dial, or send the keyword; what is open is dropped first."""
        with self._lock:
            if self._stage.medium is Medium.USSD and self._stage.phone.in_session:
                self.happen("session dropped")
            self._do(Typed(first_words(self._stage.medium)))

    def type(self, words: str) -> None:
        """Reply, or send a message."""
        with self._lock:
            if self._stage.medium is Medium.USSD and not self._stage.phone.in_session:
                raise NotPossible("No session is open. Dial first.")
            self._do(Typed(words))

    def happen(self, event: str) -> None:
        """Let the world do something."""
        with self._lock:
            if event == "another phone" and len(self._stage.phones) >= MOST_PHONES:
                raise NotPossible(f"There are {MOST_PHONES} phones already.")
            if event in {"provider retries", "an old request comes late"} and not self._sheet.steps:
                raise NotPossible("Nothing was sent from this phone yet.")
            self._do(World(event))

    def _do(self, step: Step) -> None:
        before = self._stored()
        try:
            what = self._stage.type(step.words) if isinstance(step, Typed) else self._happened(step)
        except TurnFailed:
            raise NotPossible("Something went wrong in Izwi at this reply. Its log says where.") from None
        self._blocks.append(Block(step, self._stage.shown(what)))
        self._note(step, what)
        repeated = isinstance(step, World) and step.event in {"provider retries", "an old request comes late"}
        self._verdict = ("same" if self._stored() == before else "changed") if repeated else ""

    def _happened(self, step: Step) -> Screen | list[str] | None:
        event = step.event if isinstance(step, World) else ""
        made = self._stage.happen(event)
        while len(self._sheets) < len(self._stage.phones):
            self._sheets.append(_Sheet())
        return made

    def _note(self, step: Step, what: Screen | list[str] | None) -> None:
        """Write down what the phone in the hand shows."""
        sheet = self._sheet
        if isinstance(step, Typed):
            sheet.bubbles.append(Bubble("typed", step.words))
            sheet.steps += 1
            if self._stage.medium is Medium.SMS:
                sheet.sent += 1
            elif step.words == first_words(Medium.USSD):
                sheet.began, sheet.sessions = self._wall, sheet.sessions + 1
        elif isinstance(step, World):
            sheet.bubbles.append(Bubble("event", step.event))
        late = isinstance(step, World) and step.event == "an old request comes late"
        if isinstance(what, Screen):
            sheet.bubbles.append(self._bubble("late" if late else "screen", what.text, Medium.USSD, what.final))
        for body in what if isinstance(what, list) else ():
            sheet.bubbles.append(self._bubble("message", body, Medium.SMS))
            sheet.messages, sheet.parts = sheet.messages + 1, sheet.parts + sheet.bubbles[-1].parts

    def _bubble(self, kind: str, text: str, medium: Medium, final: bool = False) -> Bubble:
        narrow, wide = gsm7.units(text)
        room = USSD_ROOM
        full = medium is Medium.USSD and (wide > room.ucs2 if narrow is None else narrow > room.septets)
        parts = gsm7.segments(text)[2] if medium is Medium.SMS else 0
        return Bubble(kind, text, final, self._stage.room_of(text, medium), full, parts)

    # -- what there is to see ------------------------------------------------------------------------------------

    @property
    def _sheet(self) -> _Sheet:
        return self._sheets[self._stage.phones.index(self._stage.phone)]

    def _stored(self) -> list[str]:
        return self._stage.stored()

    def view(self) -> View:
        """Look at the phone in the hand."""
        with self._lock:
            stage, sheet, phone = self._stage, self._sheet, self._stage.phone
            journey = next(iter(phone.journeys()[::-1]), None)
            seen = _seen(journey) if journey else []
            return View(
                medium=stage.medium,
                phone=stage.phones.index(phone) + 1,
                phones=len(stage.phones),
                in_session=phone.in_session,
                session_began=sheet.began if phone.in_session else None,
                session_seconds=self._parts.settings.ussd_seconds,
                bubbles=tuple(sheet.bubbles),
                state=journey.state if journey else "",
                reason=journey.reason if journey else "",
                seen=seen,
                at=seen[-1] if journey and journey.state == RunState.ACTIVE and seen else "",
                kept=self._kept(journey) if journey else (),
                stopped=phone.stopped(),
                steps=sheet.steps,
                sessions=sheet.sessions,
                messages=sheet.messages,
                parts=sheet.parts,
                cost=self._cost(phone, sheet),
                verdict=self._verdict,
                now=stage.clock.now,
                simulated=self._simulated,
            )

    def _kept(self, journey: Journey) -> Sequence[Kept]:
        flow, locale = journey.flow, journey.locale
        return [
            Kept(
                each.question,
                question_label(flow, each.question, locale),
                self._stage.value_of(each) or "",
                value_label(flow, each.question, each.value, locale),
                each.raw or "",
                each.medium,
                each.set_aside,
            )
            for each in journey.answers
        ]

    def _cost(self, phone: Handset, sheet: _Sheet) -> str:
        if self._prices is None:
            return ""
        seconds = sheet.steps * self._parts.settings.screen_seconds
        usages = (
            Usage(Medium.USSD, sessions=sheet.sessions, seconds=seconds if sheet.sessions else 0),
            Usage(Medium.SMS, parts=sheet.parts, replies=sheet.sent),
        )
        costs = [self._prices.cost_for(phone.number, each) for each in usages]
        return bill.money(total(each for each in costs if each))

    def transcript(self) -> str:
        """Everything that happened, with all that is stored in the end."""
        with self._lock:
            end = Block(Look(), self._stage.do(Look()))
            return write(self._stage.written_header(), [*self._blocks, end])

    # -- simulated people ----------------------------------------------------------------------------------------

    def simulate(self, people: int, told: Callable[[int], None]) -> None:
        """Let simulated people answer; turns on the phones go on meanwhile."""
        parts = self._parts
        library = Library(parts.database)  # of its own: forms are worked with by one thread at a time
        library.refresh()
        until = datetime.combine(self._stage.clock.now.date(), time(), UTC)
        plan = Plan(self.wanted.survey, people, self._simulated + 1, until, _DAYS)
        making.make(parts.settings, parts.database, library, plan, told, processes=1)
        self._simulated += people

    def funnel(self) -> Document | None:
        """How far people came on this stage; its figures go out by the same exit as those of real people."""
        if not self._simulated:
            return None
        parts = self._parts
        with self._lock:
            return parts.database.read(
                lambda connection: Answers.of(
                    connection,
                    parts.settings,
                    self.wanted.survey,
                    lambda key: parts.library.edition(key).flow,
                    parts.keys.figures,
                ).funnel(connection)
            )


def _seen(journey: Journey) -> list[str]:
    """What was seen in a run, in the form's order; the open question, or the note that ended it, last."""
    names = {place_of(each.question)[0] for each in journey.answers if not each.set_aside}
    last = place_of(journey.question)[0] if journey.state == RunState.ACTIVE else journey.reason
    ordered = [each.name for each in journey.flow.questions if each.name in names - {last}]
    return [*ordered, *([last] if last in journey.flow.by_name else [])]


class Stages:
    """All stages of this process."""

    def __init__(self, settings: Settings, now: Callable[[], datetime], folder: Path | None = None) -> None:
        self._settings, self._now = settings, now
        self._parent, self._own = folder, Path()  # made with the first stage: most services never have one
        self._all: dict[str, Stage] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._sweeper: threading.Thread | None = None

    def begin(self, owner: str, wanted: Wanted) -> Stage:
        """Set a stage in place of what the owner had."""
        self.end(owner)
        self.sweep()
        with self._lock:
            self._make_room()
            if not self._own.name:
                self._own = Path(tempfile.mkdtemp(prefix="izwi-stages-", dir=self._parent))
            folder = Path(tempfile.mkdtemp(prefix="stage-", dir=self._own))
            try:
                shutil.copy(self._empty_tables(), folder / "izwi.db")
                made = Stage(wanted, self._settings, folder, _prices(self._settings), self._now())
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._all[owner] = made
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep, name="stages", daemon=True)
                self._sweeper.start()
        made.start()
        return made

    def find(self, owner: str) -> Stage | None:
        """Somebody's own."""
        found = self._all.get(owner)
        if found is not None:
            found.touch(self._now())
        return found

    def end(self, owner: str) -> None:
        """Throw somebody's own away."""
        found = self._all.pop(owner, None)
        if found is not None:
            found.close()

    def sweep(self) -> None:
        """Throw away what nobody has touched for long."""
        for owner, each in list(self._all.items()):
            if self._now() - each.touched_at > IDLE:
                self.end(owner)

    def close(self) -> None:
        """Throw all away: the service ends."""
        self._closing.set()
        for owner in list(self._all):
            self.end(owner)
        if self._own.name:
            shutil.rmtree(self._own, ignore_errors=True)

    def _empty_tables(self) -> Path:
        """A database without a row, made once: to make one takes as long as all else of a stage."""
        file = self._own / "empty.db"
        if not file.exists():
            draft = self._own / "draft.db"
            database = Database(f"sqlite:///{draft}")
            try:
                preparing.bring_up_to_date(database)
            finally:
                database.close()
            draft.rename(file)
        return file

    def _make_room(self) -> None:
        if len(self._all) < MOST:
            return
        owner, longest = min(self._all.items(), key=lambda each: each[1].touched_at)
        if self._now() - longest.touched_at < _MAY_GO:
            raise NotNow(f"{MOST} people are trying surveys at this moment. Try again in some minutes.")
        self.end(owner)

    def _sweep(self) -> None:
        while not self._closing.wait(_SWEEP_SECONDS):
            self.sweep()


def _prices(settings: Settings) -> Tariff | None:
    try:
        return planning.tariff_of(settings)
    except BadTariff:  # `izwi doctor` says so; a survey can be tried without prices
        return None
