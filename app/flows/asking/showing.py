"""Lays an open question out for a screen: why the last reply was refused, notes, the question, its choices, how to steer."""

from collections.abc import Sequence
from functools import lru_cache

from app.flows.asking import caution, finding, together
from app.flows.asking.document import Document
from app.flows.asking.state import State
from app.flows.flow import Choice, Flow, Question
from app.flows.phrases import say
from app.flows.questions.base import NUMBERS, Filling, QuestionType, Writing
from app.flows.screens import Layout, pages
from app.values import Medium, Room, Screen

SKIP, BACK, MORE, HELP = "0", "88", "99", "?"
_ASKS_FOR_LETTERS = frozenset(["no_match", "more_letters"])  # refusals that say themselves what to type


class Showing:
    """What a run shows now, in its language, on a phone with some room."""

    __slots__ = ("code", "document", "flow", "room", "state")

    def __init__(self, flow: Flow, state: State, document: Document, room: Room, code: str = "") -> None:
        self.flow, self.state, self.document, self.room, self.code = flow, state, document, room, code

    def screen(self) -> Screen:
        """Return the page to show now."""
        cut = self.pages()
        self.state.page = min(self.state.page, len(cut) - 1)
        return Screen(cut[self.state.page], final=bool(self.state.ended) and self.state.page == len(cut) - 1)

    def pages(self) -> Sequence[str]:
        """All pages of what is shown."""
        return pages(self.farewell() if self.state.ended else self.layout(), self.room)

    def farewell(self) -> Layout:
        """The notes at the end."""
        locale = self.state.locale
        notes = self.notes() or (self.flow.says("thank_you", locale),)
        return Layout(
            (*self.told(), *notes), more=f"{MORE} {say('next', locale)}", back=f"{BACK} {say('back', locale)}"
        )

    def layout(self) -> Layout:
        """The open question."""
        question, state, document = self.flow.spot(self.state.open), self.state, self.document
        if question.sensitive and self.room.medium is Medium.SMS:
            return caution.layout_by_sms(self)
        if question.sensitive and caution.asks_whether_safe(self, question):
            return caution.layout_of_safe(self)
        if state.together and self.room.medium is Medium.SMS:
            return together.layout(self, [self.flow.spot(key) for key in state.together])
        locale = state.locale
        skip, back, more = SKIP, BACK, MORE
        if not question.kind.figures_steer or self.zero_leaves:
            skip = say("skip_letter", locale)
        if not question.kind.figures_steer:
            skip, back, more = (say(f"{key}_letter", locale) for key in ("skip", "back", "next"))
        foot = []
        if question.kind.hint and state.refused in {"", "help"}:
            foot.append(self.sentence(question.kind, question.kind.hint))
        if question.has_hint and state.refused != "help":
            foot.append(f"{HELP} {say('hint', locale)}")
        if question.default or (state.given and self.has_default(question)):
            foot.append(f"{skip} = {self.default(question)}")
        elif not document.required(question):
            foot.append(f"{skip} {say('skip', locale)}")
        refusal = (self.refusal(question),) if state.refused else ()
        return Layout(
            paragraphs=(*self.told(), *refusal, *self.notes(), self.prompt(question)),
            entries=self.entries(question) if question.choices else (),
            foot=tuple(foot),
            more=f"{more} {say('next', locale)}",
            back=f"{back} {say('back', locale)}",
            back_on_first=self.room.medium is Medium.USSD and bool(state.answers),
        )

    @property
    def zero_leaves(self) -> bool:
        """Whether one more `0` would not skip but leave."""
        return self.state.zero and self.flow.caution.leave == "yes"

    def told(self) -> tuple[str, ...]:
        """What of the last record was not taken."""
        told, locale = self.state.told, self.state.locale
        return tuple(self.flow.says(key, locale).replace("{tags}", tags) for key, tags in told.items()) if told else ()

    def listed(self, question: Question) -> Sequence[Choice]:
        """The choices that stand on the screen with numbers: of a very long list only those that were looked for."""
        choices = self.document.choices(question)
        if len(choices) <= finding.MOST_LISTED:
            return choices
        return finding.matches(choices, self.state.find) if self.state.find else ()

    def order_of(self, question: Question) -> str | None:
        """The choices in the order shown, by name; `_` for a blank in one that is another answer."""
        if question.choices is None:
            return None
        names = [each.name for each in self.listed(question)]
        return " ".join(names if question.choices.told is None else [name.replace(" ", "_") for name in names])

    def has_default(self, question: Question) -> bool:
        """Say whether skipping leaves a value: the form's own, or one that it has set meanwhile."""
        return bool(question.default or (self.state.given and self.state.given.get(question.key)))

    def default_of(self, question: Question) -> str:
        """The value that skipping leaves."""
        return self.state.given.get(question.key) or question.default

    def default(self, question: Question) -> str:
        """That value, as people read it."""
        value = self.default_of(question)
        chosen = question.chosen(value)
        labels = [self.label(each, question) for each in self.document.choices(question) if each.name in chosen]
        if labels or not isinstance(question.kind, Writing):
            return ", ".join(labels) or value
        return question.kind.written(value)

    def refusal(self, question: Question) -> str:
        """Why the last reply was no answer; or the help that was asked for."""
        state, document = self.state, self.document
        if state.refused == "info":
            return self.flow.says("info", state.locale)
        if state.refused == "help":
            texts = (document.text(each, question) for each in (question.hint, question.guidance) if each)
            return "\n".join(filter(None, texts)) or say("no_hint", state.locale)
        if state.refused == "constraint" and question.constraint_message:
            return document.text(question.constraint_message, question)
        if state.refused == "needed" and question.required_message:
            return document.text(question.required_message, question)
        key = {"constraint": "not_valid", "needed": "required"}.get(state.refused, state.refused)
        return self.sentence(question.kind, key)

    def sentence(self, kind: QuestionType, key: str) -> str:
        """A sentence about a reply, with what stands in its blanks."""
        text = say(key, self.state.locale)
        if "{" not in text or not isinstance(kind, Filling):  # to ask what a kind can do costs more than a whole layout
            return text
        return text.format_map(kind.blanks) if kind.blanks else text

    def notes(self) -> tuple[str, ...]:
        """The notes above the open question, or at the end."""
        if not self.state.notes:
            return ()
        shown = (self.flow.spot(key) for key in self.state.notes)
        texts = (self.prompt(each) for each in shown if not (each.sensitive and self.room.medium is Medium.SMS))
        return tuple(text for text in texts if text)

    def prompt(self, question: Question) -> str:
        """The question's words: the short ones on a dialled menu, the full ones in a message."""
        on_menu = self.room.medium is Medium.USSD
        texts = question.shorts if on_menu and self.state.locale in question.shorts else question.labels
        return self.document.text(texts, question)

    def entries(self, question: Question) -> tuple[str, ...]:
        """The numbered lines of the list; of a very long one, how to look for a choice."""
        choices = tuple(self.listed(question))
        if not choices and self.state.refused not in _ASKS_FOR_LETTERS:
            return (say("first_letters", self.state.locale),)
        is_known = question.choices is not None and question.choices.told is None
        lines = _numbered(choices, self.state.locale) if is_known else ()
        if lines:
            return lines
        return tuple(f"{number} {self.label(each, question)}" for number, each in zip(NUMBERS, choices, strict=False))

    def label(self, choice: Choice, question: Question) -> str:
        """The words of a choice."""
        texts = choice.shorts if self.state.locale in choice.shorts else choice.labels
        return self.document.text(texts, question)


def _numbered(choices: Sequence[Choice], locale: str) -> tuple[str, ...]:
    """The lines of a list of the form's own; none where answers stand in them."""
    if not all(locale in each.lines for each in choices):
        return ()
    return tuple([_line(number, each.lines[locale]) for number, each in zip(NUMBERS, choices, strict=False)])


@lru_cache(maxsize=4096)  # the same few lines, in whatever order a list is shown: 4 MB less than whole lists
def _line(number: str, label: str) -> str:
    return f"{number} {label}"
