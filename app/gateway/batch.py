"""A batch of turns in the making: what they read, taken together; what they change, written together.

Turns of one batch see each other's changes through it, so two turns of one session are taken in order.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.models.people import respondent
from app.models.runs import run, session
from app.store import airtime, answers, cases, consents, contacts, erasures, outbox, records, retention, runs, sessions
from app.store import inbound as messages
from app.store.airtime import Gift
from app.store.answers import Answer
from app.store.batch import Ids
from app.store.bulk import write_last, write_together
from app.store.cases import Raised
from app.store.consents import Consent
from app.store.contacts import Contact, Person
from app.store.keys import Keys
from app.store.outbox import Message
from app.store.runs import Run
from app.store.sessions import Session, Turn
from app.store.unit import Opened
from app.values import Msisdn


@dataclass(slots=True)
class Batch:
    """The picture of the store that a batch of turns works on."""

    opened: Opened
    at: datetime
    local: datetime
    """The same moment in the survey's own zone."""
    ahead: dict[str, deque[int]] = field(default_factory=dict)
    """Keys that an earlier batch fetched and did not use."""
    sessions: dict[tuple[int, str], Session] = field(default_factory=dict)
    remembers: bool = False
    """Whether some of them were not read now."""
    runs: dict[int, Run] = field(default_factory=dict)
    active: dict[tuple[int, int], list[Run]] = field(default_factory=dict)
    """(contact, survey) → the runs that are under way there: several where several people answer on one phone."""
    contacts: dict[str, Contact] = field(default_factory=dict)
    positions: dict[tuple[int, int], int] = field(default_factory=dict)
    new_runs: dict[int, Run] = field(default_factory=dict)
    changed_runs: dict[int, Run] = field(default_factory=dict)
    new_people: dict[int, Person] = field(default_factory=dict)
    changed_sessions: dict[int, Session] = field(default_factory=dict)
    turns: dict[tuple[int, int], Turn] = field(default_factory=dict)
    answers: dict[tuple[int, tuple[str, str]], Answer] = field(default_factory=dict)
    """By run, and by question and position."""
    asides: dict[tuple[int, tuple[str, str]], datetime | None] = field(default_factory=dict)
    finished: list[int] = field(default_factory=list)
    """Runs whose record is to be made, when there is time."""
    outbox: list[Message] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)
    discarded: set[tuple[int, tuple[str, str]]] = field(default_factory=set)
    """Answers that are to be as if they had never been given."""
    hidden_sessions: set[int] = field(default_factory=set)
    """Sessions of which neither what was typed nor what was shown is kept."""
    forgotten_runs: set[int] = field(default_factory=set)
    """Runs of which nothing is kept but how they ended."""
    cases: list[Raised] = field(default_factory=list)
    pins: dict[int, bytes] = field(default_factory=dict)
    proxies: dict[int, bool] = field(default_factory=dict)
    thanks: list[Gift] = field(default_factory=list)
    """Airtime for those who have completed a survey."""
    locales: dict[int, str] = field(default_factory=dict)
    stops: dict[int, datetime | None] = field(default_factory=dict)
    leaving: dict[str, set[int]] = field(default_factory=dict)
    """Word → the phones that left with it."""
    senders: list[tuple[int, int]] = field(default_factory=list)
    ids: Ids = field(init=False)

    def __post_init__(self) -> None:
        self.ids = Ids(self.opened, (session, run, respondent), self.ahead)

    @property
    def connection(self) -> Connection:
        """The connection; the first time the transaction begins, and with it the wait for another one on SQLite."""
        return self.opened()

    # -- reading ------------------------------------------------------------------------------------------------------

    def load_sessions(self, channel_id: int, refs: list[str]) -> None:
        """Read sessions with their runs."""
        for found, held in sessions.load(self.connection, channel_id, refs) if refs else ():
            self.hold_session(found, held)

    def hold_session(self, found: Session, run: Run | None) -> None:
        """Work on a session that was read, with its run."""
        self.sessions[found.channel_id, found.ref] = found
        if run is not None:
            self._hold(run)

    def load_phones(self, keys: Keys, msisdns: Iterable[Msisdn], operator_of: Callable[[str], str]) -> None:
        """Read the contacts of numbers, adding new ones, with the runs that are under way on them."""
        wanted = [msisdn for msisdn in dict.fromkeys(msisdns) if msisdn.e164 not in self.contacts]
        if not wanted:
            return
        found = contacts.find_or_add(self.connection, keys, wanted, self.at, operator_of)
        self.contacts |= found
        ids = [contact.id for contact in found.values() if not contact.new]
        if ids:
            self.load_active(ids)
            self.positions |= contacts.positions(self.connection, ids)

    def load_positions(self, contact_id: int) -> None:
        """Read how many people have answered on a phone, if that was not read yet."""
        if not any(owner == contact_id for owner, _ in self.positions):
            self.positions |= contacts.positions(self.connection, [contact_id])

    def load_active(self, contact_ids: Sequence[int]) -> None:
        """Read the runs that are under way on some phones."""
        for found in runs.active(self.connection, contact_ids):
            self._hold(found)

    def _hold(self, run: Run) -> None:
        """Keep one object a run, whatever way it was read."""
        held = self.runs.setdefault(run.id, run)
        if held.state == "active":
            self._note_active(held)

    def _note_active(self, run: Run) -> None:
        if run.contact_id is not None:
            there = self.active.setdefault((run.contact_id, run.survey_id), [])
            if run not in there:
                there.append(run)

    def runs_of(self, contact_id: int) -> list[Run]:
        """All runs that are under way on a phone, as far as they were read."""
        return [each for (owner, _), there in self.active.items() if owner == contact_id for each in there]

    def screen_of(self, session: Session, key: int) -> tuple[str, bool] | None:
        """The screen that a turn earned when it first came."""
        turn = self.turns.get((session.id, key))
        if turn is not None:
            return turn.screen, turn.final
        return sessions.screen_of(self.connection, session.id, key) if session.stored else None

    # -- changing -----------------------------------------------------------------------------------------------------

    def new_id(self, table: sa.Table) -> int:
        """The key of a new session, run or respondent."""
        return self.ids.take(table)

    def add_person(self, contact_id: int, survey_id: int) -> int:
        """Add the next person on a phone who takes part in a survey; returns the respondent's key."""
        position = self.positions.get((contact_id, survey_id), 0) + 1
        self.positions[contact_id, survey_id] = position
        key = self.new_id(respondent)
        self.new_people[key] = Person(key, contact_id, survey_id, position, contacts.new_pseudonym())
        return key

    def pseudonym_of(self, respondent_id: int) -> str:
        """The only name that a person's answers carry."""
        new = self.new_people.get(respondent_id)
        return new.pseudonym if new else contacts.pseudonym_of(self.connection, respondent_id)

    def add_run(self, run: Run) -> None:
        """Begin a run."""
        self.runs[run.id] = self.new_runs[run.id] = run
        self._note_active(run)

    def change_run(self, run: Run) -> None:
        """Note that a run is no longer what the store has."""
        if run.id not in self.new_runs:
            self.changed_runs[run.id] = run
        if run.state != "active" and run.contact_id is not None:
            there = self.active.get((run.contact_id, run.survey_id), [])
            if run in there:
                there.remove(run)

    def add_answer(self, answer: Answer) -> None:
        """Write an answer, in place of an earlier one to the same question."""
        key = (answer.run_id, (answer.question, answer.position))
        self.answers[key] = answer
        self.asides.pop(key, None)
        self.discarded.discard(key)

    def discard_answer(self, run_id: int, question: tuple[str, str]) -> None:
        """Let an answer be as if it had never been given."""
        self.answers.pop((run_id, question), None)
        self.asides.pop((run_id, question), None)
        self.consents = [each for each in self.consents if (each.run_id, each.question) != (run_id, question[0])]
        self.discarded.add((run_id, question))

    def set_aside(self, run_id: int, question: tuple[str, str], moment: datetime | None) -> None:
        """Let an answer not count from a moment on, or (None) count again."""
        waiting = self.answers.get((run_id, question))
        if waiting is not None:
            waiting.set_aside_at = moment
        else:
            self.asides[run_id, question] = moment

    def stop(self, contact_id: int, moment: datetime | None, word: str = "stop") -> None:
        """Stop a phone at a moment, or (None) let it be written to again; later turns of this batch know."""
        self.stops[contact_id] = moment
        if moment is not None:
            self.leaving.setdefault(word, set()).add(contact_id)
        for contact in self.contacts.values():
            if contact.id == contact_id:
                contact.stopped = moment is not None

    def _some_begin_again(self) -> bool:
        """On one phone a survey has one active run: one that ends must be written before the one that begins."""
        new = {(each.contact_id, each.survey_id) for each in self.new_runs.values()}
        return any(
            each.state != "active" and (each.contact_id, each.survey_id) in new for each in self.changed_runs.values()
        )

    def _is_all(self) -> bool:
        """Whether nothing is to be written that must come after sessions, runs and answers: so it is with most batches."""
        return not (
            self.asides or self.discarded or self.hidden_sessions or self.proxies or self.pins or self.cases or self.stops
            or self.outbox or self.leaving or self.senders or self.forgotten_runs or self.thanks
        )  # fmt: skip

    # -- writing ------------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything, parents before children."""
        connection, changed = self.connection, self.changed_sessions.values()
        jobs = [runs.saving(self.changed_runs.values())]
        if self._some_begin_again():
            write_together(connection, jobs)
            jobs.clear()
        jobs += [
            contacts.adding_respondents(connection, self.new_people.values(), self.at),
            runs.adding(connection, self.new_runs.values(), self.at),
            sessions.adding([each for each in changed if not each.stored], self.at),
            sessions.saving([each for each in changed if each.stored]),
            sessions.adding_turns(self.turns.values()),
            answers.saving(connection, self.answers.values()),
            records.adding(self.finished),
            consents.adding(connection, self.consents),
        ]
        contacts.set_locales(connection, self.locales)
        if self._is_all():
            write_last(connection, jobs)
            return
        write_together(connection, jobs)
        answers.set_aside(connection, self.asides)
        answers.discard(connection, self.discarded)
        consents.discard(connection, {(run_id, name) for run_id, (name, _) in self.discarded})
        retention.hide(connection, sorted(self.hidden_sessions))
        runs.set_proxies(connection, self.proxies)
        contacts.set_pins(connection, self.pins)
        cases.add(connection, self.cases)
        contacts.set_stopped(connection, self.stops)
        stopped = [contact_id for contact_id, moment in self.stops.items() if moment is not None]
        outbox.add(connection, self.outbox)
        outbox.cancel(connection, stopped, reason="stopped", at=self.at)
        for word, ids in self.leaving.items():
            consents.withdraw(connection, sorted(ids), word=word, at=self.at)
        erasures.withhold(connection, sorted(self.leaving.get("withdraw", ())), at=self.at)
        erasures.ask(connection, sorted(self.leaving.get("delete", ())), asked_by="word", at=self.at)
        messages.set_contacts(connection, self.senders)
        retention.forget(connection, sorted(self.forgotten_runs))
        airtime.add(connection, self.thanks)
