"""Several people on one phone: who is answering, the digits she comes back with, and facilitators who hold the phone for others.

Whoever comes next never sees anything of whoever was before, not even whether she answered.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.flows.asking.state import State
from app.flows.flow import Flow
from app.flows.phrases import fold, say
from app.flows.screens import Layout, pages
from app.gateway.batch import Batch
from app.gateway.library import Edition
from app.gateway.typed import hidden
from app.store import contacts
from app.store.contacts import Contact
from app.store.keys import Keys
from app.store.runs import Run
from app.store.sessions import Session
from app.values import Medium, Mode, RunState, Screen

if TYPE_CHECKING:
    from app.gateway.conversation import Conversation, Outcome

_DIGITS, _MOST_TRIES = 4, 3
_NONE, _LEAVE = "0", "00"
_OVER = {RunState.COMPLETED, RunState.DECLINED, RunState.SCREENED_OUT}


class Persons:
    """What is asked around a survey: `session.asking` is the question, the survey's name, and how often it was not understood."""

    def __init__(self, conversation: "Conversation", keys: Keys) -> None:
        self.conversation, self.keys = conversation, keys

    def asks_who(self, batch: Batch, session: Session, contact: Contact, edition: Edition) -> bool:
        """Ask who is answering, where several may and somebody has; says whether it is asked."""
        known = batch.positions.get((contact.id, edition.survey_id), 0)
        if edition.flow.caution.persons < 2 or not known or contact.facilitator:
            return False
        session.run_id, session.asking = None, f"who {edition.flow.id}"
        return True

    def take(self, batch: Batch, session: Session, words: str | None, key: int) -> "Outcome":
        """Take a reply to what is asked around the survey; None: she dialled."""
        asking, name, *tries = session.asking.split(" ")
        if asking in {"pin", "new_pin"}:
            session.text = hidden(session.text)  # her digits are nobody's to read
        edition = self.conversation.library.newest(name)
        contact = contacts.by_id(batch.connection, session.contact_id or 0)
        if edition is None:
            return self._final(batch, session, key, words, say("no_service", contact.locale or "en"))
        turn = _Asked(self, batch, session, contact, edition, key, words, int(tries[0]) if tries else 0)
        if fold(words or "") == _LEAVE or (asking == "who" and fold(words or "") == _NONE):
            return self._final(batch, session, key, words, edition.flow.says("exit", turn.locale))
        by_question: dict[str, Callable[[], Outcome]] = {
            "who": turn.who, "pin": turn.pin, "new_pin": turn.new_pin, "next": turn.next_person,
        }  # fmt: skip
        return by_question[asking]()

    def _final(self, batch: Batch, session: Session, key: int, words: str | None, text: str) -> "Outcome":
        session.asking = ""
        return self.conversation.shown(batch, session, key, words, "", "ended", Screen(text, final=True))

    def after(self, session: Session, run: Run, flow: Flow, screen: Screen) -> Screen:
        """The last screen of a run; a facilitator goes on with the next person from it."""
        if run.mode != Mode.FACILITATOR or run.state not in _OVER or not screen.final:
            return screen
        session.asking = f"next {flow.id}"
        entries = (f"1 {say('next_person', run.locale)}", f"2 {say('no_more', run.locale)}")
        room = self.conversation.rooms[session.medium]
        found = pages(Layout((screen.text,), entries), room)
        text = found[0] if len(found) == 1 else pages(Layout((say("thank_you", run.locale),), entries), room)[0]
        return Screen(text, final=False)


