"""The survey engine: one reply in, the next screen out. Pure: no clock, no store, no chance; the same turn, the same screen.

A respondent is asked the next relevant unanswered question in document order. `0` skips, `88` goes back and `99` shows
more; where figures are answers, letters do so (`S`, `B` and `N` in English). The words of every language always do. `?`
shows the question's hint.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from app.flows.asking import bundle, caution, finding
from app.flows.asking.dependencies import behind
from app.flows.asking.document import Document
from app.flows.asking.reconciling import Reconciler
from app.flows.asking.repeats import ANOTHER
from app.flows.asking.setting import Setter
from app.flows.asking.showing import BACK, HELP, MORE, SKIP, Showing
from app.flows.asking.state import (
    Answered,
    Distressed,
    Ended,
    Event,
    Refused,
    Reply,
    State,
    Step,
    milliseconds,
)
from app.flows.asking.walk import onward
from app.flows.flow import Flow, Question
from app.flows.phrases import fold, say, words
from app.flows.questions.base import Accepted
from app.flows.questions.base import Refused as NoAnswer
from app.flows.questions.time import zoned
from app.values import Medium, RunState, Screen


def advance(flow: Flow, state: State, reply: Reply, at: datetime) -> Step:
    """Take one reply of a run and return its new state, the screen to show and what happened.

    `at` is the moment in the survey's own zone. `state` is not changed.
    """
    turn = Turn(flow, state, reply, at)
    if state.ended:
        turn.page_through_the_end()
    elif not state.open:
        turn.start()
    elif reply.words is None:
        turn.state.page, turn.state.refused, turn.state.told = 0, "", {}
        if flow.cautious:
            caution.renew(turn)
    elif flow.cautious and caution.takes(turn, reply.words):
        pass
    elif state.together and reply.room.medium is Medium.SMS:
        bundle.take_joint(turn, reply.words)
    else:
        turn.take(reply.words)
    if reply.record is not None or turn.state.pending:
        bundle.take_waiting(turn)
    if flow.together:
        bundle.gather(turn)
    return Step(turn.state, turn.parting or turn.showing.screen(), tuple(turn.events))


class Turn:
    """One turn in the making."""

    __slots__ = ("at", "document", "events", "flow", "kept", "parting", "reply", "showing", "state")

    def __init__(self, flow: Flow, state: State, reply: Reply, at: datetime) -> None:
        self.flow, self.reply, self.at = flow, reply, at
        self.state = state.copy()
        self.document = Document(flow, self.state, at)
        self.showing = Showing(flow, self.state, self.document, reply.room, reply.code)
        self.events: list[Event] = []
        self.kept = False
        self.parting: Screen | None = None
        """What is shown in place of the open question: she leaves."""

    # -- understanding the reply ----------------------------------------------------------------------------------

    def take(self, typed: str) -> None:
        """Steer, skip or answer, as the reply says."""
        question = self.flow.spot(self.state.open)
        steer = self.steering(question, typed)
        if self.state.told and steer != MORE:
            self.state.told = {}
        if typed.strip() == HELP or (not typed.isdigit() and fold(typed) in words("words_info")):
            self.state.refused, self.state.page = "help" if typed.strip() == HELP else "info", 0
            return
        if steer == MORE:
            # The reason of a refusal stays: without it the pages would be cut elsewhere, and entries passed over.
            self.state.page += 1
        elif steer == BACK:
            self.back(question)
        elif steer == SKIP:
            self.skip(question, typed)
        else:
            self.answer(question, typed)

    def steering(self, question: Question, typed: str) -> str:
        """Return SKIP, BACK or MORE if the reply steers, else an empty string."""
        word = fold(typed)
        steer = ""
        if question.kind.figures_steer and word in {SKIP, BACK, MORE}:
            steer = word
        elif word and not word[0].isdigit():
            steer = word_of(word, self.state.locale, letters=not question.kind.figures_steer)
        if steer == MORE and self.state.page + 1 >= len(self.showing.pages()):
            return ""
        return steer

    def back(self, question: Question) -> None:
        """Go to the page before, or to the question answered before this one; its answer stays until a new one comes."""
        state = self.state
        if state.page:
            state.page -= 1
            return
        state.refused = ""
        if state.find:
            state.find = ""
            return
        for other in self.before(question):
            if other.key in state.answers and other.kind.asked and not self.is_hidden(other):
                self.open(other, [])
                return

    def is_hidden(self, question: Question) -> bool:
        """Say whether nothing of a question may be in a message."""
        return question.sensitive and self.reply.room.medium is Medium.SMS

    def before(self, question: Question) -> Iterator[Question]:
        """The questions before this one, the nearest first."""
        if not self.flow.repeats:
            return reversed(self.flow.questions[: question.index])
        earlier = []
        for other in onward(self.flow, self.document):
            if other.key == question.key:
                break
            earlier.append(other)
        return reversed(earlier)

    def skip(self, question: Question, typed: str) -> None:
        """Leave a question out where the survey allows it; a default then stands."""
        value, why = self.left_out(question)
        self.decide(question, value, why, typed)

    def left_out(self, question: Question) -> tuple[str, str]:
        """The value that skipping leaves, and why it is not allowed."""
        if self.showing.has_default(question):
            return self.showing.default_of(question), ""
        return "", "needed" if self.document.required(question) else ""

    def answer(self, question: Question, typed: str) -> None:
        """Take the reply as an answer, or say why it is none."""
        choices = self.document.choices(question)
        result = (
            self.look_for(question, typed) if len(choices) > finding.MOST_LISTED else question.kind.read(typed, choices)
        )
        if result is None:
            return
        value, why = self.judged(question, result)
        other = self.at_odds(question, result) if why == "constraint" and question.looks_around else None
        if other is not None:
            self.open(other, [])
        else:
            self.decide(question, value, why, typed)

    def at_odds(self, question: Question, result: Accepted | NoAnswer) -> Question | None:
        """The later answer that a constraint is about too, where she stands by her answer to this question.

        Else she could not come to the other one to mend it: she was led back here from the end.
        """
        if not isinstance(result, Accepted) or self.state.answers.get(question.key) != self.value_of(result):
            return None
        paths = set(behind([question.constraint] if question.constraint else []))
        later = (each for each in self.following(0, question) if each.path in paths and each.kind.asked)
        return next((each for each in later if self.state.answers.get(each.key)), None)

    def judged(self, question: Question, result: Accepted | NoAnswer) -> tuple[str, str]:
        """The value that a reply stands for, and why it is no answer; one of the two is empty."""
        if not isinstance(result, Accepted):
            return "", result.phrase
        value = self.value_of(result)
        return (value, "") if self.document.holds(question, value) else ("", "constraint")

    def value_of(self, result: Accepted) -> str:
        """What is stored of a reply; times get the survey's zone."""
        return zoned(result.value, self.at) if result.local else result.value

    def decide(self, question: Question, value: str, why: str, typed: str) -> None:
        """Take a value, or refuse it if there is a reason why."""
        if why:
            self.refuse(question, why)
        else:
            self.accept(question, value, typed)

    def look_for(self, question: Question, typed: str) -> Accepted | NoAnswer | None:
        """Take the number of a choice that was found, or look for choices by these letters; None: they are shown now."""
        shown, word = self.showing.listed(question), fold(typed)
        if shown and word[:1].isdigit():
            return question.kind.read(typed, shown)
        choices = self.document.choices(question)
        exact = [each.name for each in choices if word in each.spoken]
        if len(exact) == 1:
            return Accepted(exact[0])
        found = finding.matches(choices, typed)
        if not found or len(found) > finding.MOST_LISTED:
            self.state.find = ""
            return NoAnswer("more_letters" if found else "no_match")
        self.state.find, self.state.page, self.state.refused = typed, 0, ""
        return None

    def refuse(self, question: Question, reason: str) -> None:
        """Ask again, and say why."""
        self.state.tries += 1
        self.state.refused, self.state.page = reason, 0
        self.events.append(Refused(question.key, reason))

    # -- moving on ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Note what a smartphone would fill in and what the form sets by itself, and ask the first question."""
        setter = self.setter()
        setter.fill_in(self.flow.metadata)
        setter.set_values(self.flow.at_start, None)
        setter.settle()
        self.go_on(0)

    def setter(self, answered: str = "") -> Setter:
        """What does by itself what the form does by itself; what was answered just now stays."""
        return Setter(self.flow, self.state, self.document, self.at, self.events, answered)

    def accept(self, question: Question, value: str, typed: str) -> None:
        """Keep an answer and go on to the next question."""
        first = self.keep(question, value, typed, self.showing.order_of(question))
        if first is not None and first <= question.index:
            self.go_on(first)
        else:
            self.go_on(None, question)

    def keep(self, question: Question, value: str, typed: str, order: str | None) -> int | None:
        """Keep an answer, with all that it changes; returns the place of the first question that it decides about."""
        state, key, self.kept = self.state, question.key, True
        tries = state.tries if key == state.open or key in state.together else 0
        actions = self.flow.on_change.get(question.name, ())
        if actions and self.document.held(question) == value:
            actions = ()
        state.answers[key] = value
        state.aside.pop(key, None)
        self.document.changed(question)
        if question.sets_language and value in self.flow.locales:
            state.locale = value
        if question.sensitive and key not in state.fresh:
            state.fresh.append(key)
        if question.kind is not ANOTHER:
            self.events.append(Answered(key, value or None, typed, tries + 1, order, state.locale, state.asked_ms))
        if question.distress and caution.is_distress(question, value):
            self.events.append(Distressed(key))
            if "helpline" in self.flow.caution.says:
                state.told["helpline"] = ""
        if not (actions or self.flow.on_new or self.flow.once):
            return self.reconcile((question,))
        by_name = self.flow.by_name
        set_by_form = self.setter(key).set_values(actions, question) if actions else set()
        places = [self.reconcile((question, *(by_name[name] for name in set_by_form)))]
        if (self.flow.on_new or self.flow.once) and (more := self.setter(key).settle()):
            places.append(self.reconcile([by_name[name] for name in more]))
            set_by_form |= more
        places += [by_name[name].index for name in set_by_form]
        return min((place for place in places if place is not None), default=None)

    def reconcile(self, changed: Sequence[Question]) -> int | None:
        """Set answers aside whose question no longer applies, and bring back those whose question does again.

        Returns the place of the first question before these that may be open by now.
        """
        flow, answers, aside = self.flow, self.state.answers, self.state.aside
        places = [place for each in changed for place in flow.dependents.get(each.name, ())]
        if not places:
            return None
        if not flow.repeats and not any(
            (key := flow.questions[each].key) in answers or key in aside for each in places
        ):
            return min(places)
        return Reconciler(self.flow, self.state, self.document, self.events).reconcile(changed)

    def go_on(self, start: int | None, after: Question | None = None) -> None:
        """Open the next relevant unanswered question, from a place or after a question on, or end the run."""
        notes: list[str] = []
        if self.flow.repeats and start is not None:
            start = 0  # a place inside a repeat is in many instances: pass by what is answered
        for question in self.following(start or 0, after):
            if question.kind.asked:
                if question.key in self.state.answers:
                    notes.clear()
                elif self.document.relevant(question) and self.answerable(question):
                    if question.sensitive and caution.passes(self):
                        continue
                    self.open(question, notes)
                    return
            elif not question.silent and self.document.relevant(question):
                notes.append(question.key)
                if question.end:
                    self.end(question.end, question.name, notes)
                    return
        self.end(RunState.COMPLETED, "", notes)

    def following(self, start: int, after: Question | None) -> Iterable[Question]:
        """The questions from a place or after a question on."""
        if self.flow.repeats:
            return onward(self.flow, self.document, start, after)
        return islice(self.flow.questions, start if after is None else after.index + 1, self.flow.asked)

    def answerable(self, question: Question) -> bool:
        """Say whether a list has anything left to choose from; nobody is asked an empty one."""
        return question.choices is None or bool(self.document.choices(question))

    def open(self, question: Question, notes: list[str]) -> None:
        state = self.state
        state.open, state.notes, state.page, state.tries, state.refused = question.key, notes, 0, 0, ""
        state.find, state.asked_ms = "", milliseconds(self.at)

    def end(self, how: RunState, reason: str, notes: list[str]) -> None:
        """End the run; but lead back to an answer that later ones have made impossible."""
        broken = self.broken() if how is RunState.COMPLETED else None
        if broken is not None:
            question, why = broken
            self.open(question, [])
            self.refuse(question, why)
            return
        last, state = self.state.open, self.state
        if how is RunState.SCREENED_OUT:
            self.forget()
        state.open, state.notes, state.page, state.tries, state.refused, state.find = "", notes, 0, 0, "", ""
        state.ended = how
        self.setter().fill_in([each for each in self.flow.metadata if each[1].given == "end"])
        self.events.append(Ended(how, reason, last, self.document.calculated()))

    def forget(self) -> None:
        """Keep nothing of somebody who is not to be asked, such as a child, but why."""
        state = self.state
        state.answers, state.aside, state.given, state.pending, state.fresh = {}, {}, {}, {}, []
        state.told, state.record = {}, ""
        self.document.changed(None)

    def broken(self) -> tuple[Question, str] | None:
        """The first answer that its constraint no longer allows, or that is needed by now and was skipped."""
        rechecked = self.flow.rechecked
        for question in self.following(0, None) if any(each.repeats for each in rechecked) else rechecked:
            value = self.state.answers.get(question.key)
            if value is None or self.is_hidden(question):
                continue
            if value and question.looks_around and not self.document.holds(question, value):
                return question, "constraint"
            if not value and not isinstance(question.required, bool) and self.document.required(question):
                return question, "needed"
        return None

    def page_through_the_end(self) -> None:
        """After the last answer only the rest of a long farewell can be asked for."""
        typed = fold(self.reply.words or "")
        wants_more = typed == MORE or word_of(typed, self.state.locale, letters=False) == MORE
        if wants_more and self.state.page + 1 < len(self.showing.pages()):
            self.state.page += 1


def word_of(word: str, locale: str, *, letters: bool) -> str:
    """Return SKIP, BACK or MORE if a folded reply is a word for it, in any language, or the letter for it in this one."""
    for steer, key in ((SKIP, "skip"), (BACK, "back"), (MORE, "next")):
        if word in words(f"words_{key}") or (letters and word == fold(say(f"{key}_letter", locale))):
            return steer
    return ""
