"""Looks a survey over before anyone is asked: what is wrong, what will look bad, every screen, and how long it takes."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.flows.asking.finding import MOST_LISTED
from app.flows.asking.previews import Preview, previews
from app.flows.flow import Choice, Flow
from app.flows.reading.faults import Fault, reading_order
from app.flows.reading.load import Form
from app.flows.review import harm, reach, records, translations
from app.flows.review.findings import Finder, Finding
from app.flows.review.lengths import Lengths, lengths
from app.flows.review.trial import Trial
from app.values import Medium, Room

MOST_PAGES = 2
MOST_CHOICES = 20
MOST_PARTS = 3
SAFE_SEPTETS = 160  # what every network shows
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Report:
    """What came of checking a survey; a form that cannot be run has no flow, no screens and no length."""

    flow: Flow | None
    findings: tuple[Finding, ...]
    screens: tuple[Preview, ...] = ()
    lengths: Lengths | None = None


def refused(faults: Iterable[Fault]) -> Report:
    """Report on a form that cannot be run."""
    return Report(None, tuple(Finding("error", each.place, each.name, "", each.problem, each.cure) for each in faults))


def check(form: Form, flow: Flow, rooms: Mapping[Medium, Room]) -> Report:
    """Look a survey over that can be run, on channels with these rooms."""
    finder, trial = Finder(form, flow), Trial(flow)
    screens = tuple(previews(flow, rooms))
    found = (
        *_of_the_loader(finder),
        *translations.findings(finder),
        *_unseen(finder, trial),
        *_unanswerable(finder, trial),
        *_long_lists(finder),
        *records.findings(finder),
        *_of_screens(finder, screens),
        *harm.findings(finder),
    )
    in_order = sorted(dict.fromkeys(found), key=lambda finding: reading_order(finding.place))
    return Report(flow, tuple(in_order), screens, lengths(trial, screens))


def _of_the_loader(finder: Finder) -> Iterator[Finding]:
    """What was noticed while the form was converted."""
    for fault in finder.form.warnings:
        yield finder.at(fault.place, fault.name, fault.problem, fault.cure)


def _unseen(finder: Finder, trial: Trial) -> Iterator[Finding]:
    """What nobody will ever see."""
    for each in reach.strange_values(trial.flow):
        problem = f"{each.select.name} is compared with {each.value!r}, which is none of its choices"
        choices = each.select.choices.choices if each.select.choices else ()
        cure = f"Its choices are: {_named(choices)}. It stands in: {finder.written(each.source)}"
        yield finder.of_question(each.question, problem, cure)
    for question, reason in reach.never_asked(trial):
        needed = ", though it is required" if question.required is True else ""
        cure = "Mend its condition, or take it out."
        yield finder.of_question(question, f"nobody will see this{needed}: {reason}", cure)
    for question in reach.never_worked_out(trial):
        problem = "it is never worked out: its condition is never true"
        yield finder.of_question(question, problem, "Mend its condition, or take it out.")
    for question in reach.empty_lists(trial):
        yield finder.of_question(question, "its choice_filter never leaves a choice", "Mend the filter.")
    for question, lost in reach.filtered_out(trial):
        for choice in lost:
            name = question.choices.name if question.choices and question.choices.name else question.name
            problem = f"no choice_filter ever lets it through (see {question.name})"
            yield finder.of_choice(name, choice, problem, "Mend the filter, or take the choice out.")


def _unanswerable(finder: Finder, trial: Trial) -> Iterator[Finding]:
    """What is asked and can never be answered so, and what is never demanded."""
    for question, lost in reach.refused_by_constraint(trial):
        problem = f"its constraint never takes {_named(lost)}" if lost else "no answer ever satisfies its constraint"
        source = question.constraint.source if question.constraint else ""
        yield finder.of_question(question, problem, f"Mend: {finder.written(source)}")
    for question in reach.never_required(trial):
        yield finder.of_question(question, "its required is never true", "Mend it, or take it out.")


def _long_lists(finder: Finder) -> Iterator[Finding]:
    """Lists that nobody pages through; in still longer ones people look for a choice by its letters."""
    for question in finder.flow.questions:
        listed = question.choices
        if listed and listed.nodeset is None and MOST_CHOICES < len(listed.choices) <= MOST_LISTED:
            problem = f"there are {len(listed.choices)} choices to page through"
            yield finder.of_question(question, problem, "Ask in two steps, with a choice_filter.")


def _of_screens(finder: Finder, screens: Iterable[Preview]) -> Iterator[Finding]:
    """What does not fit, or costs more than one thinks."""
    for screen in screens:
        yield from _of_characters(finder, screen)
        if screen.medium is Medium.USSD:
            yield from _of_a_menu(finder, screen)
        elif (parts := sum(page.parts for page in screen.pages)) > MOST_PARTS:
            problem = f"as a message it is {parts} SMS long"
            yield finder.of_screen(screen, problem, "Shorten the label or the list.")


def _of_characters(finder: Finder, screen: Preview) -> Iterator[Finding]:
    outside = "".join(dict.fromkeys("".join(page.outside for page in screen.pages)))
    if outside:
        names = ", ".join(f"{each} ({unicodedata.name(each, 'unnamed').lower()})" for each in outside[:_MOST_NAMED])
        problem = f"GSM-7 phones do not have {names}, so a page holds half as much"
        yield finder.of_screen(screen, problem, "Write it with other letters, if the language allows.")


def _of_a_menu(finder: Finder, screen: Preview) -> Iterator[Finding]:
    if len(screen.pages) > MOST_PAGES:
        problem = f"on a dialled menu it takes {len(screen.pages)} pages"
        yield finder.of_screen(screen, problem, "Write a short text (short::…), or shorten the choices.")
    longest = max((page.units for page in screen.pages if page.encoding == "GSM-7"), default=0)
    if longest > SAFE_SEPTETS:
        problem = f"a page has {longest} characters; some networks show {SAFE_SEPTETS}"
        yield finder.of_screen(screen, problem, "Set IZWI_USSD_SEPTETS to 160, or shorten it.")


def _named(choices: Sequence[Choice]) -> str:
    more = f" and {len(choices) - _MOST_NAMED} more" if len(choices) > _MOST_NAMED else ""
    return ", ".join(choice.name for choice in choices[:_MOST_NAMED]) + more
