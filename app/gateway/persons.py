"""Several people on one phone: who answers, what she comes back with, and facilitators who hold the phone for others.

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
from app.gateway.routing import command_of
from app.gateway.telling import asked, told
from app.gateway.typed import hidden
from app.store import contacts
from app.store.contacts import Contact
from app.store.keys import Keys
from app.store.runs import Run
from app.store.sessions import Session
from app.values import Medium, Mode, RunState, Screen

if TYPE_CHECKING:
    from app.gateway.conversation import Conversation, Outcome

_DIGITS, _LEAST_LETTERS, _MOST_LETTERS, _MOST_TRIES = 4, 2, 12, 3
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
        asking, name, *tries = asked(session).split(" ")
        if asking in {"pin", "new_pin"}:
            session.text = hidden(session.text)  # her digits or word are nobody's to read
        edition = self.conversation.library.newest(name)
        contact = contacts.by_id(batch.connection, session.contact_id or 0)
        if edition is None:
            return self._final(batch, session, key, words, say("no_service", contact.locale or "en"))
        turn = _Asked(self, batch, session, contact, edition, key, words, int(tries[0]) if tries else 0)
        if (informed := turn.informed(asking)) is not None:
            return informed
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

    def informed(self, asking: str) -> "Outcome | None":
        """INFO, and then what is asked; None where she did not write it."""
        room = self.conversation.rooms[self.session.medium]
        info = self.edition.flow.says("info", self.locale)
        page = told(self.session, self.words, info, self._lines(asking), room, self.locale)
        return None if page is None else self._shown(page, "helped")

    def _lines(self, asking: str) -> tuple[str, ...]:
        """What a screen shows, line by line."""
        if asking == "who":
            choices = ("who_before", "who_else")
            return (self.edition.flow.says("who", self.locale), *self._numbered(*choices))
        if asking == "next":
            return (say("thank_you", self.locale), *self._numbered("next_person", "no_more"))
        return (say(asking, self.locale),)

    def _numbered(self, *phrases: str) -> tuple[str, ...]:
        return tuple(f"{number} {say(each, self.locale)}" for number, each in enumerate(phrases, 1))

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
        return self._shown(text)

    def _show_who(self, *, refused: bool) -> "Outcome":
        lines = [say("choose_number", self.locale)] if refused else []
        return self._shown("\n".join([*lines, *self._lines("who")]), "refused" if refused else "shown")

    def pin(self) -> "Outcome":
        """The digits or the word by which she is known; 0 where she has none."""
        people = contacts.people(self.batch.connection, self.contact.id, self.edition.survey_id)
        word = fold(self.words or "")
        if word == _NONE:
            return self._go_on([person for person, pin in people.items() if pin is None])
        if _may_be_chosen(word):
            wanted = self.persons.keys.find_pin(self.contact.id, word)
            if found := [person for person, pin in people.items() if pin == wanted]:
                return self._go_on(found)
        return self._refuse("pin", "pin_wrong", "pin")

    def new_pin(self) -> "Outcome":
        """The digits or the word that somebody new will come back with. To try which ones are taken ends as soon as at `pin`."""
        people = contacts.people(self.batch.connection, self.contact.id, self.edition.survey_id)
        word = fold(self.words or "")
        pin = self.persons.keys.find_pin(self.contact.id, word) if _may_be_chosen(word) else None
        if word != _NONE and (pin is None or pin in people.values()):
            return self._refuse("new_pin", "new_pin_wrong")
        return self._begin(pin)

    def _refuse(self, asking: str, *phrases: str) -> "Outcome":
        """Ask again, a few times."""
        if self.tries + 1 >= _MOST_TRIES:
            return self._thank()
        return self._ask(asking, *phrases, tries=self.tries + 1, refused=True)

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
        self.batch.turns[place] = self.batch.turns[place]._replace(
            typed=None
        )  # her digits or word are nobody's to read
        return outcome

    def _thank(self) -> "Outcome":
        self.session.asking = ""
        text = self.edition.flow.says("thank_you", self.locale)
        return self.conversation.shown(self.batch, self.session, self.key, None, "", "ended", Screen(text, final=True))

    def _ask(self, asking: str, *phrases: str, tries: int = 0, refused: bool = False) -> "Outcome":
        self.session.asking = f"{asking} {self.edition.flow.id}" + (f" {tries}" if tries else "")
        text = "\n".join(say(each, self.locale) for each in phrases)
        return self._shown(text, "refused" if refused else "shown")

    def _shown(self, text: str, outcome: str = "shown") -> "Outcome":
        return self.conversation.shown(self.batch, self.session, self.key, None, "", outcome, Screen(text, final=False))


def _may_be_chosen(word: str) -> bool:
    """Whether somebody may come back with this: four digits, or a short word that is no command."""
    if word.isascii() and word.isdigit():
        return len(word) == _DIGITS
    return word.isalpha() and _LEAST_LETTERS <= len(word) <= _MOST_LETTERS and command_of(word) is None
