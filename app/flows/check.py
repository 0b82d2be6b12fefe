"""Looks a survey over before anyone is asked: what is wrong, what will look bad, and every screen that people will see."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.flows import reach
from app.flows.faults import Fault, Place, reading_order
from app.flows.flow import Choice, ChoiceList, Flow, Question
from app.flows.load import Form
from app.flows.previews import Preview, previews
from app.flows.xpath import as_written
from app.values import Medium, Room

MOST_PAGES = 2
MOST_CHOICES = 20
MOST_PARTS = 3
SAFE_SEPTETS = 160  # what every network shows


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (error) or to look at (warning)."""

    severity: str
    place: Place
    name: str
    language: str
    problem: str
    cure: str

    def __str__(self) -> str:
        language = f" [{self.language}]" if self.language else ""
        return f"{Fault(self.place, self.name + language, self.problem, self.cure)}"


@dataclass(frozen=True, slots=True)
class Report:
    """What came of checking a survey; a form that cannot be run has no flow and no screens."""

    flow: Flow | None
    findings: tuple[Finding, ...]
    screens: tuple[Preview, ...] = ()


def refused(faults: Iterable[Fault]) -> Report:
    """Report on a form that cannot be run."""
    return Report(None, tuple(Finding("error", each.place, each.name, "", each.problem, each.cure) for each in faults))


def check(form: Form, flow: Flow, rooms: Mapping[Medium, Room]) -> Report:
    """Look a survey over that can be run, on channels with these rooms."""
    looker = _Looker(form, flow)
    screens = tuple(previews(flow, rooms))
    found = (
        *looker.of_the_loader(),
        *looker.missing_texts(),
        *looker.unreachable(),
        *looker.long_lists(),
        *looker.of_screens(screens),
    )
    in_order = sorted(dict.fromkeys(found), key=lambda finding: reading_order(finding.place))
    return Report(flow, tuple(in_order), screens)


