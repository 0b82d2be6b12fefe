"""One turn of one person: finds her run, lets the engine take her reply, and notes what it brought about in the batch."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from uuid_utils import uuid7

from app.channels.base import UssdTurn
from app.flows.asking import compact
from app.flows.asking import state as events
from app.flows.asking.engine import advance
from app.flows.asking.state import Record, Reply, State, Step
from app.flows.flow import Flow, place_of
from app.flows.phrases import fold, say
from app.gateway import answering, consenting, leaving, thanks
from app.gateway.batch import Batch
from app.gateway.inviting import seed_of
from app.gateway.library import Edition, Library
from app.gateway.persons import Persons
from app.gateway.routing import Command, Routes, command_of
from app.gateway.telling import asked, told
from app.gateway.typed import difference, follows, gone_on, key_of
from app.models.runs import run as run_table
from app.models.runs import session as session_table
from app.settings import Settings
from app.store import contacts
from app.store.contacts import Contact
from app.store.keys import Keys
from app.store.recipients import Invitation
from app.store.runs import Run
from app.store.sessions import Session, Turn
from app.values import Medium, Mode, Msisdn, NotAPhoneNumber, Room, RunState, Screen

_PRESET_LIMIT = 20


class Outcome(NamedTuple):
    """What a turn came to: the screen it earned (None where nothing is shown) and the language it is in.

    `granted` is for the provider's question whether airtime is ours.
    """

    screen: Screen | None
    locale: str = "en"
    granted: bool = False


class Conversation:
    """The rules of talking, over dialled sessions; text messages add theirs in `messages`."""

    def __init__(
        self, settings: Settings, library: Library, routes: Routes, keys: Keys, *, chance: Callable[[], int]
    ) -> None:
        self.settings, self.library, self.routes = settings, library, routes
        self.persons = Persons(self, keys)
        self._chance = chance
        self.zone = ZoneInfo(settings.zone)
        self.rooms: dict[str, Room] = {
            Medium.USSD: Room(Medium.USSD, settings.ussd_septets, settings.ussd_ucs2),
            Medium.SMS: Room(Medium.SMS, settings.sms_septets, settings.sms_ucs2),
        }
        self.patience = timedelta(hours=settings.resume_hours)

    # -- a dialled session --------------------------------------------------------------------------------------------

    def ussd(self, batch: Batch, channel_id: int, turn: UssdTurn) -> Outcome:
        """Take one turn of a USSD session. The same text again gets the same screen and changes nothing."""
        session = batch.sessions.get((channel_id, turn.session))
        key = key_of(turn.text)
        if session is None:
            return self._dial(batch, channel_id, turn, key)
        if not follows(session.text, turn.text):
            seen = batch.screen_of(session, key)
            if seen is None and session.text.startswith(turn.text):
                # An older turn that comes after a newer one changes nothing either.
                seen = batch.screen_of(session, key_of(session.text))
            if seen is not None:
                return Outcome(Screen(*seen), self._locale(batch, session))
        words = difference(session.text, turn.text)
        session.text = gone_on(session.text, turn.text)
        return self.turn(batch, session, words, key)

    def _dial(self, batch: Batch, channel_id: int, turn: UssdTurn, key: int) -> Outcome:
        try:
            msisdn = Msisdn.parse(turn.sender, region=self.settings.region)
        except NotAPhoneNumber:
            return Outcome(Screen(say("no_service", "en"), final=True))
        contact = batch.contacts[msisdn.e164]
        survey = self.routes.survey_of_code(turn.service_code)
        session = Session(
            batch.new_id(session_table), channel_id, turn.session, Medium.USSD, contact.id, None, 0, "",
            turn.text, 0, turn.service_code, turn.network_code, batch.at, stored=False,
        )  # fmt: skip
        batch.sessions[channel_id, turn.session] = session
        if not self.find_run(batch, session, contact, survey):
            screen = Screen(say("no_service", contact.locale or "en"), final=True)
            return self.shown(batch, session, key, None, "", "failed", screen)
        outcome = self.turn(batch, session, None, key)
        if turn.text and not session.asking:
            return self._preset(batch, session, turn.text, key, outcome)
        return outcome

    def _preset(self, batch: Batch, session: Session, text: str, key: int, outcome: Outcome) -> Outcome:
        """A dialled path such as *384*77*1#: take each part as a reply, until one is refused."""
        for words in text.split("*")[:_PRESET_LIMIT]:
            outcome = self.turn(batch, session, words, key)
            if batch.turns[session.id, key].outcome in {"refused", "ended", "stopped"}:
                break
        batch.turns[session.id, key] = batch.turns[session.id, key]._replace(typed=text)
        return outcome

    # -- a turn in a run, whatever the channel ------------------------------------------------------------------------

    def find_run(self, batch: Batch, session: Session, contact: Contact, survey: str) -> bool:
        """Bind a session to the run that waits on this phone, or to a new one; False where no new one may begin."""
        edition = self.library.newest(survey)
        if edition is not None and self.persons.asks_who(batch, session, contact, edition):
            return True
        waiting = self.waiting(batch, contact.id, self.library.survey_id(survey) or 0)
        if waiting:
            session.run_id = waiting[0].id
            # A survey that was retired is not started again: she goes on where she was.
            session.asking = "resume" if edition is not None and State.loads(waiting[0].memory).answers else ""
        elif edition is not None:
            self.start(batch, session, contact, edition, None)
        return bool(waiting) or edition is not None

    def waiting(self, batch: Batch, contact_id: int, survey_id: int) -> list[Run]:
        """The runs that wait on a phone, the latest first; one that waited too long ends here, if no worker has ended it yet."""
        for run in list(batch.active.get((contact_id, survey_id), ())):
            if batch.at - run.touched_at > self.patience:
                self.end(batch, run, RunState.EXPIRED, "no_reply")
        return sorted(
            batch.active.get((contact_id, survey_id), ()), key=lambda run: (run.touched_at, run.id), reverse=True
        )

    def info(self, run: Run | None, locale: str) -> str:
        """Who asks, why, how long answers are kept and whom to complain to: of the survey that she is in, or may begin."""
        name = self.routes.survey if run is None else ""
        edition = self.library.newest(name) if run is None else self.library.edition(run.version_id)
        return say("info", locale) if edition is None else edition.flow.says("info", locale)

    def accept(
        self, batch: Batch, session: Session, contact: Contact, invitation: Invitation, words: str, key: int
    ) -> Outcome:
        """Take a reply to the first question that a broadcast sent: the run begins with it, in the same random order."""
        version = invitation.version_id
        edition = self.library.edition(version) if version else None
        if edition is None:
            return Outcome(None)
        waiting = self.waiting(batch, contact.id, edition.survey_id)
        if edition.flow.caution.persons > 1:  # another person's run is not hers to go on with
            waiting = [each for each in waiting if each.respondent_id == invitation.respondent_id]
        if waiting:  # she dialled meanwhile: the open question, not the first
            session.run_id, session.asking = waiting[0].id, ""
            return self.turn(batch, session, None, key)
        seed = seed_of(invitation.seed, contact.id)
        self.start(batch, session, contact, edition, invitation.respondent_id, seed)
        outcome = self.turn(batch, session, None, key)
        return outcome if invitation.reminded else self.turn(batch, session, words, key)

    def start(
        self,
        batch: Batch,
        session: Session,
        contact: Contact,
        edition: Edition,
        person: int | None,
        seed: int | None = None,
    ) -> Run:
        """Begin a run: of the person who gave up the last one, or of the next person on this phone."""
        flow = edition.flow
        locale = contact.locale if contact.locale in flow.locales else flow.locale
        person = person or batch.add_person(contact.id, edition.survey_id)
        state = State(seed=seed or self._chance(), locale=locale or flow.locale, uid=str(uuid7()))
        if flow.asks_who:
            state.who = batch.pseudonym_of(person)
        run = Run(
            id=batch.new_id(run_table),
            contact_id=contact.id,
            respondent_id=person,
            survey_id=edition.survey_id,
            version_id=edition.version_id,
            state=RunState.ACTIVE,
            question="",
            locale=state.locale,
            memory=state.dumps(),
            revision=0,
            touched_at=batch.at,
            uid=state.uid,
            mode=Mode.FACILITATOR if contact.facilitator else Mode.SELF,
        )
        batch.add_run(run)
        session.run_id, session.asking = run.id, ""
        return run

    def turn(self, batch: Batch, session: Session, words: str | None, key: int) -> Outcome:
        """Take a reply (None: she dialled) in the session's run."""
        run = batch.runs.get(session.run_id or 0)
        if words and not words.isdigit() and (word := command_of(words)) and word.leaves:
            return self._leave(batch, session, run, word, words, key)
        if session.asking and asked(session) != "resume":
            return self.persons.take(batch, session, words, key)
        if run is None:
            screen = Screen(say("no_service", "en"), final=True)
            return self.shown(batch, session, key, words, "", "failed", screen)
        if session.asking and run.state == RunState.ACTIVE:
            return self._resume(batch, session, run, words, key)
        if run.state != RunState.ACTIVE and State.loads(run.memory).ended != run.state:
            # Ended elsewhere, by STOP or by time: what was answered is kept, and there is nothing more to ask.
            return self.shown(
                batch, session, key, words, run.question, "ended", Screen(say("thank_you", run.locale), final=True)
            )
        if session.shown != run.revision:
            words = None  # The run went on elsewhere: this reply belongs to a screen that is no longer true.
        return self._advance(batch, session, run, words, key)

    def _leave(self, batch: Batch, session: Session, run: Run | None, word: Command, words: str, key: int) -> Outcome:
        """She wants to be left alone, by a word in the middle of a session: for the phone, but for a facilitator's."""
        if run is not None and run.mode == Mode.FACILITATOR:
            leaving.left_by_one(batch, session, run, word, self.end)
        else:
            batch.load_active([session.contact_id or 0])
            for each in batch.runs_of(session.contact_id or 0):
                self.end(batch, each, RunState.STOPPED, f"{word}_word")
            batch.stop(session.contact_id or 0, batch.at, word)
        session.asking = ""
        if run is not None:
            locale, question = run.locale, run.question
        else:
            locale, question = contacts.by_id(batch.connection, session.contact_id or 0).locale or "en", ""
        screen = Screen(say(LEFT[word], locale), final=True)
        return self.shown(batch, session, key, words, question, "stopped", screen)

    def take_record(self, batch: Batch, session: Session, rest: str, key: int, typed: str) -> Outcome:
        """Take a whole record (what stands after its prefix) in the session's run, be it new or under way."""
        run = batch.runs[session.run_id or 0]
        flow = self.library.edition(run.version_id).flow
        session.asking = ""
        record = compact.parse(flow, flow.compact, rest) if flow.compact else None
        return self._advance(batch, session, run, None, key, typed=typed, record=record)

    def _resume(self, batch: Batch, session: Session, run: Run, words: str | None, key: int) -> Outcome:
        """Welcome back: go on at the open question, or start again; nothing given before is shown."""
        choice, flow = fold(words or ""), self.library.edition(run.version_id).flow
        if choice in {"0", "00"} and flow.caution.leave != "no":
            screen = Screen(flow.says("exit", run.locale), final=True)
            return self.shown(batch, session, key, words, run.question, "ended", screen)
        again = self.library.newest(flow.id)
        other = "next_person" if run.mode == Mode.FACILITATOR else "start_again"
        if choice == "1" or choice == fold(say("continue", run.locale)) or again is None:
            session.asking, session.shown = "", run.revision
            return self._advance(batch, session, run, None, key, typed=words)
        if choice == "2" or choice == fold(say(other, run.locale)):
            contact = Contact(session.contact_id or 0, run.locale, False, facilitator=run.mode == Mode.FACILITATOR)
            if not contact.facilitator:
                self.end(batch, run, RunState.EXPIRED, "started_again")
            batch.load_positions(contact.id)
            person = None if contact.facilitator else run.respondent_id
            fresh = self.start(batch, session, contact, again, person)
            return self._advance(batch, session, fresh, None, key, typed=words)
        lines = (say("welcome_back", run.locale), f"1 {say('continue', run.locale)}", f"2 {say(other, run.locale)}")
        page = told(session, words, flow.says("info", run.locale), lines, self.rooms[session.medium], run.locale)
        outcome = "shown" if words is None else "refused" if page is None else "helped"
        screen = Screen(page or "\n".join(lines), final=False)
        return self.shown(batch, session, key, words, run.question, outcome, screen, run)

    def _advance(
        self, batch: Batch, session: Session, run: Run, words: str | None, key: int, typed: str | None = None,
        record: Record | None = None,
    ) -> Outcome:  # fmt: skip
        flow = self.library.edition(run.version_id).flow
        room = self.rooms[session.medium]
        reply = Reply(words, room, record, self.routes.code_of(flow.id) if flow.cautious else "")
        step = advance(flow, State.loads(run.memory), reply, batch.local)
        question = run.question
        outcome = self._apply(batch, session, run, step, flow)
        screen = step.screen if run.mode == Mode.SELF else self.persons.after(session, run, flow, step.screen)
        is_turn = words is not None or record is not None or outcome in {"ended", "left"}
        # Whoever left finds the open question when she comes back, not what she typed last.
        shown_run = None if outcome == "left" else run
        return self.shown(
            batch, session, key, words if typed is None else typed, question,
            ("ended" if outcome == "left" else outcome) if is_turn else "shown", screen, shown_run,
        )  # fmt: skip

    def _apply(self, batch: Batch, session: Session, run: Run, step: Step, flow: Flow) -> str:
        """Note what the engine says has happened; returns the outcome of the turn."""
        outcome = "steered"
        for event in step.events:
            outcome = self._note(batch, session, run, event, flow) or outcome
        if step.state.locale != run.locale:
            run.locale = step.state.locale
            batch.locales[session.contact_id or 0] = run.locale
        if run.state == RunState.ACTIVE:
            run.question = step.state.open
        run.memory = step.state.dumps()
        run.revision += 1
        run.touched_at = batch.at
        batch.change_run(run)
        return outcome

    def _note(self, batch: Batch, session: Session, run: Run, event: events.Event, flow: Flow) -> str:
        """Note one thing that has happened; returns what it makes of the turn."""
        match event:
            case events.Answered():
                self._answered(batch, session, run, event, flow)
                return "answered"
            case events.Refused():
                return "refused"
            case events.SetAside(question):
                batch.set_aside(run.id, place_of(question), batch.at)
            case events.Restored(question):
                batch.set_aside(run.id, place_of(question), None)
            case events.Discarded(question):
                batch.discard_answer(run.id, place_of(question))
                if flow.spot(question).proxy:
                    batch.proxies[run.id] = False
            case events.Distressed(question):
                leaving.distressed(batch, run, place_of(question)[0], self.settings)
            case events.Left():
                leaving.left(batch, session, run, event, code=self.routes.code_of(flow.id), settings=self.settings)
                return "left"
            case events.Ended():
                self._ended(batch, session, run, event)
                return "ended"
        return ""

    def _answered(self, batch: Batch, session: Session, run: Run, event: events.Answered, flow: Flow) -> None:
        batch.add_answer(answering.given(event, run, session, batch.at))
        question = flow.spot(event.question)
        if question.consent:
            batch.consents.append(consenting.given(event, question, run, session, flow, batch.at))
        if question.proxy:
            batch.proxies[run.id] = event.value in question.proxy

    def _ended(self, batch: Batch, session: Session, run: Run, event: events.Ended) -> None:
        run.state, run.reason, run.ended_at, run.question = event.state, event.reason, batch.at, event.question
        if run.state == RunState.SCREENED_OUT:
            leaving.screened_out(batch, session, run)
            return
        batch.finished.append(run.id)
        for name, value in event.calculated.items():
            batch.add_answer(answering.worked_out(name, value, run, session, batch.at))
        self._thank(batch, session, run)

    def _thank(self, batch: Batch, session: Session, run: Run) -> None:
        """Whoever has completed a survey gets its airtime, whatever she skipped; who declined or was screened out does not."""
        contact_id = run.contact_id or session.contact_id
        if run.state != RunState.COMPLETED or contact_id is None or not self.settings.airtime:
            return
        found = thanks.due(self.settings, self.library.edition(run.version_id).flow.id)
        if found is not None:
            batch.thanks.append(
                thanks.gift_of(found, run, contact_id=contact_id, channel_id=session.channel_id, at=batch.at)
            )

    def end(self, batch: Batch, run: Run, how: RunState, reason: str) -> None:
        """End a run from outside the survey."""
        run.state, run.reason, run.ended_at = how, reason, batch.at
        run.revision += 1
        run.touched_at = batch.at
        batch.change_run(run)

    def shown(
        self,
        batch: Batch,
        session: Session,
        key: int,
        words: str | None,
        question: str,
        outcome: str,
        screen: Screen,
        run: Run | None = None,
    ) -> Outcome:
        """Write the turn down, and what the session now shows."""
        if run is not None:
            session.shown = run.revision
        session.turns += 1
        session.touched_at = batch.at
        batch.changed_sessions[session.id] = session
        batch.turns[session.id, key] = Turn(
            session.id, key, session.run_id, words, question, outcome, screen.text, screen.final, batch.at
        )
        return Outcome(screen, self._locale(batch, session))

    def _locale(self, batch: Batch, session: Session) -> str:
        run = batch.runs.get(session.run_id or 0)
        return run.locale if run else "en"


LEFT = {Command.STOP: "stopped", Command.WITHDRAW: "withdrawn", Command.DELETE: "deleted"}
"""What is said to somebody who leaves, by her word."""
