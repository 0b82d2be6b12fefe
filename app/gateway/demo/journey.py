"""One simulated respondent's way through a survey, over the very rules that real ones meet, at times of its own."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from app.flows.asking.state import State
from app.gateway.batch import Batch
from app.gateway.conversation import Conversation
from app.gateway.demo.persona import Persona
from app.gateway.demo.replying import reply
from app.gateway.library import Edition
from app.gateway.typed import key_of
from app.store.runs import Run
from app.store.sessions import Session, Turn
from app.values import Medium, RunState

_MOST_TURNS = 400
_BY_SMS = 0.25
_STOPS = 0.0015
_COMES_BACK = 0.75
_HOUR = timedelta(hours=1)
_SENDS = {Medium.USSD: 1.0, Medium.SMS: 9.0}  # how much longer a message takes than a screen


@dataclass(slots=True)
class Dialogue:
    """A session with how it ended."""

    session: Session
    started_at: datetime
    ended_at: datetime | None = None
    end_status: str = ""


@dataclass(slots=True)
class Journey:
    """What is to be stored of one respondent. Keys are local: 0 is the respondent and the run, sessions count from 0."""

    started_at: datetime
    run: Run
    batch: Batch
    dialogues: list[Dialogue] = field(default_factory=list)

    @property
    def turns(self) -> list[Turn]:
        """Her turns in their order."""
        return list(self.batch.turns.values())


@dataclass(slots=True)
class Stage:
    """What all journeys share."""

    conversation: Conversation
    edition: Edition
    channel_id: int
    until: datetime
    """Nothing happens after this moment."""
    address: str
    seconds: float
    """How long networks let a session last."""

    @property
    def zone(self) -> ZoneInfo:
        """The survey's own."""
        return self.conversation.zone


def play(stage: Stage, chance: Random, started_at: datetime) -> Journey:
    """Let one respondent take the survey, to whatever end."""
    return _Player(stage, chance, started_at).play()


class _Player:
    def __init__(self, stage: Stage, chance: Random, started_at: datetime) -> None:
        self._stage, self._chance, self._persona = stage, chance, Persona.drawn(chance)
        self._medium = Medium.SMS if chance.random() < _BY_SMS else Medium.USSD
        unread: Any = None  # nothing is read on the way: what there is of her is all in the batch
        batch = Batch(unread, started_at, started_at.astimezone(stage.zone))
        self._journey = Journey(started_at, self._new_run(started_at), batch)
        batch.runs[0] = batch.new_runs[0] = self._journey.run

    def play(self) -> Journey:
        """Take the whole survey, in one session or in several."""
        journey, run = self._journey, self._journey.run
        self._session("")
        for _ in range(_MOST_TURNS):
            if run.state != RunState.ACTIVE or not self._goes_on():
                break
        self._end()
        if run.state == RunState.ACTIVE:
            self._expire()
        return journey

    def _goes_on(self) -> bool:
        """One more reply, or a new session; False where she never comes back."""
        batch, chance = self._journey.batch, self._chance
        self._pass(self._persona.pace * chance.lognormvariate(0, 0.5) * _SENDS[self._medium])
        if batch.at >= self._stage.until:
            return False
        if chance.random() < _STOPS:
            self._stage.conversation.end(batch, self._journey.run, RunState.STOPPED, "stop_word")
            return False
        if self._is_cut():
            self._end()
            return chance.random() < _COMES_BACK and self._dials_again()
        if chance.random() > self._persona.patience:
            return False
        self._reply()
        return True

    def _reply(self) -> None:
        dialogue, state = self._journey.dialogues[-1], State.loads(self._journey.run.memory)
        session, batch, stage = dialogue.session, self._journey.batch, self._stage
        words = "1" if session.asking else reply(stage.edition.flow, state, self._persona, session.medium, batch.local)
        session.text = f"{session.text}*{words}" if session.text else words
        stage.conversation.turn(batch, session, words, key_of(f"{len(batch.turns)} {session.text}"))

    def _is_cut(self) -> bool:
        """Whether the network has ended her session: it lets none last for ever."""
        lasted = self._journey.batch.at - self._journey.dialogues[-1].started_at
        return self._medium == Medium.USSD and lasted.total_seconds() > self._stage.seconds

    def _dials_again(self) -> bool:
        self._pass(self._chance.lognormvariate(5.5, 1.6))
        batch = self._journey.batch
        if batch.at >= self._stage.until or batch.at - self._journey.run.touched_at > self._stage.conversation.patience:
            return False
        state = State.loads(self._journey.run.memory)
        self._session("resume" if state.answers else "")
        return True

    def _session(self, asking: str) -> None:
        batch, stage, number = self._journey.batch, self._stage, len(self._journey.dialogues)
        session = Session(
            number, stage.channel_id, "", self._medium, None, 0, 0, asking, "", 0, stage.address, "", batch.at, stored=False
        )  # fmt: skip
        self._journey.dialogues.append(Dialogue(session, batch.at))
        stage.conversation.turn(batch, session, None, key_of(f"{len(batch.turns)} {number}"))

    def _end(self) -> None:
        dialogue, run, batch = self._journey.dialogues[-1], self._journey.run, self._journey.batch
        if self._medium == Medium.USSD and dialogue.ended_at is None:
            dialogue.ended_at = min(batch.at, dialogue.started_at + timedelta(seconds=self._stage.seconds))
            dialogue.end_status = "Incomplete" if run.state == RunState.ACTIVE else "Success"

    def _expire(self) -> None:
        """End what she left open, if its time is over by now."""
        run, batch = self._journey.run, self._journey.batch
        over = run.touched_at + self._stage.conversation.patience
        if over < self._stage.until:
            batch.at = over
            self._stage.conversation.end(batch, run, RunState.EXPIRED, "no_reply")

    def _pass(self, seconds: float) -> None:
        batch = self._journey.batch
        batch.at += timedelta(seconds=round(seconds, 3))
        batch.local = batch.at.astimezone(self._stage.zone)

    def _new_run(self, at: datetime) -> Run:
        flow, chance = self._stage.edition.flow, self._chance
        language = self._persona.traits["language"]
        state = State(
            seed=chance.randrange(1, 2**31 - 1),
            locale=language if language in flow.locales else flow.locale,
            uid=_uid(chance, at),
        )
        return Run(
            id=0, contact_id=None, respondent_id=0, survey_id=self._stage.edition.survey_id,
            version_id=self._stage.edition.version_id, state=RunState.ACTIVE, question="", locale=state.locale,
            memory=state.dumps(), revision=0, touched_at=at, uid=state.uid,
        )  # fmt: skip


def _uid(chance: Random, at: datetime) -> str:
    """A UUIDv7 of that moment, the same for the same seed."""
    moment = int(at.timestamp() * 1000) << 80
    return str(uuid.UUID(int=moment | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)))