class _Asked:
    """One turn of what is asked around a survey."""

    def __init__(
        self, persons: Persons, batch: Batch, session: Session, contact: Contact, edition: Edition, key: int,
        words: str | None, tries: int,
    ) -> None:  # fmt: skip
        self.persons, self.conversation, self.batch, self.session = persons, persons.conversation, batch, session
        self.contact, self.edition, self.key, self.words, self.tries = contact, edition, key, words, tries
        flow = edition.flow
        self.locale: str = contact.locale if contact.locale and contact.locale in flow.locales else flow.locale

    def who(self) -> "Outcome":
        """Me, as before; or someone else."""
        word = fold(self.words or "")
        people = contacts.people(self.batch.connection, self.contact.id, self.edition.survey_id)
        if word == "1" or word == fold(say("who_before", self.locale)):
            if len(people) > 1 or any(people.values()):
                return self._by_dialling() if self._is_written else self._ask("pin", "pin")
            return self._go_on(list(people))
        if word == "2" or word == fold(say("who_else", self.locale)):
            if len(people) >= self.edition.flow.caution.persons:
                return self._thank()
            return self._begin(None) if self._is_written else self._ask("new_pin", "new_pin")
        return self._show_who(refused=self.words is not None)

    @property
    def _is_written(self) -> bool:
        """Whether her digits would stay on the phone."""
        return self.session.medium == Medium.SMS

    def _by_dialling(self) -> "Outcome":
        """Nobody types digits into a message."""
        self.session.asking = ""
        code = self.conversation.routes.code_of(self.edition.flow.id)
        text = (
            say("dial_only", self.locale).format(code=code)
            if code
            else self.edition.flow.says("thank_you", self.locale)
        )
        return self._shown(text, refused=False)

    def _show_who(self, *, refused: bool) -> "Outcome":
        flow, locale = self.edition.flow, self.locale
        lines = [say("choose_number", locale)] if refused else []
        lines += [flow.says("who", locale), f"1 {say('who_before', locale)}", f"2 {say('who_else', locale)}"]
        return self._shown("\n".join(lines), refused=refused)

    def pin(self) -> "Outcome":
        """The digits by which she is known; 0 where she has none."""
        people = contacts.people(self.batch.connection, self.contact.id, self.edition.survey_id)
        word = fold(self.words or "")
        if word == _NONE:
            return self._go_on([person for person, pin in people.items() if pin is None])
        if _are_digits(word):
            wanted = self.persons.keys.find_pin(self.contact.id, word)
            if found := [person for person, pin in people.items() if pin == wanted]:
                return self._go_on(found)
        if self.tries + 1 >= _MOST_TRIES:
            return self._thank()
        return self._ask("pin", "pin_wrong", "pin", tries=self.tries + 1, refused=True)

    def new_pin(self) -> "Outcome":
        """The digits that somebody new will come back with."""
        people = contacts.people(self.batch.connection, self.contact.id, self.edition.survey_id)
        word = fold(self.words or "")
        pin = self.persons.keys.find_pin(self.contact.id, word) if _are_digits(word) else None
        if word != _NONE and (pin is None or pin in people.values()):
            return self._ask("new_pin", "new_pin_wrong", refused=self.words is not None)
        return self._begin(pin)

    def next_person(self) -> "Outcome":
        """A facilitator goes on, or is done."""
        word = fold(self.words or "")
        if word == "1" or word == fold(say("next_person", self.locale)):
            return self._begin(None)
        return self._thank()

    def _begin(self, pin: bytes | None) -> "Outcome":
        batch = self.batch
        batch.load_positions(self.contact.id)
        run = self.conversation.start(batch, self.session, self.contact, self.edition, None)
        if pin is not None:
            batch.pins[run.respondent_id] = pin
        return self._turn()

    def _go_on(self, people: list[int]) -> "Outcome":
        """Go on with the run that one of these left; whoever has finished has nothing to go on with."""
        self.batch.load_active([self.contact.id])
        waiting = self.conversation.waiting(self.batch, self.contact.id, self.edition.survey_id)
        run = next((each for each in waiting if each.respondent_id in people), None)
        if run is None:
            return self._thank()
        self.session.run_id = run.id
        self.session.asking = "resume" if State.loads(run.memory).answers else ""
        return self._turn()

    def _turn(self) -> "Outcome":
        """Show the run that the session is bound to now; what was typed led to it."""
        outcome = self.conversation.turn(self.batch, self.session, None, self.key)
        place = self.session.id, self.key
        self.batch.turns[place] = self.batch.turns[place]._replace(typed=None)  # her digits are nobody's to read
        return outcome

    def _thank(self) -> "Outcome":
        self.session.asking = ""
        text = self.edition.flow.says("thank_you", self.locale)
        return self.conversation.shown(self.batch, self.session, self.key, None, "", "ended", Screen(text, final=True))

    def _ask(self, asking: str, *phrases: str, tries: int = 0, refused: bool = False) -> "Outcome":
        self.session.asking = f"{asking} {self.edition.flow.id}" + (f" {tries}" if tries else "")
        return self._shown("\n".join(say(each, self.locale) for each in phrases), refused=refused)

    def _shown(self, text: str, *, refused: bool) -> "Outcome":
        outcome = "refused" if refused else "shown"
        return self.conversation.shown(self.batch, self.session, self.key, None, "", outcome, Screen(text, final=False))


def _are_digits(word: str) -> bool:
    return len(word) == _DIGITS and word.isascii() and word.isdigit()