class _Looker:
    """Finds what is worth a word, and where it is in the organisation's file."""

    def __init__(self, form: Form, flow: Flow) -> None:
        self.form, self.flow = form, flow
        self.paths = {question.path for question in flow.questions}

    def of_the_loader(self) -> Iterator[Finding]:
        """What was noticed while the form was converted."""
        for fault in self.form.warnings:
            yield Finding("warning", fault.place, fault.name, "", fault.problem, fault.cure)

    def missing_texts(self) -> Iterator[Finding]:
        """Texts that some language of the form lacks."""
        seen: set[str] = set()
        for question in self.flow.questions:
            if question.silent:
                continue
            texts = {"label": question.labels, "constraint_message": question.constraint_message,
                     "required_message": question.required_message, "hint": question.hint,
                     "guidance_hint": question.guidance}  # fmt: skip
            for column, by_locale in texts.items():
                yield from self.untranslated(self.place(question), question.name, column, by_locale)
            if question.choices and question.choices.name not in seen and not self.is_attached(question.choices):
                seen.add(question.choices.name)
                for choice in question.choices.choices:
                    yield from self.unlabelled(question.choices.name or question.name, choice)

    def is_attached(self, listed: ChoiceList) -> bool:
        """Say whether a list came in a file beside the sheets: such lists have one language."""
        return bool(self.form.places) and all(name != listed.name for name, _ in self.form.choice_places)

    def unlabelled(self, list_name: str, choice: Choice) -> Iterator[Finding]:
        place = self.form.choice_places.get((list_name, choice.name), Place("choices", None))
        name = f"{list_name} {choice.name}"
        if choice.labels == {self.flow.locale: (choice.name,)} and not choice.name.isdigit():
            cure = "Write a label, if the name is not what they should read."
            yield Finding("warning", place, name, "", "the choice has no label, so people see its name", cure)
            return
        yield from self.untranslated(place, name, "label", choice.labels)

    def untranslated(self, place: Place, name: str, column: str, texts: Mapping[str, object]) -> Iterator[Finding]:
        for locale in self.flow.locales if texts else ():
            if locale not in texts:
                shown = self.flow.locale if self.flow.locale in texts else next(iter(texts))
                problem = f"there is no {column} in this language; people see the one in {self.language(shown)}"
                cure = f"Write it in the column {column}::{self.language(locale)}."
                yield Finding("warning", place, name, self.language(locale), problem, cure)

    def unreachable(self) -> Iterator[Finding]:
        """What nobody will ever see."""
        for question, source, select, value in reach.strange_values(self.flow):
            names = ", ".join(choice.name for choice in select.choices.choices[:8]) if select.choices else ""
            problem = f"{select.name} is compared with {value!r}, which is none of its choices"
            cure = f"Its choices are: {names}. It stands in: {as_written(source, self.paths)}"
            yield self.finding(question, problem, cure)
        for question, reason in reach.never_asked(self.flow):
            yield self.finding(question, f"nobody will see this: {reason}", "Mend its condition, or take it out.")
        for question in reach.empty_lists(self.flow):
            yield self.finding(question, "its choice_filter never leaves a choice", "Mend the filter.")

    def long_lists(self) -> Iterator[Finding]:
        """Lists that nobody pages through."""
        for question in self.flow.questions:
            listed = question.choices
            if listed and listed.nodeset is None and len(listed.choices) > MOST_CHOICES:
                problem = f"there are {len(listed.choices)} choices to page through"
                yield self.finding(question, problem, "Ask in two steps, with a choice_filter.")

    def of_screens(self, screens: Iterable[Preview]) -> Iterator[Finding]:
        """What does not fit, or costs more than one thinks."""
        for screen in screens:
            yield from self.of_characters(screen)
            if screen.medium is Medium.USSD:
                yield from self.of_a_menu(screen)
            elif (parts := sum(page.parts for page in screen.pages)) > MOST_PARTS:
                problem = f"as a message it is {parts} SMS long"
                yield self.of_screen(screen, problem, "Shorten the label or the list.")

    def of_characters(self, screen: Preview) -> Iterator[Finding]:
        outside = "".join(dict.fromkeys("".join(page.outside for page in screen.pages)))
        if outside:
            names = ", ".join(f"{each} ({unicodedata.name(each, 'unnamed').lower()})" for each in outside[:8])
            problem = f"GSM-7 phones do not have {names}, so a page holds half as much"
            yield self.of_screen(screen, problem, "Write it with other letters, if the language allows.")

    def of_a_menu(self, screen: Preview) -> Iterator[Finding]:
        if len(screen.pages) > MOST_PAGES:
            problem = f"on a dialled menu it takes {len(screen.pages)} pages"
            yield self.of_screen(screen, problem, "Write a short text (short::…), or shorten the choices.")
        longest = max((page.units for page in screen.pages if page.encoding == "GSM-7"), default=0)
        if longest > SAFE_SEPTETS:
            problem = f"a page has {longest} characters; some networks show {SAFE_SEPTETS}"
            yield self.of_screen(screen, problem, "Set IZWI_USSD_SEPTETS to 160, or shorten it.")

    def of_screen(self, screen: Preview, problem: str, cure: str) -> Finding:
        place = self.form.places.get(screen.name, Place("form", None))
        return Finding("warning", place, screen.name, self.language(screen.locale), problem, cure)

    def finding(self, question: Question, problem: str, cure: str) -> Finding:
        return Finding("warning", self.place(question), question.name, "", problem, cure)

    def place(self, question: Question) -> Place:
        return self.form.places.get(question.name, Place("form", None))

    def language(self, locale: str) -> str:
        return language(self.flow, locale)


def language(flow: Flow, locale: str) -> str:
    """A language as XLSForm names it: "Shona (sn)"."""
    name = flow.locales.get(locale, locale)
    return name if name.lower() == locale else f"{name} ({locale})"
