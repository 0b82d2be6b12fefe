"""The survey engine: one reply in, the next screen out. Pure: no clock, no store, no chance; the same turn, the same screen.

A respondent is asked the next relevant unanswered question in document order. `0` skips, `88` goes back and `99` shows
more; where figures are answers, letters do so (`S`, `B` and `N` in English). The words of every language always do. `?`
shows the question's hint.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from app.flows.document import Document
from app.flows.flow import Choice, Flow, Question
from app.flows.phrases import fold, say, words
from app.flows.questions.base import NUMBERS, Accepted, Filling, QuestionType
from app.flows.questions.metadata import Metadata
from app.flows.questions.time import zoned
from app.flows.screens import Layout, pages
from app.flows.state import Answered, Ended, Event, Refused, Reply, Restored, SetAside, State, Step, milliseconds
from app.values import Medium, RunState, Screen

SKIP, BACK, MORE, HELP = "0", "88", "99", "?"


def advance(flow: Flow, state: State, reply: Reply, at: datetime) -> Step:
    """Take one reply of a run and return its new state, the screen to show and what happened.

    `at` is the moment in the survey's own zone. `state` is not changed.
    """
    turn = _Turn(flow, state, reply, at)
    if state.ended:
        turn.page_through_the_end()
    elif not state.open:
        turn.start()
    elif reply.words is None:
        turn.state.page, turn.state.refused = 0, ""
    else:
        turn.take(reply.words)
    return Step(turn.state, turn.screen(), tuple(turn.events))


class _Turn:
    """One turn in the making."""

    __slots__ = ("at", "document", "events", "flow", "reply", "state")

    def __init__(self, flow: Flow, state: State, reply: Reply, at: datetime) -> None:
        self.flow, self.reply, self.at = flow, reply, at
        self.state = state.copy()
        self.document = Document(
            flow, self.state.answers, locale=state.locale, seed=state.seed, at=at, facts=state.facts
        )
        self.events: list[Event] = []

    # -- understanding the reply ----------------------------------------------------------------------------------

    def take(self, typed: str) -> None:
        """Steer, skip or answer, as the reply says."""
        question = self.flow.by_name[self.state.open]
        if typed.strip() == HELP:
            self.state.refused, self.state.page = "help", 0
            return
        steer = self.steering(question, typed)
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
            steer = _word_of(word, self.state.locale, letters=not question.kind.figures_steer)
        if steer == MORE and self.state.page + 1 >= len(self.pages()):
            return ""
        return steer

    def back(self, question: Question) -> None:
        """Go to the page before, or to the question answered before this one; its answer stays until a new one comes."""
        if self.state.page:
            self.state.page -= 1
            return
        self.state.refused = ""
        for other in reversed(self.flow.questions[: question.index]):
            if other.name in self.state.answers and other.kind.asked:
                self.open(other, [])
                return

    def skip(self, question: Question, typed: str) -> None:
        """Leave a question out where the survey allows it; a default then stands."""
        if question.default:
            self.accept(question, question.default, typed)
        elif self.document.required(question):
            self.refuse(question, "needed")
        else:
            self.accept(question, "", typed)

    def answer(self, question: Question, typed: str) -> None:
        """Take the reply as an answer, or say why it is none."""
        result = question.kind.read(typed, self.document.choices(question))
        if not isinstance(result, Accepted):
            self.refuse(question, result.phrase)
            return
        value = zoned(result.value, self.at) if result.local else result.value
        if not self.document.holds(question, value):
            self.refuse(question, "constraint")
        else:
            self.accept(question, value, typed)

    def refuse(self, question: Question, reason: str) -> None:
        """Ask again, and say why."""
        self.state.tries += 1
        self.state.refused, self.state.page = reason, 0
        self.events.append(Refused(question.name, reason))

    # -- moving on ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Note what a smartphone would fill in by itself, and ask the first question."""
        self.fill_in(self.flow.metadata)
        self.go_on(0)

    def fill_in(self, wanted: Sequence[tuple[Question, Metadata]]) -> None:
        """Fill in what the form wants of a smartphone, with the values of now."""
        if wanted:
            made = {question.name: kind.value(self.at, self.state.who) for question, kind in wanted}
            self.state.facts = {**self.state.facts, **made}
            self.document.noted(self.state.facts)

    def accept(self, question: Question, value: str, typed: str) -> None:
        """Keep an answer and go on to the next question."""
        state = self.state
        order = " ".join(each.name for each in self.document.choices(question)) if question.choices else None
        state.answers[question.name] = value
        state.aside.pop(question.name, None)
        self.document.changed(question)
        if question.sets_language and value in self.flow.locales:
            state.locale = self.document.locale = value
        self.events.append(
            Answered(question.name, value or None, typed, state.tries + 1, order, state.locale, state.asked_ms)
        )
        start = question.index + 1
        if (first := self.flow.dependents.get(question.name)) is not None:
            self.reconcile(first)
            start = min(start, first)
        self.go_on(start)

    def reconcile(self, start: int) -> None:
        """Set answers aside whose question no longer applies, and bring back those whose question does again."""
        state = self.state
        for question in self.flow.questions[start:]:
            if question.name in state.answers:
                if not self.document.relevant(question) or not self.offered(question, state.answers[question.name]):
                    state.aside[question.name] = state.answers.pop(question.name)
                    self.events.append(SetAside(question.name))
                    self.document.changed(question)
            elif question.name in state.aside:
                value = state.aside[question.name]
                if self.document.relevant(question) and self.offered(question, value):
                    state.answers[question.name] = state.aside.pop(question.name)
                    self.events.append(Restored(question.name))
                    self.document.changed(question)

    def offered(self, question: Question, value: str) -> bool:
        """Say whether a filtered list still has what was chosen from it."""
        if question.choices is None or question.choices.nodeset is None:
            return True
        names, chosen = {choice.name for choice in self.document.choices(question)}, value.split()
        return names.issuperset(chosen) and (question.kind.name != "rank" or not chosen or len(chosen) == len(names))

    def go_on(self, start: int) -> None:
        """Open the next relevant unanswered question from place `start` on, or end the run."""
        notes: list[str] = []
        for question in self.flow.questions[start:]:
            if question.kind.asked:
                if question.name in self.state.answers:
                    notes.clear()
                elif self.document.relevant(question) and self.answerable(question):
                    self.open(question, notes)
                    return
            elif not question.silent and self.document.relevant(question):
                notes.append(question.name)
                if question.end:
                    self.end(question.end, question.name, notes)
                    return
        self.end(RunState.COMPLETED, "", notes)

    def answerable(self, question: Question) -> bool:
        """Say whether a list has anything left to choose from; nobody is asked an empty one."""
        return question.choices is None or bool(self.document.choices(question))

    def open(self, question: Question, notes: list[str]) -> None:
        state = self.state
        state.open, state.notes, state.page, state.tries, state.refused = question.name, notes, 0, 0, ""
        state.asked_ms = milliseconds(self.at)

    def end(self, how: RunState, reason: str, notes: list[str]) -> None:
        last, state = self.state.open, self.state
        state.open, state.notes, state.page, state.tries, state.refused = "", notes, 0, 0, ""
        state.ended = how
        self.fill_in([each for each in self.flow.metadata if each[1].given == "end"])
        self.events.append(Ended(how, reason, last, self.document.calculated()))

    def page_through_the_end(self) -> None:
        """After the last answer only the rest of a long farewell can be asked for."""
        typed = fold(self.reply.words or "")
        wants_more = typed == MORE or _word_of(typed, self.state.locale, letters=False) == MORE
        if wants_more and self.state.page + 1 < len(self.pages()):
            self.state.page += 1

    # -- showing --------------------------------------------------------------------------------------------------

    def screen(self) -> Screen:
        """Return the page to show now."""
        cut = self.pages()
        self.state.page = min(self.state.page, len(cut) - 1)
        return Screen(cut[self.state.page], final=bool(self.state.ended) and self.state.page == len(cut) - 1)

    def pages(self) -> Sequence[str]:
        return pages(self.farewell() if self.state.ended else self.layout(), self.reply.room)

    def farewell(self) -> Layout:
        locale = self.state.locale
        notes = self.notes() or (say("thank_you", locale),)
        return Layout(notes, more=f"{MORE} {say('next', locale)}", back=f"{BACK} {say('back', locale)}")

    def layout(self) -> Layout:
        """Lay the open question out: why the last reply was refused, notes, the question, its choices, how to steer."""
        question, state, document = self.flow.by_name[self.state.open], self.state, self.document
        locale = state.locale
        skip, back, more = SKIP, BACK, MORE
        if not question.kind.figures_steer:
            skip, back, more = (say(f"{key}_letter", locale) for key in ("skip", "back", "next"))
        foot = []
        if question.kind.hint and state.refused in {"", "help"}:
            foot.append(_say(question.kind, question.kind.hint, locale))
        if question.has_hint and state.refused != "help":
            foot.append(f"{HELP} {say('hint', locale)}")
        if question.default:
            foot.append(f"{skip} = {self.default(question)}")
        elif not document.required(question):
            foot.append(f"{skip} {say('skip', locale)}")
        refusal = (self.refusal(question),) if state.refused else ()
        return Layout(
            paragraphs=(*refusal, *self.notes(), self.prompt(question)),
            entries=self.entries(question) if question.choices else (),
            foot=tuple(foot),
            more=f"{more} {say('next', locale)}",
            back=f"{back} {say('back', locale)}",
            back_on_first=self.reply.room.medium is Medium.USSD and bool(state.answers),
        )

    def refusal(self, question: Question) -> str:
        if self.state.refused == "help":
            texts = (self.document.text(each, question) for each in (question.hint, question.guidance) if each)
            return "\n".join(filter(None, texts)) or say("no_hint", self.state.locale)
        if self.state.refused == "constraint" and question.constraint_message:
            return self.document.text(question.constraint_message, question)
        if self.state.refused == "needed" and question.required_message:
            return self.document.text(question.required_message, question)
        key = {"constraint": "not_valid", "needed": "required"}.get(self.state.refused, self.state.refused)
        return _say(question.kind, key, self.state.locale)

    def notes(self) -> tuple[str, ...]:
        by_name = self.flow.by_name
        texts = (self.prompt(by_name[name]) for name in self.state.notes)
        return tuple(text for text in texts if text)

    def prompt(self, question: Question) -> str:
        """The question's words: the short ones on a dialled menu, the full ones in a message."""
        on_menu = self.reply.room.medium is Medium.USSD
        texts = question.shorts if on_menu and self.state.locale in question.shorts else question.labels
        return self.document.text(texts, question)

    def entries(self, question: Question) -> tuple[str, ...]:
        choices = tuple(self.document.choices(question))
        lines = _lines(choices, self.state.locale)
        if lines is not None:
            return lines
        return tuple(f"{number} {self.label(each, question)}" for number, each in zip(NUMBERS, choices, strict=False))

    def label(self, choice: Choice, question: Question) -> str:
        texts = choice.shorts if self.state.locale in choice.shorts else choice.labels
        return self.document.text(texts, question)

    def default(self, question: Question) -> str:
        chosen = question.default.split()
        labels = [self.label(each, question) for each in self.document.choices(question) if each.name in chosen]
        return ", ".join(labels) or question.default


@lru_cache(maxsize=4096)
def _lines(choices: tuple[Choice, ...], locale: str) -> tuple[str, ...] | None:
    """The numbered lines of a list; None where an answer stands in one of them."""
    if any(locale not in choice.lines for choice in choices):
        return None
    return tuple(f"{number} {choice.lines[locale]}" for number, choice in zip(NUMBERS, choices, strict=False))


def _say(kind: QuestionType, key: str, locale: str) -> str:
    """A sentence about a reply, with what stands in its blanks."""
    text = say(key, locale)
    return text.format_map(kind.blanks) if "{" in text and isinstance(kind, Filling) else text


def _word_of(word: str, locale: str, *, letters: bool) -> str:
    for steer, key in ((SKIP, "skip"), (BACK, "back"), (MORE, "next")):
        if word in words(f"words_{key}") or (letters and word == fold(say(f"{key}_letter", locale))):
            return steer
    return ""
