"""One text message of one person: the command words, keywords, and the replies that go into the outbox with the turn."""

from datetime import timedelta

from app.channels.base import MissedCall, SmsIn
from app.flows import gsm7
from app.flows.asking import compact
from app.flows.asking.state import State
from app.flows.phrases import say
from app.gateway.batch import Batch
from app.gateway.conversation import LEFT, Conversation
from app.gateway.routing import Command, command_of
from app.gateway.telling import asked
from app.gateway.typed import key_of
from app.models.runs import session as session_table
from app.store import outbox, recipients
from app.store.contacts import Contact
from app.store.outbox import Message
from app.store.runs import Run
from app.store.sessions import Session
from app.values import Medium, RunState, Screen

_INVITED = timedelta(days=14)  # so long a reply to a broadcast's question is a reply to it
_CALLS_AGAIN = timedelta(minutes=10)  # people call again when nothing seems to happen


class Texting:
    """The rules of talking by SMS. Every reply has the inbound's id as its key, so a repeat can never send twice."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.routes = conversation.routes
        self.lifetime = timedelta(hours=conversation.settings.message_hours)

    def take(self, batch: Batch, channel_id: int, message: SmsIn, contact: Contact) -> None:
        """Take a message that has just been stored for the first time."""
        session = self._session(batch, channel_id, message, contact)
        run = batch.runs.get(session.run_id or 0)
        locale = (run.locale if run else None) or contact.locale or "en"
        match command_of(message.text):
            case Command.STOP | Command.WITHDRAW | Command.DELETE as word:
                self._leave(batch, session, message, contact, word, locale)
                return
            case Command.START:
                batch.stop(contact.id, None)
                text = say("restarted", locale).format(keyword=self.routes.first_keyword)
                self._reply(batch, session, message, "help", text, "helped")
                return
            case Command.HELP if not contact.stopped:
                self._reply(batch, session, message, "help", say("help", locale), "helped")
                return
            case Command.INFO if not contact.stopped:
                self._inform(batch, session, message, run, locale)
                return
        in_conversation = run is not None and run.state == RunState.ACTIVE
        survey = self.routes.survey_of_text(message.text, in_conversation=in_conversation)
        found = self._record_in(message.text, run if in_conversation else None)
        if found is not None and survey in {None, found[0]}:
            self._take_record(batch, session, message, contact, *found)
        elif survey is not None:
            self._begin(batch, session, message, contact, survey)
        elif contact.stopped:
            self._note(batch, session, message, "shown", "")
        elif in_conversation or self._is_asked_around(batch, session):
            self._answer(batch, session, message, message.text)
        elif (invited := recipients.invitation_of(batch.connection, contact.id, batch.at - _INVITED)) is not None:
            self._accept(batch, session, message, contact, invited)
        else:
            self._unknown(batch, session, message, contact, locale)

    def _inform(self, batch: Batch, session: Session, message: SmsIn, run: Run | None, locale: str) -> None:
        """Who asks and why; where something is asked around the survey, that follows."""
        welcomed = asked(session) == "resume" and run is not None and run.state == RunState.ACTIVE
        if welcomed or self._is_asked_around(batch, session):
            self._answer(batch, session, message, message.text)
        else:
            self._reply(batch, session, message, "help", self.conversation.info(run, locale), "helped")

    def _is_asked_around(self, batch: Batch, session: Session) -> bool:
        """Say whether a message answers who it is that answers; after a day it no longer does."""
        if asked(session) in {"", "resume"}:
            return False
        if batch.at - session.touched_at > self.conversation.patience:
            session.asking = ""
        return bool(session.asking)

    def call(self, batch: Batch, channel_id: int, call: MissedCall, contact: Contact) -> None:
        """She called and nobody answered: the survey of that number begins by SMS, as its keyword would begin it.

        Not after a STOP: whoever has a shared phone in hand now may know nothing of it, and only START takes it back.
        """
        if contact.stopped:
            return
        message = SmsIn(f"call:{call.session}", call.sender, call.destination, "", "", "")
        session = self._session(batch, channel_id, message, contact)
        if batch.screen_of(session, key_of(message.provider_id)) is not None:
            return  # the provider tells of this call again
        run = batch.runs.get(session.run_id or 0)
        if run is not None and run.state == RunState.ACTIVE and batch.at - session.touched_at < _CALLS_AGAIN:
            return  # her question is on its way to her, or before her
        if self.conversation.find_run(batch, session, contact, self.routes.survey_of_call(call.destination)):
            self._answer(batch, session, message, None)
            return
        text = say("no_service", contact.locale or "en")
        self._note(batch, session, message, "failed", text)
        # Once a day: she pays nothing for a call, but we do for each answer.
        self._send(batch, session, message, "help", text, key=f"no_service:{contact.id}:{batch.local.date()}")

    def _session(self, batch: Batch, channel_id: int, message: SmsIn, contact: Contact) -> Session:
        """The line between a phone and a channel: one session that stays, unlike a dialled one."""
        ref = line_of(contact.id)
        session = batch.sessions.get((channel_id, ref))
        if session is None:
            session = Session(
                batch.new_id(session_table), channel_id, ref, Medium.SMS, contact.id, None, 0, "", "", 0,
                message.recipient, message.network_code, batch.at, stored=False,
            )  # fmt: skip
            batch.sessions[channel_id, ref] = session
        return session

    def _begin(self, batch: Batch, session: Session, message: SmsIn, contact: Contact, survey: str) -> None:
        """A keyword starts its survey, or goes on with it; after a STOP it is she who asks us to write again."""
        if contact.stopped:
            batch.stop(contact.id, None)
        if self.conversation.find_run(batch, session, contact, survey):
            self._answer(batch, session, message, None)
        else:
            text = say("no_service", contact.locale or "en")
            self._reply(batch, session, message, "help", text, "failed")

    def _record_in(self, text: str, run: Run | None) -> tuple[str, str] | None:
        """The survey that a message is a whole record of, and what it says after the prefix."""
        flow = self.conversation.library.edition(run.version_id).flow if run else None
        under_way = [(flow.id, flow.compact)] if flow and flow.compact else []
        for survey, written in (*under_way, *self.conversation.library.compacts()):
            rest = compact.rest_of(written, text, in_conversation=run is not None)
            if rest is not None:
                return survey, rest
        return None

    def _take_record(
        self, batch: Batch, session: Session, message: SmsIn, contact: Contact, survey: str, rest: str
    ) -> None:
        """A record begins a run as a keyword does, or goes on with the one under way; the one just taken is not taken twice."""
        if not rest:
            self._begin(batch, session, message, contact, survey)
            return
        if contact.stopped:
            batch.stop(contact.id, None)
        run = batch.runs.get(session.run_id or 0)
        if run is not None and self._is_known(batch, run, survey, rest):
            self._answer(batch, session, message, None)
            return
        if not self.conversation.find_run(batch, session, contact, survey):
            self._reply(batch, session, message, "help", say("no_service", contact.locale or "en"), "failed")
            return
        outcome = self.conversation.take_record(batch, session, rest, key_of(message.provider_id), message.text)
        if outcome.screen is not None:
            self._send(batch, session, message, "reply", outcome.screen.text)

    def _is_known(self, batch: Batch, run: Run, survey: str, rest: str) -> bool:
        """Say whether the same record ended this run a short while ago."""
        flow = self.conversation.library.edition(run.version_id).flow
        if flow.id != survey or flow.compact is None or batch.at - run.touched_at > self.conversation.patience:
            return False
        state = State.loads(run.memory)
        return bool(state.ended) and state.record == compact.parse(flow, flow.compact, rest).digest

    def _answer(self, batch: Batch, session: Session, message: SmsIn, words: str | None) -> None:
        outcome = self.conversation.turn(batch, session, words, key_of(message.provider_id))
        stopped = batch.turns[session.id, key_of(message.provider_id)].outcome == "stopped"
        if outcome.screen is not None:
            self._send(batch, session, message, "stop" if stopped else "reply", outcome.screen.text)

    def _accept(
        self, batch: Batch, session: Session, message: SmsIn, contact: Contact, invited: recipients.Invitation
    ) -> None:
        """Her reply to the first question of a broadcast begins the conversation."""
        key = key_of(message.provider_id)
        outcome = self.conversation.accept(batch, session, contact, invited, message.text, key)
        if outcome.screen is not None:
            self._send(batch, session, message, "reply", outcome.screen.text)

    def _leave(
        self, batch: Batch, session: Session, message: SmsIn, contact: Contact, word: Command, locale: str
    ) -> None:
        """Every run on this phone ends, what waits is cancelled, and one confirmation goes out; to STOP never a second."""
        for run in batch.runs_of(contact.id):
            self.conversation.end(batch, run, RunState.STOPPED, f"{word}_word")
        if contact.stopped and word is Command.STOP:
            self._note(batch, session, message, "stopped", "")
            return
        batch.stop(contact.id, batch.at, word)
        self._reply(batch, session, message, "stop", say(LEFT[word], locale), "stopped")

    def _unknown(self, batch: Batch, session: Session, message: SmsIn, contact: Contact, locale: str) -> None:
        """A message that nothing here understands: a short help, at most once a day, so that two machines never chat."""
        day = batch.local.date().isoformat()
        text = say("unknown", locale).format(keyword=self.routes.first_keyword)
        self._note(batch, session, message, "helped", text)
        self._send(batch, session, message, "help", text, key=f"unknown:{contact.id}:{day}")

    def _reply(self, batch: Batch, session: Session, message: SmsIn, kind: str, text: str, outcome: str) -> None:
        self._note(batch, session, message, outcome, text)
        self._send(batch, session, message, kind, text)

    def _note(self, batch: Batch, session: Session, message: SmsIn, outcome: str, text: str) -> None:
        """Write down a turn that did not go through the survey."""
        run = batch.runs.get(session.run_id or 0)
        question = run.question if run else ""
        key = key_of(message.provider_id)
        self.conversation.shown(batch, session, key, message.text, question, outcome, Screen(text, final=False))

    def _send(
        self, batch: Batch, session: Session, message: SmsIn, kind: str, text: str, key: str | None = None
    ) -> None:
        if kind != "stop" and self._is_a_machine(batch, session):
            return
        batch.outbox.append(
            Message(
                channel_id=session.channel_id,
                key=key or f"{kind}:{message.provider_id}",
                contact_id=session.contact_id or 0,
                kind=kind,
                body=text,
                segments=gsm7.segments(text)[2],
                at=batch.at,
                expires_at=batch.at + self.lifetime,
            )
        )

    def _is_a_machine(self, batch: Batch, session: Session) -> bool:
        """Say whether so many replies went to this phone within the hour as no person has typed: then we fall silent."""
        most = self.conversation.settings.replies_per_hour
        waiting = sum(each.contact_id == session.contact_id for each in batch.outbox)
        since = batch.at - timedelta(hours=1)
        return outbox.replies_since(batch.connection, session.contact_id or 0, since, most=most) + waiting >= most


def line_of(contact_id: int) -> str:
    """The name of the SMS session of a contact."""
    return f"sms:{contact_id}"
